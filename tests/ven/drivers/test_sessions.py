import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ven.drivers.sessions import Unreadable, read

EXCERPT = Path(__file__).parents[3] / "examples" / "data" / "acn-sessions.csv"
HEADER = "site,station,arrival,departure,requested_kwh,delivered_kwh,estimated_departure\n"
GOOD = "jpl,A,2019-10-31T12:00:00Z,2019-10-31T14:00:00Z,8.0,6.5,2019-10-31T13:00:00Z\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "sessions.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_is_read_with_the_energy_that_the_car_took(tmp_path: Path) -> None:
    (session,) = read(written(tmp_path, HEADER + GOOD), "A")
    assert session.arrival == datetime(2019, 10, 31, 12, tzinfo=UTC)
    assert session.departure - session.arrival == timedelta(hours=2)
    assert session.needed_wh == Decimal(6500)


def test_the_stations_of_others_are_left_out_and_the_rest_is_in_order(tmp_path: Path) -> None:
    later = GOOD.replace("T12:", "T15:").replace("T14:", "T16:")
    path = written(tmp_path, HEADER + later + GOOD.replace(",A,", ",B,") + GOOD)
    assert [one.arrival.hour for one in read(path, "A")] == [12, 15]


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (GOOD.replace("2019-10-31T12:00:00Z", "noon"), "line 3: arrival is no time"),
        (GOOD.replace("12:00:00Z", "12:00:00"), "line 3: arrival has no time zone"),
        (GOOD.replace("T14:", "T11:"), "line 3: departure is not after arrival"),
        (GOOD.replace("6.5", "much"), "line 3: delivered_kwh is no number"),
        (GOOD.replace("6.5", "-1"), "line 3: delivered_kwh is not 0 or more"),
        (GOOD.replace("6.5", "NaN"), "line 3: delivered_kwh is not 0 or more"),
        (GOOD.replace(",A,", ",,"), "line 3: station is empty"),
        ("jpl,A\n", "line 3: arrival is no time"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, bad: str, complaint: str) -> None:
    path = written(tmp_path, HEADER + GOOD + bad)
    with pytest.raises(Unreadable) as refused:
        read(path, "A")
    assert str(refused.value) == f"{path}, {complaint}"


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="there is no column arrival, delivered_kwh, departure, station"):
        read(written(tmp_path, "x,y\n1,2\n"), "A")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(HEADER.encode() + b"\xff\xfe")
    with pytest.raises(Unreadable):
        read(binary, "A")


def test_a_station_that_nobody_came_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no car came to a station 'B'"):
        read(written(tmp_path, HEADER + GOOD), "B")


def test_two_cars_at_one_plug_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="two cars at once at A"):
        read(written(tmp_path, HEADER + GOOD + GOOD.replace("T12:", "T13:")), "A")


def test_every_station_of_the_excerpt_can_be_played_and_all_are_taken_at_once() -> None:
    with EXCERPT.open(encoding="utf-8", newline="") as file:
        stations = {row["station"] for row in csv.DictReader(file)}
    moment = datetime(2019, 10, 31, 15, tzinfo=UTC)
    taken = [
        station
        for station in stations
        if any(one.arrival <= moment < one.departure for one in read(EXCERPT, station))
    ]
    assert len(taken) == len(stations) == 52
