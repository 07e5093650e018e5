"""The parts of a journal, each as fields of JSON. What is wrong with them raises errors that `journal` translates.

Events and report requests are kept as the XML that they came in, so there is no second description of them that
could drift; what is ours stands beside it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from oadr.charging.limit import Limit, Source
from oadr.charging.meanings import Agreed
from oadr.charging.minimum import Cause, Undercut
from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire import envelope
from oadr.wire.errors import Misuse
from oadr.wire.ids import NO_REQUEST, EventId, OptId, RegistrationId, ResourceId, VenId, VtnId
from oadr.wire.messages import DistributeEvent, Message, RegisteredReport
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
from ven.orders import Order
from ven.party import Party
from ven.slots import Restore, Slot, SlotKey
from ven.standing import Standing
from ven.verify import Measure, Reached

MAX_BYTES: Final = 16 * 1024 * 1024
M = TypeVar("M", bound=Message)


# --- one VTN ---


def standing(one: Standing) -> dict[str, Any]:
    events = DistributeEvent(
        request_id=NO_REQUEST, vtn_id=VtnId("journal"), events=tuple(each.event for each in one.held)
    )
    requests = RegisteredReport(  # the message that may hold any number of requests, none too
        response=EiResponse(request_id=NO_REQUEST), requests=tuple(order.request for order in one.orders)
    )
    return {
        "registration": _registration(one.registration),
        "events": envelope.write(events).decode(),
        "held": [_held(each) for each in one.held],
        "requests": envelope.write(requests).decode(),
        "orders": [[_time(order.due), _time(order.reported_until)] for order in one.orders],
        "opts": [_opt(each) for each in one.opts],
    }


def read_standing(party: Party, fields: Mapping[str, Any]) -> Standing:
    events = _message(fields["events"], DistributeEvent)
    requests = _message(fields["requests"], RegisteredReport)
    return Standing(
        party,
        _read_registration(fields["registration"]),
        tuple(
            _read_held(event, each, party) for event, each in zip(events.events, fields["held"], strict=True)
        ),
        tuple(
            Order(request, _read_time(due), _read_time(until))
            for request, (due, until) in zip(requests.requests, fields["orders"], strict=True)
        ),
        tuple(_read_opt(each) for each in fields["opts"]),
    )


def _message(text: str, kind: type[M]) -> M:
    found = envelope.read(text.encode(), None, limit=MAX_BYTES)
    if not isinstance(found, kind):
        raise TypeError(f"{type(found).__name__} in place of {kind.__name__}")
    return found


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
        "agreed": agreed(each.agreed),
        "least": _number(each.least),
    }


def _read_held(event: Event, fields: Mapping[str, Any], party: Party) -> HeldEvent:
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
        party,
        _read_number(fields["least"]),
    )


def agreed(one: Agreed) -> list[Any]:
    tables = (one.levels, one.offsets)
    return [*([[level, str(value)] for level, value in each] for each in tables), one.capacity_in_percent]


def _read_agreed(fields: list[Any]) -> Agreed:
    levels, offsets = (tuple((level, Decimal(value)) for level, value in one) for one in fields[:2])
    return Agreed(levels, offsets, fields[2])


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


# --- what all of them share ---


def slot(key: SlotKey, held: Slot) -> Mapping[str, Any]:
    limit, restore = held.limit, held.restore
    return {
        "resource": key.resource_id,
        "source": key.source,
        "party": key.party,
        "amps": str(limit.amps),
        "percent": str(limit.percent),
        "because": limit.because,
        "until": limit.until and _time(limit.until),
        "recovery": limit.recovery and limit.recovery.total_seconds(),
        "watts": _number(limit.watts),
        "phases": limit.phases,
        "undercut": limit.undercut and _undercut(limit.undercut),
        "ordered_amps": _number(limit.ordered_amps),
        "restore": restore and [str(restore.amps), str(restore.percent), _time(restore.release_at)],
    }


def _undercut(one: Undercut) -> list[Any]:
    return [str(one.owed), str(one.commanded), one.cause]


def _read_undercut(fields: list[Any]) -> Undercut:
    owed, commanded, cause = fields
    return Undercut(Decimal(owed), Decimal(commanded), Cause(cause))


def _number(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _read_number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def read_slot(fields: Mapping[str, Any]) -> tuple[SlotKey, Slot]:
    key = SlotKey(ResourceId(fields["resource"]), Source(fields["source"]), Party(fields["party"]))
    until = fields["until"] and _read_time(fields["until"])
    limit = Limit(
        Decimal(fields["amps"]),
        Decimal(fields["percent"]),
        key.source,
        fields["because"],
        until or None,
        timedelta(seconds=fields["recovery"]) if fields["recovery"] else None,
        key.party,
        _read_number(fields["watts"]),
        fields["phases"],
        _read_undercut(fields["undercut"]) if fields["undercut"] else None,
        _read_number(fields["ordered_amps"]),
    )
    restore = None
    if fields["restore"]:
        amps, percent, release_at = fields["restore"]
        restore = Restore(Decimal(amps), Decimal(percent), _read_time(release_at))
    return key, Slot(limit, restore)


def local(one: Local) -> Mapping[str, Any]:
    return {
        "calendar": None if one.calendar is None else calendar_form.write(one.calendar),
        "boosts": [[each.resource_id, _time(each.until)] for each in one.boosts],
        "seed": one.seed.hex(),
    }


def read_local(fields: Mapping[str, Any]) -> Local:
    boosts = tuple(Boost(ResourceId(name), _read_time(until)) for name, until in fields["boosts"])
    return Local(_read_calendar(fields["calendar"]), boosts, bytes.fromhex(fields["seed"]))


def _read_calendar(text: str | None) -> Calendar | None:
    """None also where the machine does not know its time zone any more: that is no reason to lose the rest."""
    try:
        return None if text is None else calendar_form.read(text)
    except Misuse:
        return None


def spell(one: Spell) -> list[Any]:
    return [one.event_id, _time(one.start), _time(one.end)]


def read_spell(fields: list[Any]) -> Spell:
    name, start, end = fields
    return Spell(EventId(name), _read_time(start), _read_time(end))


def reached(one: Reached) -> list[Any]:
    return [one.resource_id, one.measure.name, one.was_disabled]


def read_reached(fields: list[Any]) -> Reached:
    resource_id, measure, was_disabled = fields
    return Reached(ResourceId(resource_id), Measure[measure], bool(was_disabled))
