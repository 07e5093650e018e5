"""What only the running program knows, in a small file for whoever asks: contact, measured values, faults.

`live.json` in the state folder is replaced whole after every sample and readable to its owner only. It holds the
last values and no history, nothing about persons, and it is not flushed: after a power cut it is worth nothing.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from oadr.wire.ids import ResourceId
from ven.daemon.shown import number, words
from ven.ven import Ven

FILE: Final = "live.json"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whether the VTN answers, since when that is so, and why not."""

    made: bool
    since: datetime
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One chargepoint now: `amps` and `watts` are None where no meter answers."""

    amps: tuple[Decimal, ...] | None
    watts: Decimal | None
    applied: bool
    """The charger has taken the newest limit."""
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Live:
    at: datetime
    contact: Contact | None
    """None: the VTN has not been heard yet, nor missed."""
    readings: Mapping[ResourceId, Reading]


def of(ven: Ven, contact: Contact | None, now: datetime) -> Live:
    readings = {}
    for resource_id, actuator in ven.actuators.items():
        seen = ven.measured.get(resource_id)
        amps, watts = (seen.amps, seen.watts) if seen else (None, None)
        trouble = words(actuator.trouble) if actuator.trouble else None
        readings[resource_id] = Reading(amps, watts, actuator.applied, trouble)
    return Live(now, contact, readings)


def write(folder: Path, live: Live) -> None:
    """Raises `OSError`."""
    fresh = folder / f".{FILE}.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(_written(live), file)
    os.replace(fresh, folder / FILE)


def read(folder: Path) -> Live | None:
    """The last one that was written; None where there is none that can be read."""
    try:
        return _read(json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        return None


def remove(folder: Path) -> None:
    """At the end of the program, so that nobody takes the last values for those of now."""
    with suppress(OSError):
        (folder / FILE).unlink(missing_ok=True)


def _written(live: Live) -> dict[str, Any]:
    contact = live.contact
    return {
        "at": live.at.isoformat(),
        "contact": contact and [contact.made, contact.since.isoformat(), contact.why],
        "readings": {
            resource_id: {
                "amps": None if one.amps is None else [number(each) for each in one.amps],
                "watts": None if one.watts is None else number(one.watts),
                "applied": one.applied,
                "trouble": one.trouble,
            }
            for resource_id, one in live.readings.items()
        },
    }


def _read(fields: dict[str, Any]) -> Live:
    contact = None
    if fields["contact"]:
        made, since, why = fields["contact"]
        contact = Contact(made, datetime.fromisoformat(since), why)
    return Live(
        datetime.fromisoformat(fields["at"]),
        contact,
        {
            ResourceId(resource_id): Reading(
                None if one["amps"] is None else tuple(Decimal(str(each)) for each in one["amps"]),
                None if one["watts"] is None else Decimal(str(one["watts"])),
                one["applied"],
                one["trouble"],
            )
            for resource_id, one in fields["readings"].items()
        },
    )
