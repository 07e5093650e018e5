import pytest

from ven.daemon.rate import Rate, rate


@pytest.mark.proves("W112")
@pytest.mark.parametrize(
    ("percent", "word"),
    [
        (None, Rate.HIGH),
        (100, Rate.HIGH),
        (66.7, Rate.HIGH),
        (66.6, Rate.MEDIUM),
        (40, Rate.MEDIUM),
        (33.4, Rate.MEDIUM),
        (33.3, Rate.LOW),
        (18.7, Rate.LOW),
        (0, Rate.PAUSED),
    ],
)
def test_the_rate_is_told_by_thirds_and_a_pause_is_no_low_rate(percent: float | None, word: Rate) -> None:
    assert rate(percent) is word
