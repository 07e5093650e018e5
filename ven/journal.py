"""What must survive a power cut, as one value with one form.

Events and report requests are kept as the XML that they came in, so there is no second description of them
that could drift; what is ours is a few JSON fields beside it. A hash in front tells our bytes from any others.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from oadr.charging.limit import Limit, Source
from oadr.charging.meanings import PLAIN, Agreed
from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire import envelope
from oadr.wire.errors import Misuse, OadrError
from oadr.wire.ids import NO_REQUEST, EventId, OptId, RegistrationId, ResourceId, VenId, VtnId
from oadr.wire.messages import DistributeEvent, RegisteredReport
from oadr.wire.messages.common import EiResponse, OptType, QualifiedEventId
from oadr.wire.messages.event import Event
from ven import calendar_form
from ven.authority import Spell
from ven.boost import Boost
from ven.calendar import Calendar
from ven.enrolment import Registration
from ven.events import HeldEvent
from ven.local import Local
from ven.opts import Opt, Stage
from ven.reports import Order
from ven.slots import Restore, Slot, SlotKey

FORMAT: Final = 2
MAX_BYTES: Final = 16 * 1024 * 1024
SEAL_LENGTH: Final = 65


@dataclass(frozen=True, slots=True)
class Memory:
    """All of a VEN's state that outlives the process."""

    registration: Registration | None = None
    held: tuple[HeldEvent, ...] = ()
    orders: tuple[Order, ...] = ()
    slots: tuple[tuple[SlotKey, Slot], ...] = ()
    opts: tuple[Opt, ...] = ()
    local: Local = field(default_factory=Local)
    spells: tuple[Spell, ...] = ()
    """Emergencies of the last week."""


class Corrupt(OadrError):
    """Bytes in the journal that no version of this program has written."""


class Journal(Protocol):
    """Where the memory is kept."""

    def load(self) -> Memory:
        """The last memory saved, or an empty one. Raises `Corrupt`."""
        ...

    def save(self, memory: Memory) -> None:
        """On disk when this returns. Raises `OSError`."""
        ...


def encode(memory: Memory) -> bytes:
    events = DistributeEvent(
        request_id=NO_REQUEST, vtn_id=VtnId("journal"), events=tuple(each.event for each in memory.held)
    )
    requests = RegisteredReport(  # the message that may hold any number of requests, none too
        response=EiResponse(request_id=NO_REQUEST), requests=tuple(order.request for order in memory.orders)
    )
    record = {
        "format": FORMAT,
        "registration": _registration(memory.registration),
        "events": envelope.write(events).decode(),
        "held": [_held(each) for each in memory.held],
        "requests": envelope.write(requests).decode(),
        "orders": [[_time(order.due), _time(order.reported_until)] for order in memory.orders],
        "slots": [_slot(key, slot) for key, slot in memory.slots],
        "opts": [_opt(one) for one in memory.opts],
        "local": _local(memory.local),
        "spells": [[one.event_id, _time(one.start), _time(one.end)] for one in memory.spells],
    }
    text = json.dumps(record, separators=(",", ":")).encode()
    return _seal(text) + text


def _seal(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode() + b"\n"


def decode(raw: bytes) -> Memory:
    """Raises `Corrupt` for anything that `encode` did not write, in this version or an earlier one."""
    text = raw[SEAL_LENGTH:]
    if raw[:SEAL_LENGTH] != _seal(text):
        raise Corrupt("the journal is damaged")
    try:
        record = _brought_up(json.loads(text))
        if record["format"] != FORMAT:
            raise Corrupt(f"journal format {record['format']!r} is not known here")
        events = envelope.read(record["events"].encode(), None, limit=MAX_BYTES)
        requests = envelope.read(record["requests"].encode(), None, limit=MAX_BYTES)
        if not isinstance(events, DistributeEvent) or not isinstance(requests, RegisteredReport):
            raise Corrupt("the journal holds other messages than its own")
        return Memory(
            _read_registration(record["registration"]),
            tuple(
                _read_held(event, fields) for event, fields in zip(events.events, record["held"], strict=True)
            ),
            tuple(
                Order(request, _read_time(due), _read_time(until))
                for request, (due, until) in zip(requests.requests, record["orders"], strict=True)
            ),
            tuple(_read_slot(fields) for fields in record["slots"]),
            tuple(_read_opt(fields) for fields in record["opts"]),
            _read_local(record["local"]),
            tuple(
                Spell(EventId(name), _read_time(start), _read_time(end))
                for name, start, end in record["spells"]
            ),
        )
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OadrError) as error:
        raise Corrupt(f"the journal cannot be read: {error}") from error


def _brought_up(record: dict[str, Any]) -> dict[str, Any]:
    """A record of an earlier format as one of this format: an emergency in it must hold over the update."""
    if record["format"] == 1:  # of 0.1.0, which knew neither bounds nor what people set here, nor a recovery
        record = {"local": _local(Local()), "spells": [], **record, "format": FORMAT}
        for each in record["held"]:
            each.setdefault("latest", None)
            each.setdefault("agreed", _agreed(PLAIN))
        for slot in record["slots"]:
            slot.setdefault("recovery", None)
    return record


def _time(moment: datetime) -> str:
    return moment.isoformat()


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _registration(known: Registration | None) -> list[Any] | None:
    if known is None:
        return None
    poll = known.poll_every.total_seconds()
    return [known.ven_id, known.registration_id, known.vtn_id, poll, known.offered]


def _read_registration(fields: list[Any] | None) -> Registration | None:
    if fields is None:
        return None
    ven_id, registration_id, vtn_id, poll, offered = fields
    every = timedelta(seconds=poll)
    return Registration(VenId(ven_id), RegistrationId(registration_id), VtnId(vtn_id), every, offered)


def _held(each: HeldEvent) -> dict[str, Any]:
    return {
        "number": each.modification_number,
        "received": _time(each.received_at),
        "obeyed": each.obeyed,
        "opt": each.opt,
        "code": each.code,
        "why": each.why,
        "offset": each.start_offset.total_seconds(),
        "programme": each.programme,
        "resources": sorted(each.resources),
        "declined": sorted(each.declined),
        "latest": each.latest and _time(each.latest),
        "agreed": _agreed(each.agreed),
    }


def _read_held(event: Event, fields: Mapping[str, Any]) -> HeldEvent:
    return HeldEvent(
        event,
        fields["number"],
        _read_time(fields["received"]),
        fields["obeyed"],
        OptType(fields["opt"]),
        fields["code"],
        fields["why"],
        timedelta(seconds=fields["offset"]),
        Programme(fields["programme"]) if fields["programme"] else None,
        frozenset(ResourceId(each) for each in fields["resources"]),
        frozenset(ResourceId(each) for each in fields["declined"]),
        _read_time(fields["latest"]) if fields["latest"] else None,
        _read_agreed(fields["agreed"]),
    )


def _agreed(agreed: Agreed) -> list[Any]:
    tables = (agreed.levels, agreed.offsets)
    return [*([[level, str(value)] for level, value in one] for one in tables), agreed.capacity_in_percent]


def _read_agreed(fields: list[Any]) -> Agreed:
    levels, offsets = (tuple((level, Decimal(value)) for level, value in one) for one in fields[:2])
    return Agreed(levels, offsets, fields[2])


def _slot(key: SlotKey, slot: Slot) -> Mapping[str, Any]:
    limit, restore = slot.limit, slot.restore
    return {
        "resource": key.resource_id,
        "source": key.source,
        "amps": str(limit.amps),
        "percent": str(limit.percent),
        "because": limit.because,
        "until": limit.until and _time(limit.until),
        "recovery": limit.recovery and limit.recovery.total_seconds(),
        "restore": restore and [str(restore.amps), str(restore.percent), _time(restore.release_at)],
    }


def _read_slot(fields: Mapping[str, Any]) -> tuple[SlotKey, Slot]:
    source = Source(fields["source"])
    until = fields["until"] and _read_time(fields["until"])
    limit = Limit(
        Decimal(fields["amps"]),
        Decimal(fields["percent"]),
        source,
        fields["because"],
        until or None,
        timedelta(seconds=fields["recovery"]) if fields["recovery"] else None,
    )
    restore = None
    if fields["restore"]:
        amps, percent, release_at = fields["restore"]
        restore = Restore(Decimal(amps), Decimal(percent), _read_time(release_at))
    return SlotKey(ResourceId(fields["resource"]), source), Slot(limit, restore)


def _opt(one: Opt) -> Mapping[str, Any]:
    return {
        "id": one.opt_id,
        "opt": one.opt,
        "reason": one.reason,
        "stated": _time(one.stated_at),
        "resources": None if one.resources is None else sorted(one.resources),
        "event": one.event and [one.event.event_id, one.event.modification_number],
        "programme": one.programme,
        "periods": [[_time(period.start), period.end and _time(period.end)] for period in one.periods],
        "stage": one.stage,
    }


def _read_opt(fields: Mapping[str, Any]) -> Opt:
    event, resources = fields["event"], fields["resources"]
    return Opt(
        opt_id=OptId(fields["id"]),
        opt=OptType(fields["opt"]),
        reason=fields["reason"],
        stated_at=_read_time(fields["stated"]),
        resources=None if resources is None else frozenset(ResourceId(each) for each in resources),
        event=QualifiedEventId(event_id=EventId(event[0]), modification_number=event[1]) if event else None,
        programme=Programme(fields["programme"]) if fields["programme"] else None,
        periods=tuple(
            Period(_read_time(start), _read_time(end) if end else None) for start, end in fields["periods"]
        ),
        stage=Stage(fields["stage"]),
    )


def _local(local: Local) -> Mapping[str, Any]:
    return {
        "calendar": None if local.calendar is None else calendar_form.write(local.calendar),
        "boosts": [[one.resource_id, _time(one.until)] for one in local.boosts],
        "seed": local.seed.hex(),
    }


def _read_local(fields: Mapping[str, Any]) -> Local:
    boosts = tuple(Boost(ResourceId(name), _read_time(until)) for name, until in fields["boosts"])
    return Local(_read_calendar(fields["calendar"]), boosts, bytes.fromhex(fields["seed"]))


def _read_calendar(text: str | None) -> Calendar | None:
    """None also where the machine does not know its time zone any more: that is no reason to lose the rest."""
    try:
        return None if text is None else calendar_form.read(text)
    except Misuse:
        return None
