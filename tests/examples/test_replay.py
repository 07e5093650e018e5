"""Two days of the replay at some of the outlets, and its figures reckoned in another way."""

from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from examples.replay import page
from examples.replay.__main__ import main
from examples.replay.chart import svg
from examples.replay.course import QUARTER, Course, OutletCourse, Stay, course
from examples.replay.figures import NOISE_WH, SHORT_WH, Figures
from examples.replay.operator import Plan
from examples.replay.recording import DATA, ZONE, Outlet, days_from_first, outlets
from examples.replay.result import Result, replay
from oadr.wire.schema import Schema, installed_folder

DAYS = days_from_first(2)
PLAN = Plan.of(Decimal(40), time(7), timedelta(hours=3), DAYS)
MOST_WH = Decimal("12.8") * 230 / 4
"""In a quarter of an hour at 40 % of 32 A."""
VOLTS, AMPS = 230, 32
SVG = "{http://www.w3.org/2000/svg}"


@cache
def some() -> tuple[Outlet, ...]:
    """Of both workplaces."""
    return outlets(DATA, len(DAYS))[::10]


@cache
def schema() -> Schema:
    folder = installed_folder()
    assert folder
    return Schema(folder)


@cache
def result() -> Result:
    (only,) = replay(some(), [PLAN], DAYS, 1, schema())
    return only


def pairs() -> list[tuple[OutletCourse, OutletCourse]]:
    comparison = result().comparison
    return list(zip(comparison.without.outlets, comparison.shifted.outlets, strict=True))


def stays() -> list[tuple[Stay, Stay]]:
    return [both for one, other in pairs() for both in zip(one.stays, other.stays, strict=True)]


def ran(plan: Plan, seed: int = 1) -> Course:
    return course(some(), plan, DAYS, seed, schema())


def reckoned_wh(stay: Stay) -> float:
    """What a car takes that nobody limits, in steps of five seconds and with floats."""
    session = stay.session
    need = left = float(session.needed_wh)
    for _ in range(int((session.departure - session.arrival).total_seconds()) // 5):
        amps = min(AMPS, max(AMPS * left / (need * 0.2), 1)) if left > 0 else 0
        left = max(0.0, left - amps * VOLTS * 5 / 3600)
    return need - left


def test_without_events_every_car_takes_what_a_plain_sum_gives() -> None:
    assert len(stays()) > 15
    for stay, _ in stays():
        assert stay.taken_wh == pytest.approx(reckoned_wh(stay), rel=0.01, abs=20)
        assert stay.taken_wh <= stay.session.needed_wh + 1


def test_an_event_that_allows_everything_changes_nothing() -> None:
    everything = ran(replace(PLAN, percent=Decimal(100)))
    assert everything.agreed == 4
    assert everything.outlets == ran(PLAN.without_events()).outlets == result().comparison.without.outlets


def test_what_the_meters_show_is_what_the_cars_took() -> None:
    for both in pairs():
        for each in both:
            assert sum(each.quarters_wh) == sum(stay.taken_wh for stay in each.stays)


def test_no_car_takes_more_because_of_an_event() -> None:
    assert all(other.taken_wh <= one.taken_wh + 10 for one, other in stays())


def test_both_sites_agree_and_every_outlet_keeps_to_its_limit() -> None:
    shifted = result().comparison.shifted
    assert shifted.agreed == 2 * len(PLAN.days)
    limited = 0
    for day in PLAN.days:
        begin, end = PLAN.window(day)
        assert begin.astimezone(ZONE).time() == PLAN.begins
        for each in shifted.outlets:
            # a start is drawn from ten minutes
            held = each.quarters_wh[shifted.quarter(begin + QUARTER) : shifted.quarter(end)]
            assert all(watt_hours <= MOST_WH + 1 for watt_hours in held)
            limited += sum(watt_hours >= MOST_WH - 1 for watt_hours in held)
    assert limited > 20


def test_the_figures_are_those_of_another_reckoning() -> None:
    total = result().total
    less = [one.taken_wh - other.taken_wh for one, other in stays()]
    assert total.cars == len(less)
    assert total.missing_kwh == pytest.approx(sum(less) / 1000)
    assert total.without_kwh - total.with_kwh == pytest.approx(total.missing_kwh)
    assert total.cars_short == sum(wh >= SHORT_WH for wh in less)
    # what is taken away and what comes later are all the differences; only what is missing does not come later
    differences = [
        abs(before - after)
        for one, other in pairs()
        for before, after in zip(one.quarters_wh, other.quarters_wh, strict=True)
        if abs(before - after) > NOISE_WH
    ]
    assert total.moved_kwh == pytest.approx((sum(differences) - sum(less)) / 2000, abs=0.1)
    assert 0 < total.moved_kwh < total.without_kwh


def test_the_peaks_are_those_of_the_sum_of_all_meters() -> None:
    comparison, total = result().comparison, result().total
    loads = []
    for each in (comparison.without, comparison.shifted):
        length = len(each.outlets[0].quarters_wh)
        loads.append([sum(one.quarters_wh[at] for one in each.outlets) / 250 for at in range(length)])
    until = comparison.without.quarter(PLAN.window(PLAN.days[-1])[0]) + (24 - PLAN.begins.hour) * 4
    assert total.peak_without_kw == pytest.approx(max(loads[0][:until]))
    assert total.peak_with_kw == pytest.approx(max(loads[1][:until]))
    assert total.peak_in_window_with_kw < total.peak_in_window_without_kw
    assert total.rebound_kw <= total.peak_with_kw


def test_days_add_up() -> None:
    comparison = result().comparison
    each: list[Figures] = [comparison.of([day]) for day in DAYS]
    total = result().total
    assert sum(one.cars for one in each) == total.cars
    assert sum(one.cars_touched for one in each) == total.cars_touched
    assert sum(one.moved_kwh for one in each) == pytest.approx(total.moved_kwh)


def test_a_seed_is_the_same_replay_each_time_and_another_is_another() -> None:
    shifted = result().comparison.shifted
    assert ran(PLAN) == shifted
    assert ran(PLAN, seed=2).outlets != shifted.outlets


def test_at_weekends_nothing_is_shifted() -> None:
    assert [day.weekday() for day in Plan.of(Decimal(40), time(7), QUARTER, days_from_first(7)).days] == [
        *range(5)
    ]


def test_the_drawing_is_sound_xml_that_says_what_it_shows() -> None:
    drawing = replace(result().drawing(), title="Power & <load>")
    root = etree.fromstring(svg(drawing).encode())
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title") == "Power & <load>"
    assert root.findtext(f"{SVG}desc") == drawing.description
    lines = [path.get("d", "") for path in root.iter(f"{SVG}path") if "L" in path.get("d", "")]
    assert [line.count("L") + 1 for line in lines] == [96, 96]
    for line in lines:
        points = [point.split() for point in line.removeprefix("M").split("L")]
        assert all(0 < float(x) < 860 and 0 < float(y) < 430 for x, y in points)


def test_a_drawing_of_a_night_without_cars_is_one_too() -> None:
    still = replace(result().drawing(), without=(0.0,) * 96, shifted=(0.0,) * 96)
    etree.fromstring(svg(still).encode())


def test_the_page_keeps_what_was_written_by_hand() -> None:
    written = (page.FOLDER / page.PAGE).read_text(encoding="utf-8")
    before, after = written.split(page.BEGIN)[0], written.split(page.END)[1]
    renewed = page.filled(written, page.figures([result()]))
    assert renewed.startswith(before)
    assert renewed.endswith(after)
    assert page.filled(renewed, page.figures([result()])) == renewed
    with pytest.raises(page.NoMarkers):
        page.filled("a page of its own", "figures")


def test_page_and_picture_in_the_repository_are_of_one_replay() -> None:
    root = etree.fromstring((page.FOLDER / page.PICTURE).read_bytes())
    described = root.findtext(f"{SVG}desc")
    assert described
    assert f"![{described}]({page.PICTURE})" in (page.FOLDER / page.PAGE).read_text(encoding="utf-8")


def test_the_day_of_the_demo_is_one_of_the_four_weeks() -> None:
    def rows(path: Path) -> set[str]:
        return set(path.read_text(encoding="utf-8").splitlines())

    demo = rows(DATA.with_name("acn-sessions.csv"))
    assert len(demo) == 80
    assert demo <= rows(DATA)
    assert date(2019, 10, 31) in days_from_first(28)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--days", "29"),
        ("--days", "0"),
        ("--percent", "101"),
        ("--percent", "much"),
        ("--for", "13h"),
        ("--from", "25:00"),
        ("--docs", "--days=3"),
    ],
)
def test_what_cannot_be_replayed_is_refused_at_once(
    wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err
