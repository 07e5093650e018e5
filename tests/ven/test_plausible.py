"""What no meter can have seen is not believed; all that one can is."""

from decimal import Decimal

import pytest

from tests.ven.stage import RATING
from ven.driver import Measurement
from ven.plausible import STUCK_FOR, STUCK_WH, Plausibility


def reading(amps: str, register: str = "5", watts: str | None = None) -> Measurement:
    shown = Decimal(amps) * 690 if watts is None else Decimal(watts)
    return Measurement((Decimal(amps),) * 3, shown, Decimal(register))


@pytest.mark.proves("VE10")
@pytest.mark.parametrize(
    ("amps", "watts", "believed"),
    [
        ("0", None, True),
        ("-0.5", None, True),
        ("-0.6", None, False),
        ("64", None, True),
        ("64.1", None, False),
        ("10", "50000", False),
        ("10", "-50000", False),
    ],
)
def test_only_what_a_chargepoint_can_carry_is_believed(amps: str, watts: str | None, believed: bool) -> None:
    assert Plausibility(RATING).believes(reading(amps, watts=watts), 1.0) is believed


def course(*looks: tuple[float, str, str]) -> list[bool]:
    """Of looks at a second, an ampere value and a register."""
    meter = Plausibility(RATING)
    return [meter.believes(reading(amps, register), at) for at, amps, register in looks]


@pytest.mark.proves("VE10")
def test_a_register_that_stands_while_power_flows_gives_a_meter_away_until_it_moves() -> None:
    assert course((0, "10", "5"), (60, "10", "5"), (STUCK_FOR, "10", "5"), (91, "10", "6")) == [
        True,
        True,
        False,
        True,
    ]


def test_a_register_may_stand_where_little_flows_and_where_there_is_none() -> None:
    """6 A on three phases are 4140 W: 100 Wh take a minute and a half; 1 A leaves ten minutes."""
    assert all(course((0, "0", "5"), (9000, "0", "5")))
    assert all(course((0, "1", "5"), (500, "1", "5")))
    assert all(course((0, "10", "0"), (9000, "10", "0")))
    assert STUCK_WH == 100


def test_a_new_meter_begins_with_another_register() -> None:
    assert all(course((0, "10", "50000"), (60, "10", "7"), (120, "10", "150")))
