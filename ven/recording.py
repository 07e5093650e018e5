"""The last messages of this VEN as they went over the wire, for whoever looks for a fault. In memory only."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from oadr.wire.errors import Unreachable
from oadr.wire.messages import Message
from oadr.wire.recording import Direction, Recorded, verdict

MOST: Final = 200
"""Messages that the settings may ask for: a chargepoint's memory is small."""


@dataclass(slots=True)
class Heard:
    """What came back of an exchange; the transport fills it in as it comes."""

    raw: bytes = b""
    reply: Message | None = None


class Recorder:
    """Keeps the `last` messages; 0: none."""

    def __init__(self, last: int, now: Callable[[], datetime]) -> None:
        self._kept: deque[Recorded] = deque(maxlen=last)
        self._now = now

    @property
    def messages(self) -> tuple[Recorded, ...]:
        """The oldest first."""
        return tuple(self._kept)

    @contextmanager
    def exchange(self, service: str, sent: bytes) -> Iterator[Heard]:
        """Around one exchange, which may fail: the error goes on its way."""
        at, heard = self._now(), Heard()
        try:
            yield heard
        except Unreachable as error:
            self._keep(service, sent, at, heard, why=_why(error))
            raise
        self._keep(service, sent, at, heard)

    def _keep(self, service: str, sent: bytes, at: datetime, heard: Heard, why: str = "") -> None:
        if not self._kept.maxlen:
            return
        self._kept.append(Recorded.of(sent, Direction.OUT, service, why or verdict(heard.reply), at))
        if heard.raw:
            self._kept.append(Recorded.of(heard.raw, Direction.IN, service, why, self._now()))


def _why(error: Unreachable) -> str:
    """A subclass says what the VTN answered; the class itself, why nobody did."""
    said = str(error).removesuffix(": ")
    return f"no reply: {said}" if type(error) is Unreachable else said
