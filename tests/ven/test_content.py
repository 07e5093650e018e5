"""What stands in reports of states, of changes and of the past."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from oadr.wire.errors import PeerError
from oadr.wire.ids import ReportSpecifierId
from oadr.wire.messages.report import (
    QUALITY_BAD,
    QUALITY_GOOD,
    QUALITY_UNCHANGED,
    Quantity,
    Report,
    ReportInterval,
    ReportRequest,
    ResourceStatus,
)
from oadr.wire.scalars import Duration
from tests.ven.stage import EVSE_1, EVSE_2, MINUTE, RATINGS, SECOND, report_request
from tests.ven.virtual import START
from ven.driver import Measurement
from ven.points import HISTORY_SPECIFIER, LIMIT_SPECIFIER, STATUS_SPECIFIER
from ven.reports import MAX_INTERVALS, Reports
from ven.samples import HISTORY, Sample


def new(request: ReportRequest) -> Reports:
    reports = Reports(RATINGS, SECOND)
    reports.accept((request,), START)
    return reports


def read(second: float, watts: int | None = 100, limit: str = "12.8", online: bool = True) -> Sample:
    amps = (Decimal("6.4"),) * 3
    measured = None if watts is None else Measurement(amps, Decimal(watts), Decimal(5000))
    return Sample(EVSE_1, START + timedelta(seconds=second), measured, Decimal(limit), online)


def take(reports: Reports, now: datetime) -> Report:
    report = reports.next_report(now)
    assert report is not None
    reports.delivered(now)
    return report


def numbers(interval: ReportInterval) -> list[tuple[str, str]]:
    return [
        (str(one.value.value), str(one.quality))
        for one in interval.payloads
        if isinstance(one.value, Quantity)
    ]


def states(report: Report) -> list[ResourceStatus]:
    found = [one.value for interval in report.intervals for one in interval.payloads]
    return [one for one in found if isinstance(one, ResourceStatus)]


STATUS = report_request("evse-1:ST", specifier=STATUS_SPECIFIER, grain=20)
ON_CHANGE = report_request("evse-1:ST", specifier=STATUS_SPECIFIER, grain=0)

# --- states ---


@pytest.mark.proves("r331", "r334", "r318", "r342")
def test_a_state_has_the_same_parts_in_every_interval_also_where_it_is_missing() -> None:
    reports = new(STATUS)
    take(reports, START)
    reports.record(read(15))
    reports.record(read(55, watts=None, limit="0", online=False))
    report = take(reports, START + MINUTE)
    assert report.name == "TELEMETRY_STATUS"
    assert {interval.duration for interval in report.intervals} == {None}
    limited, missing, off = states(report)
    for state in (limited, missing, off):
        control = state.load_control_state
        assert control
        assert control.capacity
        bounds = (control.capacity.minimum, control.capacity.maximum, control.capacity.normal)
        assert bounds == (Decimal("0.2"), Decimal(1), Decimal(1))
        assert (control.level_offset, control.percent_offset, control.set_point) == (None, None, None)
        assert not state.manual_override
    assert [state.online for state in (limited, missing, off)] == [True, False, False]
    currents = [str(one.load_control_state.capacity.current) for one in (limited, off)]  # type: ignore[union-attr]
    assert currents == ["0.4", "0"]
    qualities = [interval.payloads[0].quality for interval in report.intervals]
    assert qualities == [QUALITY_GOOD, QUALITY_BAD, QUALITY_GOOD]


@pytest.mark.proves("r324")
def test_a_state_can_be_asked_for_once() -> None:
    reports = new(report_request("evse-1:ST", specifier=STATUS_SPECIFIER, every=0, grain=0))
    reports.record(read(0, watts=None))
    (state,) = states(take(reports, START))
    assert state.online
    assert reports.orders == ()


def test_a_person_who_overrules_is_seen_in_the_state() -> None:
    reports = new(ON_CHANGE)
    reports.record(Sample(EVSE_1, START, None, Decimal(32), overridden=True))
    (state,) = states(take(reports, START))
    assert state.manual_override


# --- on change ---


@pytest.mark.proves("r317", "r314", "r334")
def test_on_change_there_is_an_interval_for_each_new_state_and_one_if_there_is_none() -> None:
    reports = new(ON_CHANGE)
    reports.record(read(0))
    assert [one.start for one in take(reports, START).intervals] == [START]
    for second in range(1, 61):
        reports.record(read(second, limit="6.4" if 20 < second <= 40 else "12.8"))
    changed = take(reports, START + MINUTE)
    assert [one.start for one in changed.intervals] == [START + 21 * SECOND, START + 41 * SECOND]
    for second in range(61, 121):
        reports.record(read(second))
    (only,) = take(reports, START + 2 * MINUTE).intervals
    assert only.start == START + 2 * MINUTE
    assert only.payloads[0].quality == QUALITY_UNCHANGED
    assert only.payloads[0].value == changed.intervals[-1].payloads[0].value


@pytest.mark.proves("r300", "r317")
def test_beside_a_value_that_changed_the_others_stand_as_they_were() -> None:
    reports = new(report_request("evse-1:P", "evse-1:E", "evse-2:P", grain=0))
    for second, watts in ((0, 100), (10, 100), (20, 200), (30, None)):
        reports.record(read(second, watts))
    first, second_, third = take(reports, START + 30 * SECOND).intervals
    assert numbers(first) == [("100", QUALITY_GOOD), ("5000", QUALITY_GOOD), ("0", QUALITY_BAD)]
    assert numbers(second_) == [("200", QUALITY_GOOD), ("5000", QUALITY_UNCHANGED), ("0", QUALITY_BAD)]
    assert numbers(third) == [("0", QUALITY_BAD)] * 3


@pytest.mark.proves("r315", "r342")
def test_means_on_change_carry_the_time_of_their_one_sample() -> None:
    reports = new(report_request("evse-1:I1", specifier=LIMIT_SPECIFIER, grain=0))
    reports.record(read(0))
    (interval,) = take(reports, START).intervals
    assert (interval.start, interval.duration) == (START - SECOND, Duration(1))


@pytest.mark.proves("r346")
def test_changes_that_one_report_cannot_take_follow_in_the_next() -> None:
    reports = new(report_request(grain=0))
    take(reports, START)
    for second in range(1, 301):
        reports.record(read(second, watts=second))
    now = START + 5 * MINUTE
    told: list[str] = []
    lengths = []
    while (report := reports.next_report(now)) is not None:
        reports.delivered(now)
        lengths.append(len(report.intervals))
        told.extend(numbers(one)[0][0] for one in report.intervals)
    assert lengths == [MAX_INTERVALS, MAX_INTERVALS, 60]
    assert told == [str(second) for second in range(1, 301)]
    assert reports.next_due() == START + 6 * MINUTE


# --- once ---


@pytest.mark.proves("r337", "r324")
def test_usage_for_once_says_over_which_time_its_sample_was_taken() -> None:
    reports = new(report_request(every=0, grain=0))
    reports.record(read(-3, 900))
    reports.record(read(-2, 1234))
    (interval,) = take(reports, START).intervals
    assert (interval.start, interval.duration) == (START - 3 * SECOND, Duration(1))
    assert numbers(interval) == [("1234", QUALITY_GOOD)]


# --- the past ---


def history(start: datetime | None = None, lasts: int = 0, every: int = 0, grain: int = 0) -> ReportRequest:
    points = ("evse-1:history:P", "evse-1:history:E")
    return report_request(
        *points, specifier=HISTORY_SPECIFIER, start=start, lasts=lasts, every=every, grain=grain
    )


def measured(minutes: int) -> Reports:
    """One sample a minute up to START, each with the number of its minute as watts."""
    reports = Reports(RATINGS, SECOND)
    for minute in range(minutes):
        reports.record(read(60 * (minute - minutes + 1), watts=minute))
    return reports


@pytest.mark.proves("r317", "r325", "r337", "r342")
def test_a_history_without_end_is_all_since_its_start() -> None:
    reports = measured(100)
    reports.accept((history(START - 9 * MINUTE),), START)
    report = take(reports, START)
    assert (report.name, report.start) == ("HISTORY_USAGE", START - 9 * MINUTE)
    assert [one.start for one in report.intervals] == [START - count * MINUTE for count in range(9, -1, -1)]
    assert [numbers(one)[0][0] for one in report.intervals] == [str(watts) for watts in range(90, 100)]
    assert {one.duration for one in report.intervals} == {None}
    assert reports.orders == ()


@pytest.mark.proves("r325")
def test_a_part_of_a_history_is_what_lies_between_start_and_end() -> None:
    reports = measured(100)
    reports.accept((history(START - 50 * MINUTE, lasts=180),), START)
    report = take(reports, START)
    assert [one.start for one in report.intervals] == [START - count * MINUTE for count in (50, 49, 48, 47)]


def test_a_history_without_any_time_is_all_that_there_is_report_by_report() -> None:
    reports = measured(2000)
    reports.accept((history(),), START)
    told: list[datetime | None] = []
    while (report := reports.next_report(START)) is not None:
        reports.delivered(START)
        assert len(report.intervals) <= MAX_INTERVALS
        told.extend(one.start for one in report.intervals)
    assert told == [START - count * MINUTE for count in range(HISTORY // MINUTE, -1, -1)]


def test_a_coarser_history_leaves_values_out() -> None:
    reports = measured(100)
    reports.accept((history(START - 60 * MINUTE, grain=900),), START)
    report = take(reports, START)
    assert [one.start for one in report.intervals] == [
        START - count * MINUTE for count in (60, 45, 30, 15, 0)
    ]


@pytest.mark.proves("r318")
def test_of_a_time_before_the_program_began_the_history_says_that_it_knows_nothing() -> None:
    reports = measured(1)
    reports.accept((history(START - 60 * MINUTE, lasts=60),), START)
    (interval,) = take(reports, START).intervals
    assert numbers(interval) == [("0", QUALITY_BAD)] * 2
    assert interval.start == START - 59 * MINUTE


@pytest.mark.proves("r340", "r317")
@pytest.mark.parametrize(
    "request_", [history(every=60), history(grain=1), history(START, lasts=-60), history(grain=30)]
)
def test_a_history_is_told_once_and_not_finer_than_it_is_kept(request_: ReportRequest) -> None:
    with pytest.raises(PeerError) as refused:
        new(request_)
    assert refused.value.code == "454"


@pytest.mark.proves("r304")
def test_a_point_of_the_telemetry_is_none_of_the_history() -> None:
    with pytest.raises(PeerError) as refused:
        new(report_request("evse-1:P", specifier=ReportSpecifierId("HISTORY_USAGE"), every=0, grain=0))
    assert refused.value.code == "452"


def test_two_chargepoints_that_are_read_apart_are_told_apart() -> None:
    reports = new(report_request("evse-1:P", "evse-2:P", grain=0))
    reports.record(read(0))
    reports.record(Sample(EVSE_2, START + SECOND, None, Decimal(16)))
    first, second = take(reports, START + SECOND).intervals
    assert [first.start, second.start] == [START, START + SECOND]
