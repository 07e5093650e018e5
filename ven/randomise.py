"""Random offsets, so that a street does not switch as one (Rec 4). Never for the start of a supply limitation."""

from datetime import timedelta
from hashlib import sha256
from typing import Final, Protocol

CAP: Final = timedelta(seconds=1800)
"""No offset is longer, whatever a message or a setting asks."""


class Dice(Protocol):
    """Where chance comes from: `secrets.SystemRandom()` in earnest, a seeded one in tests."""

    def random(self) -> float: ...

    def randint(self, a: int, b: int) -> int: ...


def offset(dice: Dice, longest: timedelta) -> timedelta:
    """A whole number of seconds from zero to `longest`, all alike, both ends included."""
    return timedelta(seconds=dice.randint(0, int(min(max(longest, timedelta()), CAP).total_seconds())))


def offset_after(dice: Dice, least: timedelta, longest: timedelta) -> timedelta:
    """An offset of at least `least`, as even as `offset`, and over as long a time.

    Who draws less goes behind all the others: were it to wait for `least` and no longer, they would all meet there.
    """
    rounds = timedelta(seconds=int(min(max(longest, timedelta()), CAP).total_seconds()) + 1)
    draw = offset(dice, longest)
    return draw + max(-((draw - least) // rounds), 0) * rounds


def drawn(seed: bytes, occasion: str, longest: timedelta) -> timedelta:
    """An offset that is the same each time for one `seed` and `occasion`, so that nothing has to be remembered.

    As even over many seeds as `offset`; the seed itself was drawn.
    """
    most = int(min(max(longest, timedelta()), CAP).total_seconds())
    number = int.from_bytes(sha256(seed + occasion.encode()).digest(), "big")
    return timedelta(seconds=number % (most + 1))


def back_off(dice: Dice, failures: int, cap: timedelta) -> timedelta:
    """Pause before the next attempt after so many failures in a row: full jitter under a doubling ceiling.

    The ceiling starts at 1 s and never exceeds `cap`. Full jitter keeps a fleet that lost its VTN from coming
    back in waves; a tenth of a second is the least.
    """
    ceiling = min(2.0 ** min(failures - 1, 30), cap.total_seconds())
    least = min(0.1, ceiling)
    return timedelta(seconds=least + (ceiling - least) * dice.random())
