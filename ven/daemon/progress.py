"""How far a reset has come, in a file that outlives a power cut, and the receipt that is left of it."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from ven.daemon.notdone import NotDone
from ven.files import write_whole
from ven.reset import Level
from ven.security_line import START, Head

MARKER: Final = "reset.json"
RECEIPT: Final = "reset-receipt.json"


class Step(StrEnum):
    """In their order."""

    LEAVE = "leave"
    MEMORY = "memory"
    FILES = "files"
    CREDENTIALS = "credentials"
    SEAL = "seal"
    LOG = "log"
    SEARCH = "search"


class Farewell(StrEnum):
    KEPT = "kept"
    NONE = "there was none"
    CANCELLED = "cancelled with the VTN"
    NOT_TOLD = "the VTN could not be reached: tell its operator, who revokes the certificate"


class Words(StrEnum):
    """What has become of the words of its people that the VTN may hold."""

    NONE = "there were none"
    TAKEN_BACK = "taken back"
    NOT_TOLD = "the VTN could not be reached: it keeps them until they are past"


def is_under_way(folder: Path) -> bool:
    """Whether a reset was begun and has not ended."""
    return (folder / MARKER).exists()


@dataclass(frozen=True, slots=True)
class Progress:
    level: Level
    begun: datetime
    export: Path | None = None
    step: Step = Step.LEAVE
    """The next one, or the one that was interrupted."""
    registration: Farewell = Farewell.KEPT
    log: Head = START
    """The last line of the log as it was sealed."""
    resumed: bool = False
    searched_files: int = 0
    searched_for: int = 0
    schedules: Words = Words.NONE
    opt_outs: Words = Words.NONE
    """Of events that still run."""
    ended: datetime | None = None

    @property
    def receipt(self) -> bytes:
        """Nothing about persons, and no place."""
        fields = {
            "reset": self.level,
            "begun": self.begun.isoformat(),
            "ended": self.ended and self.ended.isoformat(),
            "erased": self.level.goes,
            "kept": self.level.stays,
            "registration": self.registration,
            "schedules": self.schedules,
            "opt_outs": self.opt_outs,
            "security_log": {"lines": self.log.number, "seal": self.log.seal, "exported": bool(self.export)},
            "searched": {"files": self.searched_files, "for": self.searched_for, "found": 0},
            "interrupted": self.resumed,
        }
        return json.dumps(fields, indent=2).encode() + b"\n"

    def write(self, folder: Path) -> None:
        """On disk when this returns. Raises `OSError`."""
        fields = {
            "level": self.level,
            "begun": self.begun.isoformat(),
            "export": self.export and str(self.export),
            "step": self.step,
            "registration": self.registration.name,
            "schedules": self.schedules.name,
            "opt_outs": self.opt_outs.name,
            "log": [self.log.number, self.log.seal],
            "resumed": self.resumed,
            "searched": [self.searched_files, self.searched_for],
        }
        write_whole(folder / MARKER, json.dumps(fields).encode())

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """None: no reset is under way. Raises `NotDone` for a marker that cannot be read, and `OSError`."""
        try:
            fields: dict[str, Any] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
            files, traces = fields["searched"]
            return cls(
                Level(fields["level"]),
                datetime.fromisoformat(fields["begun"]),
                Path(fields["export"]) if fields["export"] else None,
                Step(fields["step"]),
                Farewell[fields["registration"]],
                Head(*fields["log"]),
                fields["resumed"],
                files,
                traces,
                Words[fields["schedules"]],
                Words[fields.get("opt_outs", Words.NONE.name)],
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise NotDone(f"a reset is under way, and {folder / MARKER} cannot be read") from error
