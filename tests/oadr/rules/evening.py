"""An evening on which our two ends say nearly everything that they can, and ways to say it wrongly."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from oadr.charging.signals import Programme
from oadr.rules import Exchange
from oadr.wire.messages import Message
from tests.pair.town import Town, in_memory, played

M = TypeVar("M", bound=Message)
Path = Sequence[str | int]


@cache
def evening() -> tuple[Exchange, ...]:
    """Registration, offers, an order, its cancellation, a load shift with its start at random, reports."""

    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=15)
            given = await town.dso.limit(duration=timedelta(minutes=5))
            await town.wait(minutes=2)
            await town.dso.cancel(given)
            await town.wait(seconds=15)
            start = town.clock.now() + timedelta(minutes=1)
            shift = {"programme": Programme.LOAD_SHIFT, "randomise": timedelta(minutes=1)}
            await town.dso.limit(start=start, duration=timedelta(minutes=2), **shift)
            await town.wait(seconds=20)
            await town.dso.limit(start=start, duration=timedelta(minutes=3))
            await town.wait(minutes=6)
        assert not town.wire.ven.conversation.owed

    with in_memory() as folder:
        town = played(folder, play)
    assert [exchange.request for exchange in town.wire.ven.exchanges] == [
        exchange.request for exchange in town.wire.vtn.exchanges
    ], "nothing was lost"
    return tuple(town.wire.vtn.exchanges)


def said(kind: type[M], count: int = 0) -> M:
    """A message of this kind that was said on that evening; of event lists those with events."""
    both = (message for exchange in evening() for message in (exchange.request, exchange.reply))
    found = [one for one in both if isinstance(one, kind) and getattr(one, "events", True)]
    return found[count]


def put(whole: Any, path: Path, value: Any) -> Any:
    """`whole` with `value` in the place that `path` leads to; a number is a place in a tuple."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*whole[:step], put(whole[step], rest, value), *whole[step + 1 :])
    return replace(whole, **{step: put(getattr(whole, step), rest, value)})
