from datetime import UTC, datetime, timedelta

import pytest

from ven.transport.skew import off_by

DATE = "Wed, 25 Nov 2026 18:00:00 GMT"
THEIRS = datetime(2026, 11, 25, 18, tzinfo=UTC)


def seconds(date: str | None, sent: float, received: float) -> float | None:
    found = off_by(date, THEIRS + timedelta(seconds=sent), THEIRS + timedelta(seconds=received))
    return None if found is None else found.total_seconds()


@pytest.mark.proves("W02")
@pytest.mark.parametrize(
    ("sent", "received", "ahead"),
    [
        (0.2, 0.4, 0),
        (-0.4, 0.0, 0),
        (0.9, 1.3, 0),
        (-20.0, 0.5, 0),
        (1.5, 1.7, 0.5),
        (-1.0, -0.5, -0.5),
        (300.0, 300.2, 299),
        (-86_400.0, -86_399.5, -86_399.5),
    ],
)
def test_what_the_way_and_the_whole_second_explain_is_no_difference(
    sent: float, received: float, ahead: float
) -> None:
    assert seconds(DATE, sent, received) == ahead


@pytest.mark.parametrize(
    "date", [None, "", "soon", "Wed, 99 Nov 2026 18:00:00 GMT", "0", "Wed, 25 Nov 99999"]
)
def test_what_is_no_date_says_nothing(date: str | None) -> None:
    assert seconds(date, 0, 0) is None
