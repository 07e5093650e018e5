"""Scenarios of reports: what is asked for once, at intervals and on change, now and of the past."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.wire.messages import CreatedReport, UpdateReport
from oadr.wire.messages.report import QUALITY_BAD, QUALITY_GOOD, QUALITY_UNCHANGED
from tests.pair.asking import Asker, wanted
from tests.pair.reported import capacities, conversation, powers, scheduled, shares, statuses, stood, watts
from tests.pair.town import Town
from tests.ven.virtual import START
from tests.vtn.world import HOME_EVSE
from ven import Ven
from vtn.model.reading import State

USAGE, STATUS, HISTORY = "TELEMETRY_USAGE", "TELEMETRY_STATUS", "HISTORY_USAGE"
MINUTE = timedelta(minutes=1)
DRAWN = Decimal(4600)
"""W that the car takes when nobody limits it."""


def standing(at: datetime | None, share: str) -> State:
    """Of a charger that obeys, and nobody has overruled."""
    assert at
    return State(resource_id=HOME_EVSE, at=at, online=True, overridden=False, share=Decimal(share))


@pytest.mark.proves("status_report_once", "r324", "r331")
def test_status_report_once(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        answer = await asker.ask(wanted("RR1", STATUS, "ST"))
        assert (answer.response.code, answer.pending.request_ids) == ("200", ("RR1",))
        await town.wait(minutes=5)
        (report,) = asker.reports("RR1")
        assert asker.times("RR1") == [asker.at(CreatedReport)], "at once"
        assert report.name == STATUS
        (status,) = statuses(report)
        assert (status.online, status.manual_override, shares(report)) == (True, False, ["1"])
        assert scheduled(ven) == []
        assert await stood(town) == standing(report.start, "1")

    conversation(folder, play)


@pytest.mark.proves("status_report_periodic", "r324", "r334")
def test_status_report_periodic(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        await asker.ask(wanted("RR1", STATUS, "ST", every=60, grain=20))
        await town.dso.limit()
        await town.wait(minutes=4)
        said, (first, *later) = asker.reports("RR1"), asker.times("RR1")
        assert first == asker.at(CreatedReport)
        assert later == [first + count * MINUTE for count in range(1, 5)]
        assert [shares(one) for one in said] == [["1"], *[["0.4"] * 3] * 4]
        assert [one.start for one in said[-1].intervals] == [
            later[-1] - timedelta(seconds=before) for before in (40, 20, 0)
        ]
        assert scheduled(ven) == ["RR1"]
        assert await asker.known() == {"RR1"}
        assert await stood(town) == standing(later[-1], "0.4")

    conversation(folder, play)


@pytest.mark.proves("status_report_late_on_change", "r317", "r325", "r334")
def test_status_report_late_on_change(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        start = town.clock.now() + 2 * MINUTE
        await asker.ask(wanted("RR1", STATUS, "ST", every=60, start=start, lasts=210))
        await town.wait(seconds=169)
        await town.dso.limit()
        await town.wait(minutes=5)
        said = asker.reports("RR1")
        assert asker.times("RR1") == [start + count * MINUTE for count in range(5)], "the last may be late"
        assert [shares(one) for one in said] == [["1"], ["1"], *[["0.4"]] * 3]
        qualities = [one.intervals[-1].payloads[0].quality for one in said]
        unchanged = QUALITY_UNCHANGED
        assert qualities == [QUALITY_GOOD, unchanged, QUALITY_GOOD, unchanged, unchanged], (
            "the first is no repetition"
        )
        (capacity,) = capacities(said[2])
        shares_of_32 = (capacity.minimum, capacity.maximum, capacity.current, capacity.normal)
        assert shares_of_32 == tuple(map(Decimal, ("0.2", "1", "0.4", "1"))), (
            "the least is 6 A, on the grid of steps"
        )
        assert (scheduled(ven), await asker.known()) == ([], {"RR1"})
        assert await stood(town) == standing(said[-1].start, "0.4")

    conversation(folder, play)


@pytest.mark.proves("short_report_period", "r325", "r341")
def test_short_report_period(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        start = town.clock.now() + MINUTE
        await asker.ask(wanted("RR1", USAGE, "P", every=60, grain=60, start=start, lasts=60))
        await town.wait(seconds=60)
        assert scheduled(ven) == ["RR1"], "one is still to come"
        await town.wait(minutes=10)
        assert asker.times("RR1") == [start, start + MINUTE]
        assert await powers(town) == [(start, DRAWN), (start + MINUTE, DRAWN)]
        assert scheduled(ven) == []

    conversation(folder, play)


@pytest.mark.proves("two_report_requests_running", "r329")
def test_two_report_requests_running(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        first = await asker.ask(wanted("RR1", USAGE, "P", every=60, grain=60))
        both = await asker.ask(wanted("RR2", STATUS, "ST", every=60, grain=60))
        assert [one.pending.request_ids for one in (first, both)] == [("RR1",), ("RR1", "RR2")]
        await town.wait(minutes=3)
        for name in ("RR1", "RR2"):
            begun, *later = asker.times(name)
            assert later == [begun + count * MINUTE for count in range(1, 4)]
        assert scheduled(ven) == ["RR1", "RR2"]
        assert await asker.known() == {"RR1", "RR2"}
        assert await powers(town) == [(at, DRAWN) for at in asker.times("RR1")]
        assert await stood(town) == standing(asker.times("RR2")[-1], "1")

    conversation(folder, play)


@pytest.mark.proves("two_requests_in_one_payload", "r329")
def test_two_requests_in_one_payload(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        answer = await asker.ask(
            wanted("RR1", USAGE, "P", every=60, grain=60), wanted("RR2", STATUS, "ST", every=60, grain=60)
        )
        assert len(asker.heard(CreatedReport)) == 1
        assert answer.pending.request_ids == ("RR1", "RR2")
        await town.wait(minutes=2)
        assert asker.times("RR1") == asker.times("RR2")
        assert len(asker.times("RR1")) == 3
        assert scheduled(ven) == ["RR1", "RR2"]
        assert await powers(town) == [(at, DRAWN) for at in asker.times("RR1")]
        assert await stood(town) == standing(asker.times("RR2")[-1], "1")

    conversation(folder, play)


@pytest.mark.proves("usage_report_once", "r337", "r324")
def test_usage_report_once(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        await asker.ask(wanted("RR1", USAGE, "P", "E"))
        await town.wait(minutes=3)
        (report,) = asker.reports("RR1")
        assert asker.times("RR1") == [asker.at(CreatedReport)]
        (interval,) = report.intervals
        assert watts(report) == ["4600"]
        assert interval.start
        assert interval.duration
        assert interval.duration.span == town.config.sample_every
        assert scheduled(ven) == []
        at = interval.start + town.config.sample_every
        assert [(one.at, str(one.quantity), one.value) for one in await town.dso.readings()] == [
            (at, "W", DRAWN),
            (at, "Wh", 10),
        ]

    conversation(folder, play)


@pytest.mark.proves("usage_report_periodic", "r300", "r324", "r317")
def test_usage_report_periodic(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        await asker.ask(wanted("RR1", USAGE, "P", "E", every=60, grain=20))
        await town.wait(minutes=4)
        said, (first, *later) = asker.reports("RR1"), asker.times("RR1")
        assert later == [first + count * MINUTE for count in range(1, 5)]
        for report in said[1:]:
            assert watts(report) == ["4600"] * 3
            assert {tuple(one.quality for one in each.payloads) for each in report.intervals} == {
                (QUALITY_GOOD, QUALITY_GOOD)
            }
        every = [first + count * timedelta(seconds=20) for count in range(13)]
        assert await powers(town) == [(at, DRAWN) for at in every], "none twice, and none is missing"
        assert scheduled(ven) == ["RR1"]

    conversation(folder, play)


@pytest.mark.proves("history_usage_all", "r317", "r325", "r331")
def test_history_usage_all(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        await town.wait(minutes=30)
        await asker.ask(wanted("RR1", HISTORY, "history:P", "history:E", start=START - 60 * MINUTE))
        (report,) = asker.reports("RR1")
        assert asker.times("RR1") == [asker.at(CreatedReport)]
        assert [one.start for one in report.intervals] == [START + count * MINUTE for count in range(31)]
        assert watts(report) == ["4600"] * 31
        assert {one.duration for one in report.intervals} == {None}
        await town.wait(minutes=5)
        assert len(asker.heard(UpdateReport)) == 1
        assert scheduled(ven) == []
        assert await town.dso.readings() == (), "our VTN takes what has been, and has no use for it"

    conversation(folder, play)


@pytest.mark.proves("history_usage_part", "r318", "r325")
def test_history_usage_part(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        await town.wait(minutes=30)
        await asker.ask(wanted("RR1", HISTORY, "history:P", start=START + 10 * MINUTE, lasts=300))
        (report,) = asker.reports("RR1")
        assert [one.start for one in report.intervals] == [START + count * MINUTE for count in range(10, 16)]
        assert watts(report) == ["4600"] * 6
        await asker.ask(wanted("RR2", HISTORY, "history:P", start=START - 60 * MINUTE, lasts=300))
        (nothing,) = asker.reports("RR2")
        assert [one.payloads[0].quality for one in nothing.intervals] == [QUALITY_BAD]
        assert scheduled(ven) == []

    conversation(folder, play)
