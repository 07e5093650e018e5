"""Damaged messages without end: each must be read or refused, and nothing else may happen.

    make fuzz                      a million
    make fuzz COUNT=5000 SEED=7    fewer, and the same ones again

It stops at the first exception that is no refusal and says how to see that message again. Each message depends
on the seed and its number alone.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from oadr.wire import envelope
from oadr.wire.errors import PeerError
from oadr.wire.messages import MESSAGES, Message
from oadr.wire.schema import Schema, installed_folder
from tests.oadr.wire.mutations import mutated, rearranged
from tests.oadr.wire.strategies import of

MILLION: Final = 1_000_000
EACH: Final = 12
"""Sound messages of each kind to begin with."""
SPREAD: Final = 1_000
"""How often the progress is told: after so many messages."""
ROOM: Final = 64 * 1024
"""kB that the process may grow by once a tenth of the run is over."""
WAYS: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (mutated, rearranged)


class Grown(Exception):
    """Memory that does not come back."""


@dataclass(frozen=True, slots=True)
class Outcome:
    read: int
    refused: int
    grown: int
    """kB since a tenth of the run."""


class Damage:
    """The messages of one seed: sound ones, and by number what has become of one."""

    def __init__(self, seed_: int, each: int = EACH) -> None:
        self.seed = seed_
        self._sound = tuple(raw for kind in MESSAGES for raw in _sound(kind, seed_, each))

    def done(self, number: int) -> bytes:
        chance = Random(f"{self.seed}:{number}")
        return chance.choice(WAYS)(chance.choice(self._sound), chance)


def _sound(kind: type[Message], seed_: int, each: int) -> tuple[bytes, ...]:
    found: list[bytes] = []

    @seed(seed_)
    @settings(
        max_examples=each,
        database=None,
        derandomize=False,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(of(kind))
    def collect(message: Message) -> None:
        found.append(envelope.write(message))

    collect()
    return tuple(found)


def is_read(raw: bytes, schema: Schema) -> bool:
    """Whether it is read: with the official schema or, failing that, without; and then it survives the wire."""
    for door in (schema, None):
        try:
            message = envelope.read(raw, door, limit=envelope.REPORT_LIMIT)
        except PeerError:
            continue
        assert envelope.read(envelope.write(message), None, limit=envelope.REPORT_LIMIT) == message
        return True
    return False


def fuzz(
    count: int, damage: Damage, schema: Schema, tell: Callable[[int, int], None] = lambda *_: None
) -> Outcome:
    """Raises whatever escapes from reading, with a note on which message did it, and `Grown`."""
    read, at_first = 0, _peak()
    for number in range(count):
        raw = damage.done(number)
        try:
            read += is_read(raw, schema)
        except Exception as error:  # anything that is no refusal is what we look for
            error.add_note(f"seed {damage.seed}, message {number}: {raw!r}")
            raise
        if number == count // 10:
            at_first = _peak()
        if number % SPREAD == 0:
            tell(number, read)
    grown = _peak() - at_first
    if grown > ROOM:
        raise Grown(f"{grown} kB more after {count} messages, seed {damage.seed}")
    return Outcome(read, count - read, grown)


def _peak() -> int:
    """Most memory that the process ever had, in kB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make fuzz", description=__doc__.partition("\n")[0] if __doc__ else ""
    )
    parser.add_argument("--count", type=int, default=MILLION, help=f"how many messages ({MILLION})")
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run (a new one)")
    options = parser.parse_args(arguments)
    folder = installed_folder()
    if folder is None:
        parser.error("the official schemas come with openleadr: pip install openleadr")
    damage = Damage(SystemRandom().randrange(2**32) if options.seed is None else options.seed)
    sys.stderr.write(f"seed {damage.seed}\n")
    began = time.monotonic()

    def tell(number: int, read: int) -> None:
        pace = number / (time.monotonic() - began or 1)
        sys.stderr.write(f"\r{number:,} of {options.count:,}, {read:,} read, {pace:,.0f}/s ")
        sys.stderr.flush()

    outcome = fuzz(options.count, damage, Schema(folder), tell)
    sys.stderr.write(f"\r{outcome.read:,} read, {outcome.refused:,} refused, {outcome.grown:,} kB grown\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
