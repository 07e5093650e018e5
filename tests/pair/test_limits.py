"""From an order to the charger and back, while nothing goes wrong."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from oadr.charging.signals import Programme
from oadr.ledger.entry import EntryType
from oadr.wire.messages import DistributeEvent, Message, Poll, Response
from oadr.wire.messages.common import OptType
from oadr.wire.messages.registration import ServiceName
from tests.pair.town import CAR, LIMITED, RATING, Town, played
from tests.ven.virtual import START
from tests.vtn.world import HOME
from ven.session import Request
from vtn.model.reading import Quantity

STEPS = [Decimal(amps) for amps in ("16", "19.2", "22.4", "25.6", "28.8")]


@pytest.mark.proves("W20", "W41", "r500", "r502")
def test_a_limit_binds_at_the_next_poll_and_not_a_moment_later(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=33)
            given = await town.dso.limit()
            assert not (await town.dso.delivery()).settled
            await town.wait(seconds=8)
            answer = (await town.dso.delivery()).answer
            assert answer
            assert answer.agreed
            assert (answer.answered_at - given.order.start) < timedelta(seconds=10)
        polls = [round((at - START).total_seconds()) for at, said in town.wire.said if isinstance(said, Poll)]
        assert polls[-3:] == [30, 40, 40], "after news the VEN asks for more at once"
        assert town.charger.course == [(0, None), (40, LIMITED)]
        assert (await town.dso.recorded())[-1] is EntryType.OPT

    played(folder, play)


@pytest.mark.proves("W41")
def test_what_the_meter_shows_arrives_with_the_limit_beside_it(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=95)
            await town.dso.limit()
            await town.wait(minutes=4)
            found = await town.dso.readings()
        drawn = [one.value for one in found if one.quantity is Quantity.CURRENT_1]
        allowed = [one.value for one in found if one.quantity is Quantity.SET_POINT]
        assert (drawn[0], drawn[-1]) == (CAR, LIMITED)
        assert (allowed[0], allowed[-1]) == (RATING.amps, LIMITED)
        moments = [one.at for one in found if one.quantity is Quantity.CURRENT_1]
        assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(minutes=1)}

    played(folder, play)


@pytest.mark.proves("W18", "P10")
def test_an_event_that_is_over_is_released_after_a_draw_and_step_by_step(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit(duration=timedelta(minutes=5))
            await town.wait(minutes=8)

    town = played(folder, play)
    begin, end, draw = 10, 305, 50
    steps = [(end + draw + 10 * count, amps) for count, amps in enumerate([*STEPS, None])]
    assert town.charger.changes == [(0, None), (begin, LIMITED), *steps]


@pytest.mark.proves("W18", "r10", "r36", "r59")
def test_run_cancelled_is_released_after_a_draw_and_step_by_step(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            given = await town.dso.limit()
            await town.wait(seconds=60)
            await town.dso.cancel(given)
            await town.wait(minutes=4)
            delivery = await town.dso.delivery()
        assert delivery.settled
        assert delivery.answer
        assert (delivery.answer.modification_number, delivery.answer.opt) == (1, OptType.OPT_IN)

    town = played(folder, play)
    steps = [(65 + 5 + 50 + 10 * count, amps) for count, amps in enumerate([*STEPS, None])]
    assert town.charger.changes == [(0, None), (10, LIMITED), *steps]


@pytest.mark.proves("VE15")
def test_two_events_at_once_bind_by_the_smaller_and_the_other_resumes(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            shift = {"programme": Programme.LOAD_SHIFT, "percent": Decimal(70), "randomise": timedelta()}
            await town.dso.limit(**shift, duration=timedelta(minutes=20))
            await town.wait(minutes=1)
            assert town.amps == Decimal("22.4")
            await town.dso.limit(duration=timedelta(minutes=5))
            await town.wait(minutes=1)
            assert town.amps == LIMITED
            await town.wait(minutes=8)
            assert town.amps == Decimal("22.4")
            await town.wait(minutes=15)
            assert town.amps is None
            assert all(one.settled for one in await town.dso.deliveries())

    played(folder, play)


@pytest.mark.proves("r30", "r66")
def test_randomised_start_lasts_its_whole_length_although_the_list_says_completed(folder: Path) -> None:
    """The VEN starts 5 of at most 10 minutes late; its list of minute 12 says that the event is completed."""

    async def play(town: Town) -> None:
        async with town.ven():
            await town.dso.limit(
                programme=Programme.LOAD_SHIFT,
                randomise=timedelta(minutes=10),
                duration=timedelta(minutes=10),
            )
            await town.wait(minutes=12)
        async with town.ven():
            await town.wait(minutes=5)

    town = played(folder, play)
    assert town.charger.changes[:3] == [(0, None), (300, LIMITED), (900 + 50, Decimal(16))]


@pytest.mark.proves("r6")
def test_test_event_is_answered_and_moves_no_load(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.dso.limit(is_test=True)
            await town.wait(minutes=1)
            answer = (await town.dso.delivery()).answer
            assert answer
            assert answer.agreed
        assert town.charger.course == [(0, None)]

    played(folder, play)


@pytest.mark.proves("r500", "r502")
def test_empty_poll_a_hundred_times_does_not_touch_the_store(folder: Path) -> None:
    """The store is not even there, and nobody notices."""

    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=15)
        async with town.dso.without_its_disk():
            for _ in range(100):
                reply = await town.wire.exchange(Request(ServiceName.POLL, Poll(ven_id=HOME)))
                assert isinstance(reply, Response)
                assert reply.response.accepted
                await town.wait(seconds=10)

    played(folder, play)


@pytest.mark.proves("r58")
def test_lower_mod_number_is_refused_by_both_ends_and_the_limit_stays(folder: Path) -> None:
    """As after an old backup: the VEN has seen modification 3, the VTN knows 0 only."""

    async def play(town: Town) -> None:
        town.wire.alter = _modification_3
        async with town.ven() as ven:
            await town.dso.limit()
            await town.wait(seconds=5)
            (held,) = ven.memory.held
            assert held.modification_number == 3
            assert not (await town.dso.delivery()).settled, "nobody has answered what was ordered"
            town.wire.alter = lambda reply: reply
            await town.wait(seconds=30)
            (held,) = ven.memory.held
            answer = (await town.dso.delivery()).answer
        assert held.modification_number == 3
        assert answer
        assert (answer.code, answer.agreed) == ("450", False)
        assert town.charger.course == [(0, None), (0, LIMITED)]

    played(folder, play)


def _modification_3(reply: Message) -> Message:
    if not isinstance(reply, DistributeEvent):
        return reply
    return replace(
        reply,
        events=tuple(
            replace(one, descriptor=replace(one.descriptor, modification_number=3)) for one in reply.events
        ),
    )
