"""Conversations about reports, named as in the test specification, and what a VTN wants of a registration."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.limit import Limit
from oadr.charging.signals import Programme
from oadr.wire.ids import RequestId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CanceledReport,
    CreatedEvent,
    CreatedReport,
    CreatePartyRegistration,
    Message,
    RegisterReport,
    Response,
    UpdateReport,
)
from oadr.wire.messages.report import (
    QUALITY_BAD,
    QUALITY_UNCHANGED,
    Quantity,
    Report,
    ResourceStatus,
)
from tests.pair.asking import Asker, wanted
from tests.pair.town import LIMITED, Town, played
from tests.ven.virtual import START
from tests.vtn.world import HOME, HOME_EVSE, TERMS
from ven.points import LIMIT_SPECIFIER, STATUS_SPECIFIER, USAGE_SPECIFIER
from vtn.model.reading import State
from vtn.model.wish import PATIENCE, Wish, WishKind
from vtn.service import party
from vtn.store import reports, wishes

USAGE, STATUS, HISTORY, OFFER = "TELEMETRY_USAGE", "TELEMETRY_STATUS", "HISTORY_USAGE", "METADATA"
MINUTE = timedelta(minutes=1)


def conversation(folder: Path, play: Callable[[Town, Asker], Awaitable[None]]) -> None:
    """With a VEN that has registered, and of whom nothing is wanted yet."""

    async def main(town: Town) -> None:
        asker = Asker(town)
        async with town.ven():
            await town.wait(seconds=5)
            town.wire.said.clear()
            await play(town, asker)

    played(folder, main)


def states(report: Report) -> list[ResourceStatus]:
    found = [one.value for interval in report.intervals for one in interval.payloads]
    return [one for one in found if isinstance(one, ResourceStatus)]


def shares(report: Report) -> list[str]:
    controls = [state.load_control_state for state in states(report)]
    return [str(one.capacity.current) for one in controls if one and one.capacity]


def watts(report: Report) -> list[str]:
    return [
        str(interval.payloads[0].value.value)
        for interval in report.intervals
        if isinstance(interval.payloads[0].value, Quantity)
    ]


# --- states ---


@pytest.mark.proves("r324", "r331")
def test_status_report_once(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        answer = await asker.ask(wanted("RR1", STATUS, "ST"))
        assert (answer.response.code, answer.pending.request_ids) == ("200", ("RR1",))
        await town.wait(minutes=5)
        (report,) = asker.reports("RR1")
        assert report.name == "TELEMETRY_STATUS"
        (state,) = states(report)
        assert (state.online, state.manual_override, shares(report)) == (True, False, ["1"])

    conversation(folder, play)


@pytest.mark.proves("r324", "r334")
def test_status_report_periodic_shows_the_limit(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        await asker.ask(wanted("RR1", STATUS, "ST", every=60, grain=20))
        await town.dso.limit()
        await town.wait(minutes=4)
        said = asker.reports("RR1")
        assert len(said) >= 4
        assert [len(one.intervals) for one in said[1:4]] == [3, 3, 3]
        assert shares(said[3]) == ["0.4"] * 3

    conversation(folder, play)


@pytest.mark.proves("r317", "r325", "r334")
def test_status_report_late_on_change(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        start = town.clock.now() + 2 * MINUTE
        await asker.ask(wanted("RR1", STATUS, "ST", every=60, start=start, lasts=600))
        await town.wait(seconds=100)
        assert asker.reports("RR1") == []
        await town.wait(seconds=75)
        await town.dso.limit()
        await town.wait(minutes=3)
        first, _, changed, unchanged, *_ = asker.reports("RR1")
        assert first.start
        assert start - MINUTE <= first.start <= start
        assert shares(changed) == ["0.4"]
        assert unchanged.intervals[0].payloads[0].quality == QUALITY_UNCHANGED
        assert shares(unchanged) == ["0.4"]

    conversation(folder, play)


@pytest.mark.proves("r331")
def test_our_own_vtn_knows_how_a_chargepoint_stands_within_a_minute(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(minutes=2)
            assert await state(town) == (True, False, Decimal(1))
            await town.dso.limit()
            await town.wait(minutes=2)
            assert await state(town) == (True, False, Decimal("0.4"))

    played(folder, play)


@pytest.mark.proves("r331")
def test_a_charger_that_takes_no_limit_is_said_to_be_offline_until_it_does(folder: Path) -> None:
    async def play(town: Town) -> None:
        obey = town.charger.apply

        async def fail(limit: Limit | None) -> None:
            raise OSError(f"the bus is dead, {limit} is not sent")

        async with town.ven():
            await town.wait(minutes=2)
            town.charger.apply = fail  # type: ignore[method-assign]
            await town.dso.limit()
            await town.wait(minutes=2)
            assert await state(town) == (False, False, Decimal("0.4"))
            town.charger.apply = obey  # type: ignore[method-assign]
            await town.wait(minutes=2)
            assert await state(town) == (True, False, Decimal("0.4"))

    played(folder, play)


@pytest.mark.proves("r331")
def test_a_load_shift_that_is_declined_is_said_to_be_overridden_while_it_runs(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(minutes=1)
            await town.dso.limit(programme=Programme.LOAD_SHIFT, duration=30 * MINUTE)
            await town.wait(minutes=15)  # it starts at random
            assert town.amps == LIMITED
            (held,) = ven.memory.held
            await ven.opt_out(held.event.event_id)
            await town.wait(minutes=2)
            assert await state(town) == (True, True, Decimal(1))
            await town.wait(minutes=40)
            assert await state(town) == (True, False, Decimal(1))

    played(folder, play)


async def state(town: Town) -> tuple[bool, bool, Decimal | None]:
    async with town.dso.at_work() as world, world.store.reading() as tx:
        found: State = (await reports.known_states(tx, (HOME_EVSE,)))[HOME_EVSE]
    return found.online, found.overridden, found.share


# --- usage ---


@pytest.mark.proves("r337", "r324")
def test_usage_report_once(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        await asker.ask(wanted("RR1", USAGE, "P", "E"))
        await town.wait(minutes=3)
        (report,) = asker.reports("RR1")
        (interval,) = report.intervals
        assert watts(report) == ["4600"]
        assert interval.duration
        assert interval.duration.span == town.config.sample_every

    conversation(folder, play)


@pytest.mark.proves("r300", "r324", "r317")
def test_usage_report_periodic(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        await asker.ask(wanted("RR1", USAGE, "P", "E", every=60, grain=20))
        await town.wait(minutes=4)
        said = asker.reports("RR1")
        assert len(said) in (4, 5)
        for report in said[1:]:
            assert watts(report) == ["4600"] * 3
            assert {len(interval.payloads) for interval in report.intervals} == {2}

    conversation(folder, play)


@pytest.mark.proves("r325", "r341")
def test_short_report_period(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        start = town.clock.now() + MINUTE
        await asker.ask(wanted("RR1", USAGE, "P", every=60, grain=60, start=start, lasts=60))
        await town.wait(minutes=10)
        assert len(asker.reports("RR1")) == 2

    conversation(folder, play)


@pytest.mark.proves("r329")
def test_two_report_requests_running(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        await asker.ask(wanted("RR1", USAGE, "P", every=60, grain=60))
        answer = await asker.ask(wanted("RR2", STATUS, "ST", every=60, grain=60))
        assert answer.pending.request_ids == ("RR1", "RR2")
        await town.wait(minutes=3)
        assert len(asker.reports("RR1")) >= 3
        assert len(asker.reports("RR2")) >= 3

    conversation(folder, play)


@pytest.mark.proves("r329")
def test_two_requests_in_one_payload(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        answer = await asker.ask(
            wanted("RR1", USAGE, "P", every=60, grain=60), wanted("RR2", STATUS, "ST", every=60, grain=60)
        )
        assert answer.pending.request_ids == ("RR1", "RR2")
        await town.wait(minutes=2)
        assert asker.reports("RR1")
        assert asker.reports("RR2")

    conversation(folder, play)


# --- the end of a report ---


@pytest.mark.proves("r329", "r336")
def test_cancel_periodic_report(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        await asker.ask(
            wanted("RR1", USAGE, "P", every=60, grain=60), wanted("RR2", STATUS, "ST", every=60, grain=60)
        )
        answer = await asker.cancel("RR1")
        assert (answer.response.code, answer.pending.request_ids) == ("200", ("RR2",))
        before = len(asker.reports("RR1"))
        await town.wait(minutes=3)
        assert len(asker.reports("RR1")) == before
        assert len(asker.reports("RR2")) >= 3
        refused = await asker.cancel("RR1", "RR2")
        assert (refused.response.code, refused.pending.request_ids) == ("452", ())

    conversation(folder, play)


@pytest.mark.proves("r345")
def test_cancel_with_last_report(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        town.wire.ven.excused = frozenset({"r306"})  # the last report comes after the word that it has ended
        await asker.ask(wanted("RR1", USAGE, "P", every=3600, grain=10, start=town.clock.now()))
        await town.wait(minutes=1)
        before = len(asker.reports("RR1"))
        answer = await asker.cancel("RR1", to_follow=True)
        assert answer.pending.request_ids == ()
        (*_, last) = asker.reports("RR1")
        assert len(asker.reports("RR1")) == before + 1
        assert len(last.intervals) >= 6
        said = [type(message) for _, message in town.wire.said]
        assert said.index(CanceledReport) < len(said) - 1 - said[::-1].index(UpdateReport)
        await town.wait(hours=2)
        assert len(asker.reports("RR1")) == before + 1

    conversation(folder, play)


@pytest.mark.proves("r328", "r329")
def test_piggyback_cancel(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        asker.cancel_on_the_next_receipt("RR1")
        await asker.ask(
            wanted("RR1", USAGE, "P", every=60, grain=60),
            wanted("RR2", STATUS, "ST", every=60, grain=60, start=town.clock.now() + 2 * MINUTE),
        )
        await town.wait(minutes=5)
        assert len(asker.reports("RR1")) == 1
        (answer,) = asker.heard(CanceledReport)
        assert answer.pending.request_ids == ("RR2",)

    conversation(folder, play)


# --- the offer ---


@pytest.mark.proves("r301", "r311", "r327")
def test_the_ven_is_asked_for_metadata_once(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        answer = await asker.ask(wanted("RR1", OFFER))
        assert answer.pending.request_ids == ("RR1",)
        await town.wait(minutes=2)
        assert asker.offers() == ["RR1"]
        said = [type(message) for _, message in town.wire.said]
        assert said.index(CreatedReport) < said.index(RegisterReport)

    conversation(folder, play)


@pytest.mark.proves("r301", "r311", "r324")
def test_the_ven_is_asked_for_metadata_periodically(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        await asker.ask(wanted("RR1", OFFER, every=60, start=town.clock.now() + MINUTE, lasts=200))
        await town.wait(minutes=10)
        assert asker.offers() == ["RR1"] * 5

    conversation(folder, play)


@pytest.mark.proves("r329")
def test_several_metadata_requests(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        first = await asker.ask(wanted("RR1", OFFER, every=600, start=town.clock.now() + MINUTE))
        second = await asker.ask(wanted("RR2", OFFER, every=600, start=town.clock.now() + MINUTE))
        assert [one.pending.request_ids for one in (first, second)] == [("RR1",), ("RR1", "RR2")]
        await town.wait(minutes=2)
        assert sorted(map(str, asker.offers())) == ["RR1", "RR2"]

    conversation(folder, play)


@pytest.mark.proves("r306", "r329")
def test_metadata_request_in_mid_stream(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        await asker.ask(wanted("RR1", USAGE, "P", every=60, grain=60))
        await town.wait(minutes=2)
        answer = await asker.ask(wanted("RR2", OFFER))
        assert answer.pending.request_ids == ("RR1", "RR2")
        before = len(asker.reports("RR1"))
        await town.wait(minutes=3)
        assert asker.offers() == ["RR2"]
        assert len(asker.reports("RR1")) == before

    conversation(folder, play)


@pytest.mark.proves("r304", "r340")
def test_unknown_report_ids(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        for code, request in (
            ("452", wanted("RR1", "nothing", "P")),
            ("452", wanted("RR2", USAGE, "nothing")),
            ("452", wanted("RR3", USAGE, "ST")),
            ("454", wanted("RR4", USAGE, "P", every=60, grain=1)),
            ("454", wanted("RR5", HISTORY, "history:P", every=60)),
        ):
            answer = await asker.ask(request)
            assert (answer.response.code, answer.pending.request_ids) == (code, ())
        await town.wait(minutes=2)
        assert asker.heard(UpdateReport) == []

    conversation(folder, play)


# --- the past ---


@pytest.mark.proves("r317", "r325")
def test_history_usage_all(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        await town.wait(minutes=30)
        await asker.ask(wanted("RR1", HISTORY, "history:P", "history:E", start=START - 60 * MINUTE))
        (report,) = asker.reports("RR1")
        assert [one.start for one in report.intervals] == [START + count * MINUTE for count in range(31)]
        assert watts(report) == ["4600"] * 31

    conversation(folder, play)


@pytest.mark.proves("r325", "r318")
def test_history_usage_part(folder: Path) -> None:
    async def play(town: Town, asker: Asker) -> None:
        await town.wait(minutes=30)
        await asker.ask(wanted("RR1", HISTORY, "history:P", start=START + 10 * MINUTE, lasts=300))
        (report,) = asker.reports("RR1")
        assert [one.start for one in report.intervals] == [START + count * MINUTE for count in range(10, 16)]
        await asker.ask(wanted("RR2", HISTORY, "history:P", start=START - 60 * MINUTE, lasts=300))
        (nothing,) = asker.reports("RR2")
        assert [one.payloads[0].quality for one in nothing.intervals] == [QUALITY_BAD]

    conversation(folder, play)


# --- what our VTN wants ---


async def want(town: Town, kind: WishKind) -> None:
    """As the command line does."""
    async with town.dso.at_work() as world:
        async with world.store.writing() as tx:
            wish = Wish(ven_id=HOME, kind=kind, request_id=RequestId("W1"), since=world.now)
            await wishes.make(tx, wish)
        await world.index.refresh(world.store, world.now)


@pytest.mark.proves("r300", "r306", "r329")
def test_another_rhythm_in_the_settings_is_ordered_anew(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(minutes=2)
            before = {one.request.request_id for one in ven.memory.orders}
            async with town.dso.at_work() as world:
                world.desk = replace(world.desk, terms=replace(TERMS, report_every=timedelta(seconds=20)))
            await town.wait(minutes=3)
            after = {one.request.specifier_id: one for one in ven.memory.orders}
            assert len(after) == 3
            assert {after[name].every for name in (USAGE_SPECIFIER, LIMIT_SPECIFIER)} == {
                timedelta(seconds=20)
            }
            assert after[STATUS_SPECIFIER].request.request_id in before, "its rhythm is another's"
            found = len(await town.dso.readings())
            await town.wait(minutes=1)
            assert len(await town.dso.readings()) > found

    played(folder, play)


@pytest.mark.proves("r400", "r401", "r407")
def test_vtn_cancels_registration(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit()
            await town.wait(seconds=15)
            await want(town, WishKind.DEREGISTER)
            await town.wait(seconds=15)
            (answer,) = town.wire.of(CanceledPartyRegistration)
            assert isinstance(answer, CanceledPartyRegistration)
            assert answer.response.accepted
            assert await town.dso.registration_id() is None
            assert ven.memory.orders == ()
            assert await town.dso.points() == 0
            assert town.amps == LIMITED, "what was ordered holds to its end"
            await town.wait(minutes=10)
            assert await town.dso.registration_id(), "it is still approved, and comes back"
            assert (await town.dso.delivery()).settled
        assert town.charger.changes[-1][1] == LIMITED

    played(folder, play)


@pytest.mark.proves("r407")
def test_a_ven_that_never_hears_that_its_registration_ends_is_forgotten(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=15)
            town.wire.is_cut = True
            await want(town, WishKind.DEREGISTER)
            await town.wait(seconds=PATIENCE.total_seconds())
            async with town.dso.at_work() as world:
                assert await party.forget_the_silent(world.store, world.now) == (HOME,)
                await world.index.refresh(world.store, world.now)
            town.wire.is_cut = False
            await town.wait(minutes=10)
            assert await town.dso.registration_id(), "refused as unknown, it registers anew"
            assert await town.dso.points() == 7

    played(folder, play)


@pytest.mark.proves("r401", "r402", "r405")
def test_vtn_asks_reregistration(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=15)
            known = await town.dso.registration_id()
            town.wire.said.clear()
            await want(town, WishKind.REREGISTER)
            await town.wait(minutes=2)
            assert await town.dso.registration_id() == known
            said: list[type[Message]] = [type(message) for _, message in town.wire.said]
            assert said.index(Response) < said.index(CreatePartyRegistration)
            assert said.count(CreatePartyRegistration) == 1
            assert RegisterReport not in said

    played(folder, play)


@pytest.mark.proves("r500", "r502")
def test_poll_drains_in_order(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(minutes=2)
            async with town.dso.at_work() as world:
                world.desk = replace(world.desk, terms=replace(TERMS, report_every=timedelta(seconds=30)))
            await town.wait(minutes=1, seconds=1)
            town.wire.said.clear()
            await town.dso.limit()
            await want(town, WishKind.REREGISTER)
            await town.wait(seconds=10)
            answers = (CreatedEvent, Response, CanceledReport, CreatedReport)
            said = [type(message) for _, message in town.wire.said if isinstance(message, answers)]
            assert said[:2] == [CreatedEvent, Response]

    played(folder, play)
