"""Scenarios of EiOpt: what a site announces ahead of time, and how it takes that back."""

from datetime import timedelta
from pathlib import Path

import pytest

from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import Mrid, OptId, RequestId, ResourceId, Token
from oadr.wire.messages import CanceledOpt, CancelOpt, CreatedOpt, CreateOpt, Message
from oadr.wire.messages.common import OptType, Target
from oadr.wire.messages.opt import Availability, Available, Periods
from oadr.wire.messages.registration import ServiceName
from oadr.wire.scalars import Duration
from tests.pair.home import HOME_2, HOUR, SHIFT, Home, excused, excused_at, kept
from tests.pair.town import LIMITED, Town, played
from tests.ven.virtual import START
from tests.vtn.world import HOME, HOME_EVSE
from ven.opts import Stage
from ven.session import Request
from vtn.model.opt import KeptOpt

EARLY = Period(START + 5 * HOUR, START + 6 * HOUR)
LATE = Period(START + 9 * HOUR, START + 11 * HOUR)
OPEN = Period(START + 9 * HOUR)


def told(town: Town) -> CreateOpt:
    """The newest opt on the wire."""
    (*_, newest) = town.wire.of(CreateOpt)
    assert isinstance(newest, CreateOpt)
    return newest


def periods(said: CreateOpt) -> list[tuple[timedelta, timedelta]]:
    """Start, after the start of the play, and length of each."""
    assert said.schedule
    return [(one.start - START, one.duration.span) for one in said.schedule.periods.available]


async def say(town: Town, message: Message) -> Message:
    """As another device of the site does."""
    reply = await town.wire.exchange(Request(ServiceName.OPT, message))
    assert reply
    return reply


@pytest.mark.proves("opt_schedule_two_periods", "r202")
def test_opt_schedule_two_periods(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            await ven.opt_schedule((EARLY, LATE), OptType.OPT_IN)
            await town.wait(seconds=1)
            (there,) = await kept(town)
            assert (there.opt.opt, there.opt.periods) == (OptType.OPT_IN, (EARLY, LATE))
            assert periods(told(town)) == [(5 * HOUR, HOUR), (9 * HOUR, 2 * HOUR)]
            assert await excused_at(town, given, 0, 5, 9) == [0, 0, 0], "who takes part anyway is not out"
            await ven.opt_schedule((EARLY, LATE), OptType.OPT_OUT)
            await town.wait(seconds=1)
            assert await excused_at(town, given, 0, 5, 6, 9, 10, 11) == [0, 1, 0, 1, 1, 0]
            assert [one.stage for one in ven.opts] == [Stage.TOLD, Stage.TOLD]
            assert town.amps == LIMITED, "what is under way is not met"

    played(folder, play)


@pytest.mark.proves("opt_schedule_open_ended", "r210")
def test_opt_schedule_open_ended(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            await ven.opt_schedule((OPEN,))
            await town.wait(seconds=1)
            assert periods(told(town)) == [(9 * HOUR, timedelta())], "zero on the wire has no end"
            (there,) = await kept(town)
            (here,) = ven.opts
            assert there.opt.periods == here.periods == (OPEN,)
            assert await excused_at(town, given, 0, 7, 9, 99, 9999) == [0, 0, 1, 1, 1]
            assert town.amps == LIMITED

    played(folder, play)


@pytest.mark.proves("opt_schedule_cancelled", "r208")
def test_opt_schedule_cancelled(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            name = await ven.opt_schedule((EARLY,))
            await town.wait(seconds=1)
            assert await excused_at(town, given, 5) == [1]
            assert await ven.cancel_opt(name)
            await town.wait(seconds=1)
            assert await excused_at(town, given, 5) == [0]
            (there,) = await kept(town)
            assert there.cancelled_at == town.clock.now() - timedelta(seconds=1)
            assert all(one.is_cancelled for one in ven.opts)
        (confirmed,) = (one.reply for one in town.wire.ven.exchanges if isinstance(one.reply, CanceledOpt))
        assert (confirmed.response.code, confirmed.opt_id) == ("200", name)

    played(folder, play)


@pytest.mark.proves("two_scoped_opt_schedules", "r203", "r205", "r209")
def test_two_scoped_opt_schedules(folder: Path) -> None:
    async def play(town: Town) -> None:
        home = Home(town)
        await home.build()
        async with home.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            await ven.opt_schedule((EARLY,), programme=Programme.LOAD_SHIFT, resources=(HOME_EVSE,))
            await ven.opt_schedule((LATE,), programme=Programme.PRICE)
            await town.wait(seconds=1)
            assert [len(one) for one in map(scope, await kept(town))] == [1, 2]
            assert await excused_at(town, given, 5, 9) == [1, 0], (
                "each keeps to its programme and its targets"
            )
            of_a_device = device_schedule("Water_Heater")
            refused = await say(town, of_a_device)
            assert isinstance(refused, CreatedOpt)
            assert refused.response.code == "462", "there is no such device here"
            taken = await say(town, device_schedule("EVSE"))
            assert isinstance(taken, CreatedOpt)
            assert taken.response.accepted
            assert await excused_at(town, given, 5, 9) == [1, 2], "and all of them stand beside each other"
            assert [one.stage for one in ven.opts] == [Stage.TOLD, Stage.TOLD]
            assert home.amps == [LIMITED, LIMITED]

    played(folder, play)


def device_schedule(kind: str) -> CreateOpt:
    """Which our VEN never says: that it is out, as far as devices of a kind are meant."""
    late = Available(start=LATE.start, duration=Duration.of(2 * HOUR))
    return CreateOpt(
        opt_id=OptId(f"of-{kind}"),
        opt=OptType.OPT_OUT,
        reason=Token("notParticipating"),
        ven_id=HOME,
        schedule=Availability(periods=Periods(available=(late,))),
        created_at=START,
        request_id=RequestId("D1"),
        target=Target(ven_ids=(HOME,)),
        device_class=Target(end_device_assets=(Mrid(kind),)),
    )


def scope(one: KeptOpt) -> frozenset[ResourceId]:
    return one.opt.resources or frozenset({HOME_EVSE, HOME_2})


@pytest.mark.proves("two_schedules_one_optid", "r204", "r211")
def test_two_schedules_one_optid(folder: Path) -> None:
    async def play(town: Town) -> None:
        home = Home(town)
        await home.build()
        async with home.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            for resource in (HOME_EVSE, HOME_2):
                await ven.opt_schedule((EARLY,), resources=(resource,), opt_id=OptId("holiday"))
            await town.wait(seconds=1)
            assert await excused(town, given, hours=5) == {HOME_EVSE, HOME_2}
            assert await ven.cancel_opt(OptId("holiday"))
            await town.wait(seconds=1)
            assert await excused(town, given, hours=5) == frozenset()
            assert [one.cancelled_at is None for one in await kept(town)] == [False, False]
            assert not await ven.cancel_opt(OptId("holiday")), "there is none of that name any more"
            await town.wait(seconds=1)
        assert len(town.wire.of(CancelOpt)) == 1

    played(folder, play)


@pytest.mark.proves("cancel_unknown_optid", "r208")
def test_cancel_unknown_optid(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            given = await town.dso.limit(**SHIFT)
            await town.wait(minutes=1)
            name = await ven.opt_schedule((EARLY,), opt_id=OptId("Holiday"))
            await town.wait(seconds=1)
            assert not await ven.cancel_opt(OptId("holiday")), "our VEN does not even say it"
            await town.wait(minutes=1)
            assert town.wire.of(CancelOpt) == []
            for unknown in ("unknown", "holiday"):
                refused = await say(
                    town, CancelOpt(opt_id=OptId(unknown), ven_id=HOME, request_id=RequestId("R1"))
                )
                assert isinstance(refused, CanceledOpt)
                assert (refused.response.code, refused.response.request_id) == ("452", "R1")
            assert await excused_at(town, given, 5) == [1], "what it had announced stands"
            assert [(one.opt_id, one.stage) for one in ven.opts] == [(name, Stage.TOLD)]

    played(folder, play)
