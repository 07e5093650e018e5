"""Percent, watts and amps on one chargepoint."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging import electricity
from oadr.charging.electricity import Rating
from oadr.wire.errors import Invalid, ResponseCode

VOLTS = Decimal(230)

# Amps at 10, 20 ... 100 %; then the lowest percent that does not pause, at steps of 10, 5, 2 and 1.
TABLE = {
    10: ("0 0 0 0 0 6.0 7.0 8.0 9.0 10.0", (60, 60, 60, 60)),
    13: ("0 0 0 0 6.5 7.8 9.1 10.4 11.7 13.0", (50, 50, 48, 47)),
    16: ("0 0 0 6.4 8.0 9.6 11.2 12.8 14.4 16.0", (40, 40, 38, 38)),
    20: ("0 0 6.0 8.0 10.0 12.0 14.0 16.0 18.0 20.0", (30, 30, 30, 30)),
    25: ("0 0 7.5 10.0 12.5 15.0 17.5 20.0 22.5 25.0", (30, 25, 24, 24)),
    32: ("0 6.4 9.6 12.8 16.0 19.2 22.4 25.6 28.8 32.0", (20, 20, 20, 19)),
}


def digits(least: str, most: str) -> st.SearchStrategy[Decimal]:
    """Numbers as senders write them: some short, some with more digits than Python's own context keeps."""
    short = st.decimals(Decimal(least), Decimal(most), places=3, allow_nan=False)
    long = st.decimals(Decimal(least), Decimal(most), places=36, allow_nan=False)
    return short | long


shares = digits("0", "1")
ratings = st.builds(
    Rating,
    amps=st.decimals(Decimal(6), Decimal(125), places=1),
    phases=st.sampled_from((1, 2, 3)),
    step=st.sampled_from((10, 5, 2, 1)),
)


def rating(amps: int | str, phases: int = 1, step: int = 10) -> Rating:
    return Rating(Decimal(amps), phases, step)


@pytest.mark.proves("W07", "W46", "W59")
@pytest.mark.parametrize(
    ("rated", "percent", "amps"),
    [
        (rated, percent, amps)
        for rated, (row, _) in TABLE.items()
        for percent, amps in zip(range(10, 101, 10), row.split(), strict=True)
    ],
)
def test_each_step_of_ten_percent_gives_its_amps(rated: int, percent: int, amps: str) -> None:
    allowed = electricity.from_share(Decimal(percent) / 100, rating(rated))
    assert str(allowed.amps) == amps


@pytest.mark.proves("W07", "W59")
@pytest.mark.parametrize(
    ("rated", "step", "percent"),
    [
        (rated, step, percent)
        for rated, (_, lowest) in TABLE.items()
        for step, percent in zip((10, 5, 2, 1), lowest, strict=True)
    ],
)
def test_the_lowest_step_that_does_not_pause(rated: int, step: int, percent: int) -> None:
    at = rating(rated, step=step)
    assert electricity.lowest_usable_percent(at) == percent
    assert electricity.from_share(Decimal(percent) / 100, at).amps >= 6
    assert electricity.from_share(Decimal(percent - step) / 100, at).amps == 0


@pytest.mark.proves("W07")
def test_none_and_all_are_exact() -> None:
    assert electricity.from_share(Decimal(0), rating(16)).amps == 0
    assert electricity.from_share(Decimal(1), rating(16)).amps == 16


@pytest.mark.parametrize(
    ("share", "step", "percent"),
    [("0.29", 1, 29), ("0.57", 1, 57), ("0.58", 2, 58), ("0.7", 10, 70), ("0.699", 10, 60), ("0.99", 5, 95)],
)
def test_no_share_loses_a_step_to_arithmetic(share: str, step: int, percent: int) -> None:
    allowed = electricity.from_share(Decimal(share), rating(100, step=step))
    assert allowed.percent == percent


@pytest.mark.parametrize("share", ["0.3999999999999999999999999999999", "0." + "39" + "9" * 60])
def test_no_share_gains_a_step_by_its_many_digits(share: str) -> None:
    assert electricity.from_share(Decimal(share), rating(16)).amps == 0


def test_what_is_shown_as_applied_is_after_the_pause() -> None:
    allowed = electricity.from_share(Decimal("0.35"), rating(16))
    assert allowed.amps == allowed.percent == 0
    assert allowed.requested == 35


def test_percents_have_one_decimal_and_are_rounded_down_like_the_amps() -> None:
    allowed = electricity.from_amps(Decimal("7.77"), rating(13))
    assert (str(allowed.amps), str(allowed.percent), str(allowed.requested)) == ("7.7", "59.2", "59.7")


@pytest.mark.parametrize("share", ["-0.01", "1.01", "100", "-1E-39"])
def test_a_share_outside_of_0_to_1_is_refused(share: str) -> None:
    with pytest.raises(Invalid) as refusal:
        electricity.from_share(Decimal(share), rating(16))
    assert refusal.value.code is ResponseCode.INVALID_VALUE


def test_a_negative_import_is_refused() -> None:
    with pytest.raises(Invalid) as amps:
        electricity.from_amps(Decimal("-0.1"), rating(16))
    with pytest.raises(Invalid) as power:
        electricity.from_watts(Decimal(-1), rating(16), VOLTS)
    assert amps.value.code is power.value.code is ResponseCode.INVALID_VALUE


@pytest.mark.proves("W46")
@pytest.mark.parametrize(
    ("watts", "rated", "phases", "volts", "amps"),
    [
        ("4200", "16", 3, "230", "6.0"),
        ("4200", "32", 3, "253", "0"),  # 5.5 A
        ("4200", "32", 3, "234", "0"),  # 5.9 A
        ("4200", "32", 1, "230", "18.2"),
        ("4200", "16", 1, "230", "16.0"),  # above the rating
        ("1380", "16", 1, "230", "6.0"),
        ("1379", "16", 1, "230", "0"),
        ("1517.9", "16", 1, "253", "0"),
        ("1518", "16", 1, "253", "6.0"),
        ("0", "16", 1, "230", "0"),
        ("4139." + "9" * 40, "16", 3, "230", "0"),
        ("1E39", "16", 3, "230", "16.0"),
    ],
)
def test_watts_become_amps_without_steps(watts: str, rated: str, phases: int, volts: str, amps: str) -> None:
    allowed = electricity.from_watts(Decimal(watts), rating(rated, phases), Decimal(volts))
    assert str(allowed.amps) == amps


def test_more_than_the_rating_is_allowed_and_clipped() -> None:
    allowed = electricity.from_amps(Decimal(32), rating(16))
    assert allowed.amps == 16
    assert allowed.percent == 100
    assert allowed.requested == 200


@pytest.mark.parametrize(
    ("amps", "phases", "step"), [("5.9", 1, 10), ("0", 1, 10), ("16", 0, 10), ("16", 4, 10), ("16", 3, 20)]
)
def test_a_rating_that_no_chargepoint_has_is_a_mistake(amps: str, phases: int, step: int) -> None:
    with pytest.raises(ValueError, match="a rating has"):
        rating(amps, phases, step)


@pytest.mark.proves("W07")
@given(share=shares, at=ratings)
def test_a_share_is_never_exceeded(share: Decimal, at: Rating) -> None:
    allowed = electricity.from_share(share, at)
    assert allowed.amps <= share * at.amps
    assert allowed.percent <= share * 100


@pytest.mark.proves("W59")
@given(share=shares, power=digits("0", "90000"), amps=digits("0", "130"), at=ratings)
def test_no_order_gives_a_current_that_the_pilot_signal_does_not_know(
    share: Decimal, power: Decimal, amps: Decimal, at: Rating
) -> None:
    for allowed in (
        electricity.from_share(share, at),
        electricity.from_watts(power, at, VOLTS),
        electricity.from_amps(amps, at),
    ):
        assert allowed.amps == 0 or 6 <= allowed.amps <= at.amps
        assert allowed.amps == round(allowed.amps, 1)


@pytest.mark.proves("W07")
@given(pair=st.tuples(shares, shares), at=ratings)
def test_a_smaller_share_never_gives_more(pair: tuple[Decimal, Decimal], at: Rating) -> None:
    less, more = (electricity.from_share(share, at) for share in sorted(pair))
    assert less.amps <= more.amps
    assert less.percent <= more.percent


@given(power=digits("0", "90000"), at=ratings, volts=st.sampled_from(("230", "253", "241.7")))
def test_a_power_is_never_exceeded_and_missed_by_less_than_a_tenth_of_an_amp(
    power: Decimal, at: Rating, volts: str
) -> None:
    allowed = electricity.from_watts(power, at, Decimal(volts))
    flows = electricity.watts(allowed.amps, at, Decimal(volts))
    assert flows <= power
    if 6 <= allowed.amps < at.amps:
        assert electricity.watts(allowed.amps + Decimal("0.1"), at, Decimal(volts)) > power


@given(
    tenths=st.integers(60, 1250), phases=st.sampled_from((1, 2, 3)), volts=st.sampled_from(("230", "241.7"))
)
def test_watts_of_a_limit_are_exactly_that_limit_again(tenths: int, phases: int, volts: str) -> None:
    at, amps = rating(125, phases), Decimal(tenths) / 10
    power = electricity.watts(amps, at, Decimal(volts))
    assert electricity.from_watts(power, at, Decimal(volts)).amps == amps
    assert electricity.amps(power, at, Decimal(volts)) == amps
