"""Reports: what is offered, when they are due, and what is in them."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from oadr.wire import envelope
from oadr.wire.errors import PeerError
from oadr.wire.ids import ReportRequestId, ReportSpecifierId, RequestId
from oadr.wire.messages import RegisterReport, UpdateReport
from oadr.wire.messages.common import UnitKind
from oadr.wire.messages.report import METADATA, QUALITY_BAD, QUALITY_GOOD, Report, ReportRequest
from oadr.wire.scalars import Duration
from oadr.wire.schema import Schema, installed_folder
from tests.ven.stage import EVSE_1, EVSE_2, MINUTE, RATINGS, SECOND, report_request
from tests.ven.virtual import START
from ven.driver import Measurement
from ven.points import LIMIT_SPECIFIER
from ven.reports import MAX_INTERVALS, MAX_ORDERS, Reports
from ven.samples import Sample


def new() -> Reports:
    return Reports(RATINGS, SECOND)


def accept(reports: Reports, *requests: ReportRequest, now: datetime = START) -> None:
    reports.accept(requests, now)


def sample(second: float, watts: int | None = 100, amps: str = "6.4") -> Sample:
    measured = None
    if watts is not None:
        measured = Measurement((Decimal(amps),) * 3, Decimal(watts), Decimal(5000 + watts))
    return Sample(EVSE_1, START + timedelta(seconds=second), measured, Decimal("12.8"))


def measure(reports: Reports, seconds: range, watts: int | None = 100) -> None:
    for second in seconds:
        reports.record(sample(second, watts))


def values(report: Report) -> list[tuple[str, str]]:
    """Value and quality of the first point, interval by interval."""
    return [
        (str(one.payloads[0].value.value), str(one.payloads[0].quality))  # type: ignore[union-attr]
        for one in report.intervals
    ]


def take(reports: Reports, now: datetime) -> Report:
    report = reports.next_report(now)
    assert report is not None
    reports.delivered(now)
    return report


# --- what is offered ---


@pytest.mark.proves("r305", "r307", "r308", "r311", "r312", "r333")
def test_the_offer_describes_every_point_and_holds_no_value() -> None:
    offers = {one.name: one for one in new().metadata(START)}
    assert {name: offer.specifier_id for name, offer in offers.items()} == {
        "METADATA_TELEMETRY_USAGE": "TELEMETRY_USAGE",
        "METADATA_TELEMETRY_STATUS": "TELEMETRY_STATUS",
        "METADATA_HISTORY_USAGE": "HISTORY_USAGE",
        "x-METADATA_LIMIT": "x-LIMIT",
    }
    described = [one for offer in offers.values() for one in offer.descriptions]
    assert [one.r_id for one in described if one.r_id.startswith("evse-1")] == [
        *("evse-1:P", "evse-1:E", "evse-1:ST", "evse-1:history:P", "evse-1:history:E"),
        *("evse-1:I1", "evse-1:I2", "evse-1:I3", "evse-1:SET", "evse-1:DEV"),
    ]
    assert len({one.r_id for one in described}) == len(described)
    assert {one.subject for one in described} == {None}
    for offer in offers.values():
        assert (offer.intervals, offer.start, offer.report_id, offer.request_id) == ((), None, None, "0")
        assert offer.duration
        rates = [one.sampling_rate for one in offer.descriptions if one.sampling_rate]
        assert len(rates) == len(offer.descriptions)
        assert all(rate.max_period.span <= offer.duration.span for rate in rates)


@pytest.mark.proves("r331")
def test_the_well_known_reports_have_the_points_that_are_theirs() -> None:
    usage, status, history, _ = new().metadata(START)
    for offer in (usage, history):
        assert {one.unit.kind for one in offer.descriptions if one.unit} == {
            UnitKind.POWER_REAL,
            UnitKind.ENERGY_REAL,
        }
        assert {(one.report_type, one.reading_type) for one in offer.descriptions} == {
            ("usage", "Direct Read")
        }
    assert {(one.report_type, one.reading_type, one.unit) for one in status.descriptions} == {
        ("x-resourceStatus", "x-notApplicable", None)
    }


@pytest.mark.proves("r313", "r314", "r315", "r316", "r330", "r342")
def test_offers_and_reports_are_valid_by_the_official_schema() -> None:
    folder = installed_folder()
    assert folder
    schema = Schema(folder)
    reports = new()
    accept(reports, report_request("evse-1:P", "evse-2:P"))
    accept(reports, report_request("evse-1:I1", "evse-1:SET", request_id="RR2", specifier=LIMIT_SPECIFIER))
    measure(reports, range(1, 61))
    update = UpdateReport(request_id=RequestId("R1"), reports=(take(reports, START), take(reports, START)))
    offer = RegisterReport(request_id=RequestId("R1"), reports=reports.metadata(START))
    for message in (update, offer):
        assert envelope.read(envelope.write(message), schema, limit=envelope.REPORT_LIMIT) == message
    points, means = update.reports
    assert points.name == "TELEMETRY_USAGE"
    assert not points.descriptions
    assert points.start == points.intervals[0].start
    assert all(one.start for report in update.reports for one in report.intervals)
    assert all(one.duration is None for one in points.intervals)
    assert all(one.duration == Duration(10) for one in means.intervals)


# --- what is taken and refused ---


@pytest.mark.proves("r340", "VE21")
@pytest.mark.parametrize(
    "request_",
    [
        report_request(grain=-1),
        report_request(every=-60),
        report_request(every=60, grain=61),
        report_request(start=START - 60 * MINUTE, lasts=60),
        report_request(start=START, lasts=-60),
    ],
)
def test_more_than_is_offered_is_refused_by_454(request_: ReportRequest) -> None:
    reports = new()
    with pytest.raises(PeerError) as refused:
        accept(reports, request_)
    assert refused.value.code == "454"
    assert reports.orders == ()


def test_faster_than_the_meter_is_read_is_more_than_is_offered() -> None:
    reports = Reports(RATINGS, 5 * SECOND)
    for request in (report_request(grain=4), report_request(every=4, grain=0)):
        with pytest.raises(PeerError) as refused:
            accept(reports, request)
        assert refused.value.code == "454"


@pytest.mark.proves("VE21")
def test_a_period_in_months_is_refused_when_it_is_asked_for_and_not_when_it_is_due() -> None:
    months = ReportRequest(
        request_id=ReportRequestId("RR1"),
        specifier_id=report_request().specifier_id,
        granularity=Duration(10),
        report_back=Duration(months=1),
        points=report_request().points,
    )
    with pytest.raises(PeerError):
        accept(new(), months)


@pytest.mark.proves("VE21")
def test_nobody_can_schedule_reports_without_end() -> None:
    reports = new()
    accept(reports, *(report_request(request_id=f"RR{count}") for count in range(MAX_ORDERS)))
    with pytest.raises(PeerError) as refused:
        accept(reports, report_request(request_id="one too many"))
    assert refused.value.code == "454"
    assert len(reports.orders) == MAX_ORDERS


@pytest.mark.proves("r304")
@pytest.mark.parametrize(
    "request_",
    [
        report_request("evse-9:P"),
        report_request("evse-1:P", "0"),
        report_request(specifier=ReportSpecifierId("HISTORY")),
        report_request("evse-1:P", specifier=LIMIT_SPECIFIER),
    ],
)
def test_unknown_specifiers_and_points_are_refused_by_452(request_: ReportRequest) -> None:
    reports = new()
    with pytest.raises(PeerError) as refused:
        accept(reports, report_request(request_id="good"), request_)
    assert refused.value.code == "452"
    assert reports.orders == ()


@pytest.mark.proves("r336", "r329")
def test_cancelling_what_is_unknown_is_refused_and_what_is_known_is_dropped() -> None:
    reports = new()
    accept(reports, *(report_request(request_id=name) for name in ("RR1", "RR2", "RR3")))
    assert reports.pending().request_ids == ("RR1", "RR2", "RR3")
    reports.cancel([ReportRequestId("RR2")])
    assert reports.pending().request_ids == ("RR1", "RR3")
    with pytest.raises(PeerError) as refused:
        reports.cancel([ReportRequestId("RR1"), ReportRequestId("RR9")])
    assert refused.value.code == "452"
    assert reports.pending().request_ids == ("RR3",)


@pytest.mark.proves("r329")
def test_what_is_scheduled_outlives_the_program_unless_its_chargepoint_is_gone() -> None:
    reports = new()
    wish = report_request("0", request_id="RR3", specifier=METADATA, every=60, grain=0)
    accept(reports, report_request(), report_request("evse-2:P", request_id="RR2"), wish)
    again = Reports({EVSE_1: RATINGS[EVSE_1]}, SECOND, reports.orders)
    assert again.pending().request_ids == ("RR1", "RR3")


# --- when ---


@pytest.mark.proves("r324", "r325")
def test_periodic_reports_are_due_at_the_start_and_each_full_period_after_it() -> None:
    reports = new()
    start = START + timedelta(seconds=7)
    accept(reports, report_request(start=start))
    dues = []
    for _ in range(4):
        due = reports.next_due()
        assert due is not None
        dues.append((due - start).total_seconds())
        take(reports, due + timedelta(seconds=3))
    assert dues == [0, 60, 120, 180]


@pytest.mark.proves("r324")
def test_a_start_in_the_past_keeps_its_grid_and_the_first_report_is_about_all_since_the_request() -> None:
    reports = new()
    accept(reports, report_request(start=START - timedelta(seconds=103)))
    assert reports.next_due() == START + timedelta(seconds=17)
    measure(reports, range(1, 18))
    report = take(reports, START + timedelta(seconds=17))
    assert [one.start for one in report.intervals] == [START + timedelta(seconds=s) for s in (7, 17)]


@pytest.mark.proves("r325", "r341")
def test_the_last_report_is_the_first_one_at_or_after_the_end() -> None:
    reports = new()
    accept(reports, report_request(start=START, lasts=130))
    for second in (0, 60, 120, 180):
        assert reports.next_due() == START + timedelta(seconds=second)
        take(reports, START + timedelta(seconds=second))
    assert reports.orders == ()


@pytest.mark.proves("r324", "r337")
def test_a_report_for_once_is_made_at_once_with_the_latest_sample_and_then_forgotten() -> None:
    reports = new()
    accept(reports, report_request(every=0, grain=900, start=START + 60 * MINUTE), now=START)
    measure(reports, range(-5, -1), 900)
    measure(reports, range(-1, 0), 1234)
    report = take(reports, START)
    assert values(report) == [("1234", QUALITY_GOOD)]
    assert reports.orders == ()


def test_a_period_that_its_intervals_do_not_divide_does_not_hang() -> None:
    reports = new()
    accept(reports, report_request(every=60, grain=45))
    moments = []
    for _ in range(5):
        due = reports.next_due()
        assert due is not None
        take(reports, due)
        moments.append((due - START).total_seconds())
    assert moments == [0, 60, 120, 180, 240]


@pytest.mark.proves("F10")
def test_reports_go_on_when_the_clock_is_set_back() -> None:
    reports = new()
    accept(reports, report_request())
    take(reports, START)
    reports.set_back(timedelta(days=1))
    assert reports.next_due() == START - timedelta(days=1) + MINUTE


# --- what is in them ---


@pytest.mark.proves("r300", "r313", "r314", "r318", "VE10", "P15")
def test_each_interval_has_its_own_samples_and_a_missing_value_is_called_bad() -> None:
    reports = new()
    accept(reports, report_request("evse-1:P", "evse-2:P", grain=20))
    take(reports, START)
    measure(reports, range(1, 21), 100)
    measure(reports, range(21, 41), None)
    measure(reports, range(41, 61), 300)
    report = take(reports, START + MINUTE)
    assert values(report) == [("100", QUALITY_GOOD), ("0", QUALITY_BAD), ("300", QUALITY_GOOD)]
    assert [one.start for one in report.intervals] == [START + timedelta(seconds=s) for s in (20, 40, 60)]
    assert [len(one.payloads) for one in report.intervals] == [2, 2, 2]
    assert {one.payloads[1].quality for one in report.intervals} == {QUALITY_BAD}


def test_currents_are_means_over_their_interval_and_the_set_point_is_the_last() -> None:
    reports = new()
    accept(reports, report_request("evse-1:I2", "evse-1:SET", specifier=LIMIT_SPECIFIER, grain=60))
    take(reports, START)
    for second, amps in ((10, "6"), (20, "10"), (30, "20")):
        reports.record(sample(second, amps=amps))
    (interval,) = take(reports, START + MINUTE).intervals
    assert (interval.start, interval.duration) == (START, Duration(60))
    assert [str(one.value.value) for one in interval.payloads] == ["12.00", "12.8"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("limit", "amps", "said"),
    [
        ("12.8", "20", ("7.2", QUALITY_GOOD)),
        ("12.8", "10", ("-2.8", QUALITY_GOOD)),
        ("32", "20", ("0", QUALITY_BAD)),
        ("12.8", None, ("0", QUALITY_BAD)),
    ],
)
def test_the_deviation_is_from_the_limit_and_there_is_none_without_one(
    limit: str, amps: str | None, said: tuple[str, str]
) -> None:
    reports = new()
    accept(reports, report_request("evse-1:DEV", specifier=LIMIT_SPECIFIER, grain=60))
    take(reports, START)
    seen = sample(30, None) if amps is None else sample(30, amps=amps)
    reports.record(replace(seen, limit_amps=Decimal(limit)))
    assert values(take(reports, START + MINUTE)) == [said]


@pytest.mark.proves("r346")
def test_what_was_not_delivered_is_in_the_next_report() -> None:
    reports = new()
    accept(reports, report_request(grain=60))
    take(reports, START)
    for minute in range(5):
        measure(reports, range(minute * 60 + 1, minute * 60 + 61), 100 + minute)
        if minute < 4:
            assert reports.next_report(START + (minute + 1) * MINUTE) is not None  # lost
    report = take(reports, START + 5 * MINUTE)
    assert [value for value, _ in values(report)] == ["100", "101", "102", "103", "104"]
    assert reports.next_due() == START + 6 * MINUTE


@pytest.mark.proves("r346")
def test_an_outage_is_caught_up_with_report_by_report_as_far_as_the_buffer_reaches() -> None:
    reports = new()
    accept(reports, report_request())
    take(reports, START)
    measure(reports, range(1, 2 * 3600 + 1))
    now = START + timedelta(hours=2)
    lengths, starts = [], []
    while (due := reports.next_due()) is not None and due <= now:
        report = take(reports, now)
        lengths.append(len(report.intervals))
        starts.append(report.start)
    assert lengths == [MAX_INTERVALS] * 3
    assert starts[0] == now - timedelta(hours=1) + timedelta(seconds=10)
    assert reports.next_due() == now + MINUTE


@pytest.mark.proves("r345")
def test_a_last_report_reaches_up_to_now() -> None:
    reports = new()
    accept(reports, report_request())
    take(reports, START)
    measure(reports, range(1, 31), 77)
    (report,) = reports.last_reports([ReportRequestId("RR1")], START + timedelta(seconds=30))
    assert values(report) == [("77", QUALITY_GOOD)] * 3


def test_a_report_of_many_points_stays_within_what_a_vtn_reads() -> None:
    ratings = {type(EVSE_1)(f"evse-{count}"): rating for count in range(60) for rating in [RATINGS[EVSE_2]]}
    reports = Reports(ratings, SECOND)
    every_point = tuple(f"{resource}:{suffix}" for resource in ratings for suffix in ("P", "E"))
    accept(reports, report_request(*every_point))
    take(reports, START)
    report = take(reports, START + timedelta(hours=1))
    update = UpdateReport(request_id=RequestId("R1"), reports=(report,))
    assert 100_000 < len(envelope.write(update)) < envelope.REPORT_LIMIT


def test_a_report_that_is_on_its_way_when_the_clock_is_set_back_is_not_made_again() -> None:
    reports = new()
    accept(reports, report_request(every=0))
    assert reports.next_report(START)
    reports.set_back(timedelta(minutes=5))
    reports.delivered(START - timedelta(minutes=5))
    assert reports.orders == ()
