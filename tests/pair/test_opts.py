"""What drivers decide, from the chargepoint to the operator's record, over a wire that may lose it."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto
from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from oadr.ledger.entry import EntryType
from oadr.wire.messages import CreatedOpt, CreateOpt, Message
from oadr.wire.messages.common import OptType
from tests.pair.home import HOUR, SHIFT, event_id, excused, kept
from tests.pair.town import LIMITED, Town, in_memory, played
from tests.pair.wire import Fate, once
from tests.ven.virtual import START
from tests.vtn.world import HOME_EVSE
from ven import CannotDecline, Period, Reason
from ven.news import DeclineRefused
from ven.opts import Stage
from ven.transport.http import Rejected
from vtn.assess.reach import Reach, reach


def told(town: Town) -> list[CreateOpt]:
    return [one for one in town.wire.of(CreateOpt) if isinstance(one, CreateOpt)]


@pytest.mark.proves("W20", "P10")
def test_a_supply_limitation_is_not_declined_and_the_wish_is_news(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit()
            await town.wait(minutes=1)
            with pytest.raises(CannotDecline, match="supply limitation"):
                await ven.opt_out(await event_id(town), reason=Reason.MUST_RUN)
            await town.wait(minutes=1)
            news = []
            while not ven.news.empty():
                news.append(ven.news.get_nowait())
            assert town.amps == LIMITED
            assert told(town) == []
            assert ven.opts == ()
            assert len([one for one in news if isinstance(one, DeclineRefused)]) == 1

    played(folder, play)


@pytest.mark.proves("W22", "r202")
def test_a_load_shift_that_meets_a_schedule_is_declined_at_both_ends(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await ven.opt_schedule((Period(START, START + HOUR),))
            await town.dso.limit(**SHIFT)
            await town.wait(minutes=2)
            assert reach(await town.dso.delivery()) is Reach.DECLINED
            assert all(amps is None for _, amps in town.charger.told)

    played(folder, play)


@pytest.mark.proves("F8", "W42", "W03")
@pytest.mark.parametrize("fate", [Fate.REQUEST_LOST, Fate.REPLY_LOST, Fate.SAID_TWICE, Fate.COMES_LATE])
def test_an_opt_arrives_once_whatever_befalls_it(folder: Path, fate: Fate) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            town.wire.fates = once(CreateOpt, fate)
            await ven.opt_out(await event_id(town))
            assert town.amps is None, "the driver does not wait for the wire"
            await town.wait(minutes=3)
            assert reach(await town.dso.delivery()) is Reach.DECLINED
            assert [one.stage for one in ven.opts] == [Stage.TOLD]
        async with town.dso.at_work() as world:
            bodies = [one.body for one in await world.entries() if one.type is EntryType.OPT]
        assert ["chargepoints" in body for body in bodies].count(True) == 1, "answers name the site alone"
        assert len(await kept(town)) == 1

    played(folder, play)


@pytest.mark.proves("F8", "W03", "W42")
def test_what_was_declined_stays_so_over_a_restart_and_is_told_after_it(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            declined = await event_id(town)
            town.wire.is_cut = True
            await ven.opt_out(declined)
            await ven.opt_schedule((Period(START + 5 * HOUR),))
            await town.wait(minutes=1)
        assert reach(await town.dso.delivery()) is Reach.ACKNOWLEDGED
        town.wire.is_cut = False
        async with town.ven() as ven:
            assert town.amps is None
            await town.wait(minutes=1)
            assert reach(await town.dso.delivery()) is Reach.DECLINED
            assert {one.stage for one in ven.opts} == {Stage.TOLD}
        await town.dso.restart()
        assert reach(await town.dso.delivery()) is Reach.DECLINED
        assert len(await kept(town)) == 2

    played(folder, play)


def test_a_vtn_that_lost_the_registration_hears_the_schedules_again(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            await ven.opt_schedule((Period(START + 5 * HOUR),))
            await town.wait(minutes=1)
            await town.dso.forget()
            assert await excused(town, given, hours=6) == frozenset()
            await town.wait(minutes=10)
            assert await excused(town, given, hours=6) == {HOME_EVSE}

    played(folder, play)


@pytest.mark.proves("r17")
def test_a_vtn_without_eiopt_hears_of_a_refusal_by_the_answer_to_the_event(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            town.wire.alter = _has_no_opts
            await ven.opt_out(await event_id(town))
            await town.wait(minutes=2)
            answer = (await town.dso.delivery()).answer
            assert answer
            assert answer.opt is OptType.OPT_OUT
            assert [one.stage for one in ven.opts] == [Stage.REFUSED]
            assert town.amps is None

    played(folder, play)


def _has_no_opts(reply: Message) -> Message:
    if isinstance(reply, CreatedOpt):
        raise Rejected("HTTP status 404")
    return reply


class Act(Enum):
    DECLINES = auto()
    FOLLOWS = auto()
    VEN_RESTARTS = auto()
    VTN_RESTARTS = auto()


@pytest.mark.proves("F8", "W22", "r206")
@settings(max_examples=settings().max_examples // 20)
@drawn(
    st.lists(st.sampled_from(Fate), max_size=12),
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from(Act)), max_size=5),
)
def test_after_any_faults_the_operator_knows_what_the_driver_decided_last(
    fates: list[Fate], acts: list[tuple[int, Act]]
) -> None:
    async def play(town: Town) -> None:
        town.config = replace(town.config, retry_cap=timedelta(seconds=20), sample_every=timedelta(minutes=1))
        declines = False
        async with AsyncExitStack() as life:
            ven = await life.enter_async_context(town.ven())
            await town.dso.limit(**{**SHIFT, "duration": 3 * HOUR})
            await town.wait(minutes=1)
            left = iter(fates)
            town.wire.fates = lambda _: next(left, Fate.PASSES)
            for pause, act in acts:
                match act:
                    case Act.DECLINES | Act.FOLLOWS:
                        declines = act is Act.DECLINES
                        await (ven.opt_out if declines else ven.opt_in)(await event_id(town))
                        assert town.amps == (None if declines else LIMITED), "whatever the wire does"
                    case Act.VEN_RESTARTS:
                        await life.aclose()
                        ven = await life.enter_async_context(town.ven())
                    case Act.VTN_RESTARTS:
                        await town.dso.restart()
                await town.wait(seconds=pause)
            await town.wait(minutes=20)
            assert reach(await town.dso.delivery()) is (Reach.DECLINED if declines else Reach.ACKNOWLEDGED)
            assert {one.stage for one in ven.opts} <= {Stage.TOLD}
            assert town.amps == (None if declines else LIMITED)

    with in_memory() as folder:
        played(folder, play)
