"""Who listens, and who is let go."""

import asyncio

import pytest

from ven.daemon.feed import BEHIND, MOST_LISTENERS, Feed, Full, Listener
from ven.ven import Trouble


def told(listener: Listener) -> list[object]:
    return [listener.get_nowait() for _ in range(listener.qsize())]


async def test_everybody_hears_everything_in_its_order_from_then_on() -> None:
    feed = Feed()
    feed.tell(Trouble("before"))
    with feed.listening() as one:
        feed.tell(Trouble("1"))
        with feed.listening() as other:
            feed.tell(Trouble("2"))
            assert told(one) == [Trouble("1"), Trouble("2")]
            assert told(other) == [Trouble("2")]
        feed.tell(Trouble("3"))
        assert told(other) == [], "it has gone"


async def test_a_listener_that_lags_is_let_go_and_holds_up_nobody() -> None:
    feed = Feed()
    with feed.listening() as slow, feed.listening() as quick:
        for count in range(BEHIND + 1):
            feed.tell(Trouble(str(count)))
            await asyncio.sleep(0)
            assert told(quick) == [Trouble(str(count))]
        heard = told(slow)
        assert len(heard) == BEHIND + 1
        assert heard[-1] is None
        feed.tell(Trouble("later"))
        assert told(slow) == []


async def test_there_are_only_so_many_and_each_that_goes_makes_room() -> None:
    feed = Feed()
    places = [feed.listening() for _ in range(MOST_LISTENERS)]
    for one in places:
        one.__enter__()
    with pytest.raises(Full), feed.listening():
        pass
    places[0].__exit__(None, None, None)
    with feed.listening() as last:
        feed.close()
        assert told(last) == [None]
