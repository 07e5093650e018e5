"""One line of the security log: what happened, and the seal of the line before.

    <seal> {"n": 7, "at": "2026-11-25T18:00:00+00:00", "kind": "SettingSystemTime", "what": "...", "after": "<seal>"}

A seal is the SHA-256 of the line's own text, in which the seal before it stands: a line that was changed, taken out
or put in is found at its place. Pure.
"""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

_BEGIN: Final = "0" * 64
"""What the first line comes after."""
LONGEST: Final = 200
"""Characters of what is said in one line."""
_LINE: Final = re.compile(r"([0-9a-f]{64}) (\{.*\})", re.ASCII)


class Kind(StrEnum):
    """OCPP's names of security events, and ours where it has none."""

    STARTUP = "StartupOfTheDevice"
    RESET = "ResetOrReboot"
    CLOCK_SET = "SettingSystemTime"
    CLEARED = "SecurityLogWasCleared"
    RECONFIGURED = "ReconfigurationOfSecurityParameters"
    MEMORY_EXHAUSTED = "MemoryExhaustion"
    INVALID_MESSAGES = "InvalidMessages"
    REFUSED_BY_PEER = "FailedToAuthenticateAtCsms"
    PEER_NOT_TRUSTED = "InvalidCsmsCertificate"
    OWN_CERTIFICATE = "InvalidChargingStationCertificate"
    TAMPERING = "TamperDetectionActivated"
    FIRMWARE = "FirmwareUpdated"
    WRONG_CODES = "MaintenanceLoginFailed"
    # ours
    STOPPED = "StopOfTheDevice"
    REGISTRATION = "RegistrationChanged"
    COMPLAINT = "PeerComplained"
    CONTACT = "ContactChanged"
    LINK = "LinkMoved"
    CLOCK_DOUBTED = "ClockDoubted"
    DISOBEYED = "LimitNotObeyed"
    TROUBLE = "Trouble"


@dataclass(frozen=True, slots=True)
class Entry:
    number: int
    at: datetime
    kind: str
    what: str
    after: str = _BEGIN
    seal: str = ""

    @property
    def text(self) -> str:
        """What the seal covers."""
        return json.dumps(
            {
                "n": self.number,
                "at": self.at.isoformat(),
                "kind": self.kind,
                "what": self.what,
                "after": self.after,
            }
        )

    @property
    def line(self) -> bytes:
        return f"{self.seal} {self.text}\n".encode()

    @property
    def is_whole(self) -> bool:
        return self.seal == _seal(self.text)


@dataclass(frozen=True, slots=True)
class Head:
    """The last line; whoever notes it elsewhere can tell later whether the end was cut off."""

    number: int = 0
    seal: str = _BEGIN

    def next(self, at: datetime, kind: str, what: str) -> Entry:
        """The line that comes after it, sealed."""
        bare = Entry(self.number + 1, at, kind, _fit(what), self.seal)
        return replace(bare, seal=_seal(bare.text))

    def takes(self, entry: Entry) -> bool:
        """Whether `entry` is the line after this one."""
        return entry.is_whole and (entry.number, entry.after) == (self.number + 1, self.seal)


START: Final = Head()
"""Of a log without a line."""


def read(line: str) -> Entry | None:
    """None: no line of a security log."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    try:
        fields = json.loads(found[2])
        moment = datetime.fromisoformat(fields["at"])
        entry = Entry(fields["n"], moment, fields["kind"], fields["what"], fields["after"], found[1])
    except (ValueError, KeyError, TypeError):
        return None
    return entry if entry.text == found[2] else None


def _seal(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _fit(what: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in what[:LONGEST])
