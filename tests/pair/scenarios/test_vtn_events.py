"""Scenarios of the VTN: what its lists of events hold, in which order, and what it makes of the answers."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.ids import EventId, GroupId, MarketContext, Mrid, ResourceId, Token, VenId
from oadr.wire.messages import Poll
from oadr.wire.messages.common import Area, OptType, Target, TransportInterface
from oadr.wire.messages.event import EventStatus
from oadr.wire.scalars import Duration
from tests.pair.scenarios.calling import Caller, calling, said
from tests.pair.scenarios.heard import lists
from tests.pair.town import Town, played
from tests.vtn import written
from tests.vtn.world import HOME, word
from vtn.assess.reach import Reach, reach
from vtn.model.delivery import CANCEL_PATIENCE, Delivery
from vtn.model.errors import NotNow
from vtn.model.intervention import Intervention

IN, OUT = OptType.OPT_IN, OptType.OPT_OUT
AHEAD = timedelta(minutes=10)


async def sent(town: Town, name: str, **changes: Any) -> Intervention:
    """An event in a programme of its own, so that it is in no other's way; ten minutes ahead, or `after` so long."""
    start = town.clock.now() + changes.pop("after", AHEAD)
    descriptor = {
        "market_context": MarketContext(Token(f"http://other.example/{name}")),
        **changes.pop("descriptor", {}),
    }
    return await town.dso.send(written.event(start=start, descriptor=descriptor, **changes))


async def named(site: Caller, reply_limit: int | None = None) -> list[str]:
    """The programmes of what is listed."""
    return [event.descriptor.market_context.rsplit("/", 1)[-1] for event in await site.listed(reply_limit)]


async def by_event(town: Town) -> dict[EventId, Delivery]:
    return {one.event_id: one for one in await town.dso.deliveries()}


# --- what is sent ---------------------------------------------------------------------------------------------


@pytest.mark.proves("vtn_optional_elements", "r31")
def test_vtn_optional_elements(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            period = {
                "start_after": Duration(300),
                "ramp_up": Duration(120),
                "recovery": Duration(-60),
                "notification": Duration(3600),
            }
            await town.dso.send(written.event(start=town.clock.now() + AHEAD, period=period))
            await town.wait(seconds=10)
            (event,) = lists(town, Poll)[-1].events
            assert {name: getattr(event.period, name) for name in period} == period
            assert said(await town.dso.delivery()) == (0, IN, "200")
            assert len(ven.memory.held) == 1

    played(folder, play)


@pytest.mark.proves("vtn_target_kinds", "r22")
def test_vtn_target_kinds(folder: Path) -> None:
    """The wire holds each list against the schema, which wants the kinds in its own order."""
    everything = Target(
        aggregated_pnodes=("a1", "a2"),
        end_device_assets=(Mrid("Electric_Vehicle"),),
        meter_assets=(Mrid("m1"), Mrid("m2")),
        pnodes=("p1",),
        service_areas=(Area(positions="0 0 0 1 1 1 0 0"),),
        service_delivery_points=("d1",),
        service_locations=(Area(positions="2 2 2 3 3 3 2 2"),),
        transport_interfaces=(TransportInterface(point_of_receipt="r", point_of_delivery="d"),),
        group_ids=(GroupId("F1"), GroupId("g2")),
        group_names=("a street",),
        resource_ids=(ResourceId("home-evse"),),
        ven_ids=(HOME,),
        party_ids=("party",),
    )

    async def play(town: Town) -> None:
        async with calling(town) as site:
            await town.dso.send(written.event(start=town.clock.now() + AHEAD, target=everything))
            (event,) = await site.listed()
            assert event.target == everything

    played(folder, play)


@pytest.mark.proves("vtn_all_events_each_time", "r50")
def test_vtn_all_events_each_time(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "runs", after=timedelta())
            for event in await site.polled() or ():
                await site.answer(site.opts_in(event))
            await sent(town, "ahead")
            assert len(await site.polled() or ()) == 2, "with what is new comes what is known"
            assert await named(site) == ["runs", "ahead"]
            await town.wait(minutes=31)
            assert await named(site) == ["ahead"], "what is over concerns nobody"

    played(folder, play)


@pytest.mark.proves("vtn_order_by_priority", "r3", "r15")
def test_vtn_order_by_priority(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            for name, priority in (("none", 0), ("third", 3), ("first", 1), ("unsaid", None)):
                await sent(town, name, descriptor={"priority": priority})
            await town.wait(minutes=11)
            order = await named(site)
            assert order[:2] == ["first", "third"]
            assert sorted(order[2:]) == ["none", "unsaid"], "0 and none are the lowest alike"

    played(folder, play)


@pytest.mark.proves("vtn_order_by_start", "r15")
def test_vtn_order_by_start(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            for name, minutes, priority in (
                ("late", 30, 1),
                ("soon", 10, 2),
                ("now", 0, 2),
                ("later", 20, 2),
            ):
                await sent(town, name, after=timedelta(minutes=minutes), descriptor={"priority": priority})
            assert await named(site) == ["now", "soon", "later", "late"], "ahead only the start counts"
            await town.wait(minutes=21)
            assert await named(site) == ["now", "soon", "later", "late"]
            await town.wait(minutes=9)
            assert await named(site) == ["late", "soon", "later"], "that of priority 1 runs now"

    played(folder, play)


@pytest.mark.proves("vtn_order_with_cancelled", "r15")
def test_vtn_order_with_cancelled(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "first", after=timedelta(minutes=5))
            off = await sent(town, "off", after=timedelta(minutes=10))
            await sent(town, "last", after=timedelta(minutes=15))
            await town.dso.cancel(off)
            events = await site.listed()
            assert await named(site) == ["first", "off", "last"]
            far, cancelled = EventStatus.FAR, EventStatus.CANCELLED
            assert [event.descriptor.status for event in events] == [far, cancelled, far]
            assert await site.answer(*(site.opts_in(event) for event in events)) == "200"
            assert await named(site) == ["first", "last"]

    played(folder, play)


@pytest.mark.proves("vtn_overlapping_events", "r18")
def test_vtn_overlapping_events(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            tolerance = {"start_after": Duration(600)}
            await sent(town, "one", period=tolerance)
            planned_end = AHEAD + written.HALF_HOUR
            with pytest.raises(NotNow, match="cancel it first"):
                await sent(town, "one", after=planned_end)
            await sent(town, "one", after=planned_end + timedelta(minutes=10))
            await sent(town, "other", after=planned_end)
            assert await named(site) == ["one", "other", "one"]

    played(folder, play)


@pytest.mark.proves("vtn_reply_limit", "r27")
def test_vtn_reply_limit(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            for name, minutes in (("c", 30), ("a", 10), ("b", 20)):
                await sent(town, name, after=timedelta(minutes=minutes))
            assert [await named(site, limit) for limit in (1, 2, 3, 9)] == [
                ["a"],
                ["a", "b"],
                ["a", "b", "c"],
                ["a", "b", "c"],
            ]
            assert await named(site, 0) == ["a", "b", "c"], "0 is no limit"
            assert len(await site.polled() or ()) == 3, "who polls gets all"

    played(folder, play)


@pytest.mark.proves("vtn_randomised_sent_when_completed", "r66")
def test_vtn_randomised_sent_when_completed(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "one", after=timedelta(), period={"start_after": Duration(600)})
            await town.wait(minutes=31)
            (event,) = await site.listed()
            assert event.descriptor.status is EventStatus.COMPLETED
            assert event.signals[1].current_value == 0
            await town.wait(minutes=8, seconds=59)
            assert await named(site) == ["one"]
            await town.wait(seconds=1)
            assert await named(site) == []

    played(folder, play)


@pytest.mark.proves("vtn_cancel_retried", "r52")
@pytest.mark.parametrize("confirms", [True, False])
def test_vtn_cancel_retried(folder: Path, *, confirms: bool) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            given = await sent(town, "one")
            (event,) = await site.polled() or ()
            await site.answer(site.opts_in(event))
            await town.dso.cancel(given)
            for _ in range(5):
                (event,) = await site.polled() or ()
                assert event.descriptor.status is EventStatus.CANCELLED
            if confirms:
                await site.answer(site.opts_in(event))
                assert await site.polled() is None
                return
            await town.wait(
                seconds=(given.planned_end + CANCEL_PATIENCE - town.clock.now()).total_seconds() - 12
            )
            assert await site.polled() is not None
            assert await site.polled() is None, "an hour after it would have ended nobody waits any more"
            assert await site.listed() == ()

    played(folder, play)


# --- what is answered -----------------------------------------------------------------------------------------


@pytest.mark.proves("vtn_opt_in", "r16")
def test_vtn_opt_in(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now() + AHEAD))
            await town.wait(seconds=10)
            delivery = await town.dso.delivery()
            assert said(delivery) == (0, IN, "200")
            assert reach(delivery) is Reach.ACKNOWLEDGED
            assert (await town.dso.recorded())[-2:] == [EntryType.INTERVENTION, EntryType.OPT]

    played(folder, play)


@pytest.mark.proves("vtn_opt_out_and_in_one_answer", "r16", "r19")
def test_vtn_opt_out_and_in_one_answer(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "one")
            await sent(town, "two")
            one, two = await site.polled() or ()
            assert await site.answer(site.opts_out(one), site.opts_in(two)) == "200"
            known = await by_event(town)
            assert [said(known[event.event_id]) for event in (one, two)] == [(0, OUT, "200"), (0, IN, "200")]
            assert await site.polled() is None

    played(folder, play)


@pytest.mark.proves("vtn_opt_out_and_in_two_answers", "r16")
def test_vtn_opt_out_and_in_two_answers(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "one")
            await sent(town, "two")
            one, two = await site.polled() or ()
            assert await site.answer(site.opts_out(one)) == "200"
            assert len(await site.polled() or ()) == 2, "one of them is still waited for"
            assert await site.answer(site.opts_in(two)) == "200"
            known = await by_event(town)
            assert [said(known[event.event_id]) for event in (one, two)] == [(0, OUT, "200"), (0, IN, "200")]
            assert await site.polled() is None

    played(folder, play)


@pytest.mark.proves("vtn_late_opt_out", "r17")
def test_vtn_late_opt_out(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "one")
            (event,) = await site.polled() or ()
            await site.answer(site.opts_in(event))
            await town.wait(minutes=20)
            assert await site.answer(site.opts_out(event)) == "200", "while it runs"
            delivery = await town.dso.delivery()
            assert (said(delivery), reach(delivery)) == ((0, OUT, "200"), Reach.DECLINED)
            assert (await town.dso.recorded())[-2:] == [EntryType.OPT] * 2
            assert await site.answer(site.opts_in(event)) == "200", "and back again"
            assert reach(await town.dso.delivery()) is Reach.ACKNOWLEDGED

    played(folder, play)


@pytest.mark.proves("vtn_application_error", "r25")
def test_vtn_application_error(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "one")
            (event,) = await site.polled() or ()
            assert await site.answer(site.opts_in(event), code="454") == "200"
            assert said(await town.dso.delivery()) is None, "a failed whole voids its parts"
            assert await site.answer(code="452", named=site.heard_as) == "200"
            assert reach(await town.dso.delivery()) is Reach.REACHED
            assert EntryType.OPT not in await town.dso.recorded()
            assert await site.polled() == (event,), "it is offered again"

    played(folder, play)


@pytest.mark.proves("vtn_event_response_4xx", "r25", "r48")
def test_vtn_event_response_4xx(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "one")
            await sent(town, "two")
            one, two = await site.polled() or ()
            assert await site.answer(site.opts_out(one, "460"), site.opts_in(two)) == "200"
            known = await by_event(town)
            assert [said(known[event.event_id]) for event in (one, two)] == [(0, OUT, "460"), (0, IN, "200")]
            assert [reach(known[event.event_id]) for event in (one, two)] == [
                Reach.DECLINED,
                Reach.ACKNOWLEDGED,
            ]
            assert await site.polled() is None, "who cannot is not asked again"

    played(folder, play)


@pytest.mark.proves("vtn_unknown_eventid", "r21")
def test_vtn_unknown_eventid(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "one")
            (event,) = await site.polled() or ()
            stranger = replace(event, descriptor=replace(event.descriptor, event_id=EventId("never-sent")))
            assert await site.answer(site.opts_in(stranger)) == "452"
            assert said(await town.dso.delivery()) is None
            assert await site.answer(site.opts_out(stranger), site.opts_in(event)) == "452"
            assert said(await town.dso.delivery()) == (0, IN, "200"), "a wrong word spoils no right one"

    played(folder, play)


@pytest.mark.proves("vtn_wrong_mod_number", "r48")
def test_vtn_wrong_mod_number(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            given = await sent(town, "one")
            (event,) = await site.polled() or ()
            assert await site.answer(word(event, modification_number=1)) == "450", "it is yet to come"
            await town.dso.change(given, start=town.clock.now() + 2 * AHEAD)
            assert await site.answer(site.opts_in(event)) == "450", "it is past"
            assert said(await town.dso.delivery()) is None
            (event,) = await site.polled() or ()
            assert await site.answer(site.opts_in(event)) == "200"
            assert said(await town.dso.delivery()) == (1, IN, "200")

    played(folder, play)


@pytest.mark.proves("vtn_unknown_venid", "r21")
def test_vtn_unknown_venid(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with calling(town) as site:
            await sent(town, "one")
            (event,) = await site.polled() or ()
            for other in ("nobody", "park"):
                assert await site.answer(site.opts_in(event), ven_id=VenId(other)) == "452"
            assert said(await town.dso.delivery()) is None
            assert EntryType.OPT not in await town.dso.recorded()

    played(folder, play)
