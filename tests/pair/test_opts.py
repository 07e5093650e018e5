"""What drivers decide, from the chargepoint to the operator's record, over a wire that may lose it."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from oadr.charging.electricity import Rating
from oadr.charging.signals import Programme
from oadr.ledger.entry import EntryType
from oadr.wire.ids import EventId, OptId, RequestId, ResourceId
from oadr.wire.messages import CanceledOpt, CancelOpt, CreatedEvent, CreatedOpt, CreateOpt, Message
from oadr.wire.messages.common import OptType
from oadr.wire.messages.registration import ServiceName
from tests.pair.town import LIMITED, Charger, Town, in_memory, played
from tests.pair.wire import Fate, once
from tests.ven.virtual import START
from tests.vtn.world import F1, HOME, HOME_EVSE
from ven import CannotDecline, Period, Reason, Ven
from ven.news import DeclineRefused
from ven.opts import Stage
from ven.session import Request
from ven.transport.http import Rejected
from vtn.assess import gathering
from vtn.assess.reach import Reach, reach, reach_of
from vtn.model.intervention import Intervention
from vtn.model.network import Chargepoint, Network
from vtn.model.opt import KeptOpt
from vtn.store import opts

HOME_2 = ResourceId("home-evse-2")
HOUR = timedelta(hours=1)
SHIFT: dict[str, Any] = {"programme": Programme.LOAD_SHIFT, "randomise": timedelta(), "duration": HOUR}


class Second(Charger):
    resource_id = HOME_2


class Home:
    """The town's site with a second chargepoint."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.second = Second(town.clock.now)

    async def build(self) -> None:
        other = Chargepoint(resource_id=HOME_2, ven_id=HOME, feeder_id=F1, rating=Rating(Decimal(32), 1))
        async with self.town.dso.at_work() as world:
            await world.build(Network(chargepoints=(other,)))

    def ven(self) -> Ven:
        town = self.town
        chargers = (town.charger, self.second)
        return Ven(town.config, chargers, transport=town.wire, clock=town.clock, dice=town.dice)

    @property
    def amps(self) -> list[Decimal | None]:
        return [self.town.amps, self.second.told[-1][1]]


def told(town: Town) -> list[CreateOpt]:
    return [one for one in town.wire.of(CreateOpt) if isinstance(one, CreateOpt)]


async def kept(town: Town) -> tuple[KeptOpt, ...]:
    async with town.dso.at_work() as world, world.store.reading() as tx:
        return await opts.of_ven(tx, HOME)


async def excused(town: Town, given: Intervention, **later: float) -> frozenset[ResourceId]:
    """Who is out of the same order, so much later."""
    order = replace(given.order, start=given.order.start + timedelta(**later))
    async with town.dso.at_work() as world, world.store.reading() as tx:
        return (await gathering.scene(tx, (F1,), world.now, order)).opted_out & {HOME_EVSE, HOME_2}


async def event_id(town: Town) -> EventId:
    return (await town.dso.delivery()).event_id


@pytest.mark.proves("W22", "W42", "r16", "r206")
def test_opt_out_of_one_resource_frees_it_at_once_and_is_counted_as_declined(folder: Path) -> None:
    async def play(town: Town) -> None:
        home = Home(town)
        await home.build()
        async with home.ven() as ven:
            await town.dso.limit(**SHIFT)
            await town.wait(minutes=5)
            assert home.amps == [LIMITED, LIMITED]
            await ven.opt_out(await event_id(town), resources=(HOME_EVSE,))
            assert home.amps == [None, LIMITED], "no draw, no steps, no next poll"
            await town.wait(seconds=0.1)
            delivery = await town.dso.delivery()
            assert [reach_of(delivery, one) for one in (HOME_EVSE, HOME_2)] == [
                Reach.DECLINED,
                Reach.ACKNOWLEDGED,
            ]
            assert (await town.dso.recorded())[-1] is EntryType.OPT
            await town.wait(minutes=20)
            assert home.amps == [None, LIMITED]
            await ven.opt_in(await event_id(town), resources=(HOME_EVSE,))
            await town.wait(seconds=1)
            assert home.amps == [LIMITED, LIMITED]
            assert reach(await town.dso.delivery()) is Reach.ACKNOWLEDGED

    played(folder, play)


@pytest.mark.proves("r206", "r17", "r36")
def test_event_opt_outranks_created_event_at_both_ends_until_the_event_is_cancelled(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            await ven.opt_out(await event_id(town))
            await town.wait(minutes=1)
            (agreed,) = town.wire.of(CreatedEvent)
            await town.wire.exchange(Request(ServiceName.EVENT, agreed))
            delivery = await town.dso.delivery()
            assert delivery.answer
            assert delivery.answer.agreed
            assert reach(delivery) is Reach.DECLINED
            assert town.amps is None
            await town.dso.cancel(given)
            await town.wait(minutes=1)
            delivery = await town.dso.delivery()
            assert delivery.settled
            assert reach(delivery) is Reach.DECLINED
            assert ven.opts == ()

    played(folder, play)


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


@pytest.mark.proves("r202", "r210")
def test_opt_schedule_of_two_periods_one_of_them_open_ended(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            periods = (Period(START + 5 * HOUR, START + 6 * HOUR), Period(START + 9 * HOUR))
            await ven.opt_schedule(periods)
            await town.wait(seconds=1)
            (one,) = await kept(town)
            assert one.opt.periods == periods
            found = [len(await excused(town, given, hours=hour)) for hour in (0, 5, 6, 9, 99)]
            assert found == [0, 1, 0, 1, 1]
            assert town.amps == LIMITED, "what is under way is not met"

    played(folder, play)


@pytest.mark.proves("r204", "r208", "r211")
def test_opt_schedule_is_cancelled_and_one_name_covers_two(folder: Path) -> None:
    async def play(town: Town) -> None:
        home = Home(town)
        await home.build()
        async with home.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            period = (Period(START + 5 * HOUR, START + 6 * HOUR),)
            for resource in (HOME_EVSE, HOME_2):
                await ven.opt_schedule(period, resources=(resource,), opt_id=OptId("holiday"))
            await town.wait(seconds=1)
            assert await excused(town, given, hours=5) == {HOME_EVSE, HOME_2}
            assert await ven.cancel_opt(OptId("holiday"))
            await town.wait(seconds=1)
            assert await excused(town, given, hours=5) == frozenset()
            assert not await ven.cancel_opt(OptId("holiday"))
        cancel = CancelOpt(opt_id=OptId("unknown"), ven_id=HOME, request_id=RequestId("R1"))
        reply = await town.wire.exchange(Request(ServiceName.OPT, cancel))
        assert isinstance(reply, CanceledOpt)
        assert (reply.response.code, reply.response.request_id) == ("452", "R1")

    played(folder, play)


@pytest.mark.proves("r203", "r205")
def test_two_scoped_opt_schedules_stand_side_by_side(folder: Path) -> None:
    async def play(town: Town) -> None:
        home = Home(town)
        await home.build()
        async with home.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            first, second = Period(START + 5 * HOUR, START + 6 * HOUR), Period(START + 7 * HOUR)
            await ven.opt_schedule((first,), programme=Programme.LOAD_SHIFT, resources=(HOME_EVSE,))
            await ven.opt_schedule((second,), programme=Programme.PRICE)
            await ven.opt_schedule((second,), OptType.OPT_IN, programme=Programme.LOAD_SHIFT)
            await town.wait(seconds=1)
            assert [len(await excused(town, given, hours=hour)) for hour in (5, 8)] == [1, 0]

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
