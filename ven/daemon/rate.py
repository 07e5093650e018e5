"""How fast a chargepoint may charge, in a word for whoever has no mind to read amps."""

from enum import StrEnum
from typing import Final


class Rate(StrEnum):
    """By thirds of the rated current, as the limit that holds leaves them; what a car makes of it is its affair."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    PAUSED = "paused"


_LEAST: Final = ((200, Rate.HIGH), (100, Rate.MEDIUM))
"""Thirds of a percent from which the word is used."""


def rate(percent: float | None) -> Rate:
    """Of the effective percent: after step, floor of 6 A and rating. None: nobody limits."""
    if percent is None:
        return Rate.HIGH
    if percent == 0:
        return Rate.PAUSED
    return next((word for least, word in _LEAST if percent * 3 >= least), Rate.LOW)
