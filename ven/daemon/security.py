"""What of all that happens goes into the security log, and in which words: ours and numbers, never the peer's."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Set
from contextlib import closing, suppress
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

import certs
from oadr.wire.errors import ResponseCode
from ven.daemon.config import Settings
from ven.daemon.device import program_version
from ven.daemon.log import Happening
from ven.disk import DiskJournal, InUse
from ven.news import (
    ClockDoubted,
    ContactLost,
    ContactMade,
    Deregistered,
    Enforced,
    FromParty,
    GaveUp,
    LinkMoved,
    PeerComplained,
    Registered,
    RegistrationRefused,
)
from ven.security_line import Head, Kind
from ven.security_log import SecurityLog, entries
from ven.ven import ClockSet, Trouble
from ven.verify import Finding

QUIET: Final = timedelta(hours=1)
"""The same is not said again within it, so that nobody floods what was said before out of the log."""
MOST_WAITING: Final = 100
"""Lines that the disk has not taken yet."""
_ENDS: Final = (Kind.STOPPED, Kind.RESET, Kind.CLEARED, Kind.OWN_CERTIFICATE)
"""Last lines that are no sign of a kill."""
_CODES: Final = frozenset(str(code.value) for code in ResponseCode)


class Line(NamedTuple):
    kind: Kind
    what: str


def line(item: Happening) -> Line | None:
    """None: it is not about security."""
    match item:
        case ClockSet(by=by):
            return Line(Kind.CLOCK_SET, f"by {by.total_seconds():+.0f} s")
        case ClockDoubted(_, off_by):
            return Line(Kind.CLOCK_DOUBTED, f"off by about {off_by.total_seconds():+.0f} s")
        case Registered(anew=True):
            return Line(Kind.REGISTRATION, "registered anew")
        case Deregistered():
            return Line(Kind.REGISTRATION, "the registration has ended")
        case RegistrationRefused(code, _):
            return Line(Kind.REFUSED_BY_PEER, f"registration refused, code {_known(code)}")
        case PeerComplained(about, code, _):
            return Line(Kind.COMPLAINT, f"about {about}, code {_known(code)}")
        case GaveUp(about):
            return Line(Kind.COMPLAINT, f"{about} was given up")
        case ContactLost(why):
            return _silence(why)
        case ContactMade():
            return Line(Kind.CONTACT, "made again")
        case LinkMoved(before, after):
            return Line(Kind.LINK, f"{before} to {after}")
        case Enforced(_, Finding.FAILED, measure, _):
            return Line(Kind.DISOBEYED, f"a chargepoint draws more; measure {measure.name.lower()}")
        case FromParty(_, news):
            said = line(news)
            return said and said._replace(what=f"another VTN: {said.what}")
        case Trouble(what):
            return _trouble(what)
    return None


def _known(code: str) -> str:
    return code if code in _CODES else "none"


def _silence(why: str) -> Line:
    """What the transport says comes first and is ours; what follows may be the peer's words."""
    if why.startswith("unusable answer"):
        return Line(Kind.INVALID_MESSAGES, "an answer of the VTN is none")
    if why.startswith(("ClientConnectorCertificateError", "ClientConnectorSSLError")):
        return Line(Kind.PEER_NOT_TRUSTED, "whoever answers for the VTN is not trusted, or does not trust us")
    return Line(Kind.CONTACT, "lost")


def _trouble(what: str) -> Line:
    if what.startswith("journal: "):
        return Line(Kind.MEMORY_EXHAUSTED, "the journal cannot be written")
    if what.startswith("wrong codes at the local API"):
        return Line(Kind.WRONG_CODES, "somebody guesses codes at the local API")
    if "set aside as" in what:
        return Line(Kind.TAMPERING, "the journal is damaged and was set aside")
    if "does not take its limit" in what:
        return Line(Kind.DISOBEYED, "a chargepoint does not take its limit")
    return Line(Kind.TROUBLE, "see the log of the program")


class Security:
    """Writes the log in another thread; what the disk does not take is written later, with its own time."""

    def __init__(
        self, log: SecurityLog, now: Callable[[], datetime], complain: Callable[[str], None]
    ) -> None:
        self._log = log
        self._now = now
        self._complain = complain
        self._waiting: deque[tuple[Line, datetime]] = deque(maxlen=MOST_WAITING)
        self._said: dict[Line, datetime] = {}
        self._is_well = True
        self._busy = Lock()

    @property
    def head(self) -> Head:
        return self._log.head

    async def tell(self, item: Happening) -> None:
        if (said := line(item)) is not None and self._is_new(said):
            self._waiting.append((said, self._now()))
        if self._waiting:
            await asyncio.to_thread(self.write)

    def say(self, kind: Kind, what: str = "") -> None:
        """At once."""
        self._waiting.append((Line(kind, what), self._now()))
        self.write()

    def write(self) -> None:
        """That the disk takes nothing is no reason to stop: it is complained of once."""
        with self._busy:
            try:
                while self._waiting:
                    (kind, what), at = self._waiting[0]
                    self._log.append(kind, what, at)
                    self._waiting.popleft()
                self._is_well = True
            except OSError as error:
                if self._is_well:
                    self._complain(error.strerror or str(error))
                self._is_well = False

    def stop(self) -> None:
        self.say(Kind.STOPPED)
        self._log.close()

    def _is_new(self, said: Line) -> bool:
        now = self._now()
        self._said = {one: at for one, at in self._said.items() if abs(now - at) < QUIET}
        if said in self._said:
            return False
        self._said[said] = now
        return True


def started(settings: Settings, now: Callable[[], datetime], complain: Callable[[str], None]) -> Security:
    """The log, with what is new since the last start. The state folder is ours. Raises `OSError`."""
    log = SecurityLog(settings.ven.state, now())
    security = Security(log, now, complain)
    is_clean = log.last is None or log.last.kind in _ENDS
    under = (
        f"program {program_version()}",
        f"settings {_digest(settings)}",
        f"certificate {_certificate(settings, now())}",
    )
    for each in _changed(settings.ven.state, under):
        security.say(Kind.FIRMWARE if each == under[0] else Kind.RECONFIGURED, f"{each}, another before")
    security.say(Kind.STARTUP, ", ".join(under if is_clean else (*under, "after a kill or a power cut")))
    return security


def _changed(state: Path, under: tuple[str, ...]) -> list[str]:
    """What is not as it was at the last start."""
    starts = [one.what for one in entries(state) if one.kind == Kind.STARTUP]
    return [each for each in under if each not in starts[-1].split(", ")] if starts else []


def certificate_refused(settings: Settings, now: datetime) -> None:
    """The program ends for its own certificate; that is the last word, where nobody else runs here."""
    state = settings.ven.state
    with suppress(OSError, InUse), closing(DiskJournal(state)), closing(SecurityLog(state, now)) as log:
        log.append(Kind.OWN_CERTIFICATE, "it cannot be used", now)


def _certificate(settings: Settings, now: datetime) -> str:
    try:
        return certs.describe(settings.ven.certificate, now).sha256[:16]
    except certs.CertificateError:
        return "none"


def _digest(settings: Settings) -> str:
    """The same for the same settings, in every process: sets have no order there, and functions another address."""
    return hashlib.sha256(_form(settings).encode()).hexdigest()[:16]


def _form(value: object) -> str:
    if is_dataclass(value):
        parts = (f"{one.name}={_form(getattr(value, one.name))}" for one in fields(value))
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(sorted(f"{_form(key)}: {_form(one)}" for key, one in value.items())) + "}"
    if isinstance(value, Set):
        return "{" + ", ".join(sorted(map(_form, value))) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_form, value)) + "]"
    return type(value).__name__ if _shows_its_address(value) else str(value)


def _shows_its_address(value: object) -> bool:
    """What has no words of its own for itself; another function or driver there is no setting of security."""
    return callable(value) or (type(value).__str__, type(value).__repr__) == (object.__str__, object.__repr__)
