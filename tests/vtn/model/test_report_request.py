"""How often reports are wanted."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr.wire.ids import ReportSpecifierId, ResourceId, RId, VenId
from oadr.wire.messages import report as wire
from vtn.model.reading import Point, Quantity, Rate
from vtn.model.report_request import STATES_EVERY, Rhythm, rhythm

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
PLAIN = Point(
    ven_id=VenId("home"),
    specifier_id=ReportSpecifierId("usage"),
    r_id=RId("evse:P"),
    reading_type=wire.DIRECT_READ,
    resource_id=ResourceId("evse"),
    quantity=Quantity.POWER,
    factor=Decimal(1),
)


def point(
    shortest: float, longest: float, *, on_change: bool = False, quantity: Quantity = Quantity.POWER
) -> Point:
    rate = Rate(timedelta(seconds=shortest), timedelta(seconds=longest), on_change)
    return replace(PLAIN, rate=rate, quantity=quantity)


@pytest.mark.proves("r300", "r317")
@pytest.mark.parametrize(
    ("points", "granularity", "report_back"),
    [
        ((PLAIN,), 10, 10),
        ((point(1, 3600),), 10, 10),
        ((point(1, 5),), 5, 10),
        ((point(60, 3600),), 60, 60),
        ((point(0, 0),), 10, 10),
        ((point(1, 3600), point(30, 3600)), 30, 30),
        ((point(1, 3600, on_change=True),), 10, 10),
    ],
)
def test_values_come_as_often_as_we_would_like_within_what_is_offered(
    points: tuple[Point, ...], granularity: int, report_back: int
) -> None:
    wanted = Rhythm(timedelta(seconds=granularity), timedelta(seconds=report_back))
    assert rhythm(points, 10 * SECOND) == wanted


@pytest.mark.proves("r317")
def test_states_come_on_change_if_that_is_offered_and_never_faster_than_by_the_minute() -> None:
    state = Quantity.STATE
    on_change = (point(1, 3600, on_change=True, quantity=state),)
    assert rhythm(on_change, 10 * SECOND) == Rhythm(timedelta(), STATES_EVERY)
    assert rhythm(on_change, 5 * MINUTE) == Rhythm(timedelta(), 5 * MINUTE)
    assert rhythm((point(1, 3600, quantity=state),), 10 * SECOND) == Rhythm(MINUTE, MINUTE)
    assert rhythm((replace(PLAIN, quantity=state),), 10 * SECOND) == Rhythm(MINUTE, MINUTE)
