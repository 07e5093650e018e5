"""What only the running program knows, in a small file for whoever asks: contact, measured values, faults.

`live.json` in the state folder is replaced whole after every sample and readable to its owner only. It holds the
last values and no history, nothing about persons, and it is not flushed: after a power cut it is worth nothing.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from oadr.wire.ids import ResourceId
from ven.daemon.shown import number, words
from ven.failsafe import Link, State
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
    finding: str | None = None
    """Of the metrology check; None: no limit that is verified."""
    measure: str | None = None


@dataclass(frozen=True, slots=True)
class Live:
    at: datetime
    contact: Contact | None
    """None: the VTN has not been heard yet, nor missed."""
    readings: Mapping[ResourceId, Reading]
    link: State | None = None
    others: Mapping[str, Contact] = field(default_factory=dict)
    """The VTNs beside the grid operator's, as far as they have been heard or missed."""
    clock_off_by: timedelta | None = None
    """How far the clock here is ahead of the grid operator's; None: not known."""


def of(ven: Ven, contact: Contact | None, now: datetime, others: Mapping[str, Contact] | None = None) -> Live:
    readings = {}
    for resource_id, actuator in ven.hardware.actuators.items():
        seen = ven.hardware.measured.get(resource_id)
        amps, watts = (seen.amps, seen.watts) if seen else (None, None)
        trouble = words(actuator.trouble) if actuator.trouble else None
        check = ven.hardware.checks[resource_id]
        verified = (check.finding.value, check.measure.name.lower()) if check.limit else (None, None)
        readings[resource_id] = Reading(amps, watts, actuator.applied, trouble, *verified)
    return Live(now, contact, readings, ven.link, dict(others or {}), ven.clock_off_by)


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
    contact, link = live.contact, live.link
    return {
        "at": live.at.isoformat(),
        "contact": contact and _contact(contact),
        "others": {name: _contact(one) for name, one in live.others.items()},
        "link": link and [link.link, link.since.isoformat(), link.contact_at and link.contact_at.isoformat()],
        "clock_off_by": None if live.clock_off_by is None else live.clock_off_by.total_seconds(),
        "readings": {
            resource_id: {
                "amps": None if one.amps is None else [number(each) for each in one.amps],
                "watts": None if one.watts is None else number(one.watts),
                "applied": one.applied,
                "trouble": one.trouble,
                "finding": one.finding,
                "measure": one.measure,
            }
            for resource_id, one in live.readings.items()
        },
    }


def _read(fields: dict[str, Any]) -> Live:
    contact = _read_contact(fields["contact"]) if fields["contact"] else None
    link = None
    if fields["link"]:
        name, since, heard = fields["link"]
        contact_at = datetime.fromisoformat(heard) if heard else None
        link = State(link=Link(name), since=datetime.fromisoformat(since), contact_at=contact_at)
    return Live(
        datetime.fromisoformat(fields["at"]),
        contact,
        {
            ResourceId(resource_id): Reading(
                None if one["amps"] is None else tuple(Decimal(str(each)) for each in one["amps"]),
                None if one["watts"] is None else Decimal(str(one["watts"])),
                one["applied"],
                one["trouble"],
                one["finding"],
                one["measure"],
            )
            for resource_id, one in fields["readings"].items()
        },
        link,
        {name: _read_contact(one) for name, one in fields["others"].items()},
        None if fields["clock_off_by"] is None else timedelta(seconds=fields["clock_off_by"]),
    )


def _contact(one: Contact) -> list[Any]:
    return [one.made, one.since.isoformat(), one.why]


def _read_contact(fields: list[Any]) -> Contact:
    made, since, why = fields
    return Contact(made, datetime.fromisoformat(since), why)
