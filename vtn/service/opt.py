"""EiOpt: a site's word on its chargepoints in one event, and its schedules of when it takes part.

What the programmes decide (r201): whoever says nothing takes part. A supply limitation yields to necessity alone,
and to no schedule. A word on an event outranks the site's answers to it (r206) until the next such word.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from oadr.charging import signals
from oadr.charging.signals import Programme
from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.opting import Period, is_for_chargepoints, read_periods
from oadr.wire.errors import Invalid, Refused, ResponseCode
from oadr.wire.ids import ResourceId
from oadr.wire.messages import CanceledOpt, CancelOpt, CreatedOpt, CreateOpt
from oadr.wire.messages.common import EiResponse, OptType, QualifiedEventId, Target
from vtn.model.delivery import Delivery
from vtn.model.network import Chargepoint
from vtn.model.opt import NECESSITIES, REASONS, KeptOpt, Opt
from vtn.model.registration import Caller
from vtn.service.desk import Desk
from vtn.service.refusals import wrong_ven
from vtn.store import interventions, network, opts, record
from vtn.store.engine import Tx

LONGEST_TEXT: Final = 200
MOST_PERIODS: Final = 400
"""A year of days and some more."""
PER_ENTRY: Final = 1000
"""Chargepoints that one entry of the record names."""


async def create(message: CreateOpt, caller: Caller, desk: Desk, now: datetime) -> CreatedOpt:
    """Take an opt; the same one again is a retry and has no effect. Raises a `PeerError`."""
    _check_form(message)
    async with desk.store.writing() as tx:
        site = await network.of_site(tx, caller.ven_id)
        if message.event is not None:
            opt, told = await _on_event(tx, message, message.event, caller, site)
        else:
            opt, told = _schedule(message, caller, site, desk.terms.market_contexts)
        if not any(known.opt == opt for known in await opts.of_ven(tx, caller.ven_id)):
            await opts.add(tx, opt, now)
            for body in _bodies(opt, told, site, caller):
                await record.append(tx, EntryType.OPT, body, now)
    return CreatedOpt(response=EiResponse(request_id=message.request_id), opt_id=message.opt_id)


async def cancel(message: CancelOpt, caller: Caller, desk: Desk, now: datetime) -> CanceledOpt:
    """End every schedule of that name (r204); one that was replaced or cancelled before is no error (r211).

    Raises `Refused`: 452 for an unknown name (r208), 451 for an opt of an event, which is only ever outranked.
    """
    async with desk.store.writing() as tx:
        named = [one for one in await opts.of_ven(tx, caller.ven_id) if one.opt.opt_id == message.opt_id]
        if not named:
            raise Refused("optID", ResponseCode.INVALID_ID)
        schedules = [one for one in named if one.opt.event_id is None]
        if not schedules:
            raise Refused("an opt of an event is not cancelled; opt in to it", ResponseCode.NOT_ALLOWED)
        site = await network.of_site(tx, caller.ven_id)
        for body in _cancelled(schedules, site, caller):
            await record.append(tx, EntryType.OPT, body, now)
        await opts.cancel(tx, caller.ven_id, message.opt_id, now)
    return CanceledOpt(response=EiResponse(request_id=message.request_id), opt_id=message.opt_id)


def _check_form(message: CreateOpt) -> None:
    """Either an event or a schedule (r206), under a name that can be kept. Raises a `PeerError`."""
    if not message.opt_id.strip():
        raise Refused("optID", ResponseCode.INVALID_ID)
    if max(len(message.opt_id), len(message.reason)) > LONGEST_TEXT:
        raise Invalid("optID or optReason are too long")
    if message.event is None and message.schedule is None:
        raise Invalid("an opt without an event needs a vavailability", ResponseCode.COMPLIANCE_ERROR)
    if message.event is not None and (message.schedule is not None or message.market_context is not None):
        raise Invalid(
            "an opt of an event has no vavailability, no marketContext", ResponseCode.COMPLIANCE_ERROR
        )


async def _on_event(
    tx: Tx, message: CreateOpt, event: QualifiedEventId, caller: Caller, site: tuple[Chargepoint, ...]
) -> tuple[Opt, Mapping[str, Value]]:
    """The opt, and what the record says of it besides. Raises a `PeerError`."""
    known = {one.event_id: one for one in await interventions.of_ven(tx, caller.ven_id)}
    delivery = known.get(event.event_id)
    if delivery is None:
        raise Refused("eventID", ResponseCode.INVALID_ID)
    if event.modification_number > delivery.intervention.modification_number:
        raise Refused("modificationNumber", ResponseCode.OUT_OF_SEQUENCE)  # an older one survives (r206)
    if delivery.intervention.outcome_at is not None:
        raise Refused("the event is over and in the record", ResponseCode.NOT_ALLOWED)
    programme = delivery.intervention.order.programme
    if (
        programme is Programme.SUPPLY_LIMIT
        and message.opt is OptType.OPT_OUT
        and message.reason not in NECESSITIES
    ):
        raise Refused("a supply limitation cannot be declined", ResponseCode.NOT_ALLOWED)
    opt = Opt(
        opt_id=message.opt_id,
        ven_id=caller.ven_id,
        opt=message.opt,
        reason=message.reason,
        created_at=message.created_at,
        event_id=delivery.event_id,
        resources=_within(delivery, message, caller, site),
    )
    return opt, {"intervention": delivery.intervention.intervention_id}


def _within(
    delivery: Delivery, message: CreateOpt, caller: Caller, site: tuple[Chargepoint, ...]
) -> frozenset[ResourceId]:
    """Whom the opt means of those that the event means. Who names nobody but itself means all of them.

    Raises `Refused`: 451 for a chargepoint outside the event's targets (r206).
    """
    resources = frozenset(delivery.resources)
    meant = _meant(message.target, message.device_class, caller, site)
    if meant is None:
        return resources
    if not meant <= resources:
        raise Refused("a target outside the event's", ResponseCode.NOT_ALLOWED)
    return meant


def _schedule(
    message: CreateOpt, caller: Caller, site: tuple[Chargepoint, ...], base: str
) -> tuple[Opt, Mapping[str, Value]]:
    """The opt, and what the record says of it besides: when a home is in use is nobody's business.

    Raises a `PeerError`.
    """
    assert message.schedule is not None
    programme = signals.programme(message.market_context, base) if message.market_context else None
    if message.market_context and programme is None:
        raise Refused("market context not served here", ResponseCode.TARGET_MISMATCH)
    if programme is Programme.SUPPLY_LIMIT:
        raise Refused("a supply limitation knows no schedule", ResponseCode.NOT_ALLOWED)
    if len(message.schedule.periods.available) > MOST_PERIODS:
        raise Invalid(f"a schedule of more than {MOST_PERIODS} periods")
    opt = Opt(
        opt_id=message.opt_id,
        ven_id=caller.ven_id,
        opt=message.opt,
        reason=message.reason,
        created_at=message.created_at,
        programme=programme,
        resources=_meant(message.target, message.device_class, caller, site),
        periods=_in_order(read_periods(message.schedule)),
    )
    return opt, {"schedule": "stated", "programme": programme, "periods": len(opt.periods)}


def _in_order(periods: tuple[Period, ...]) -> tuple[Period, ...]:
    return tuple(sorted(set(periods), key=lambda one: (one.start, one.end is None, one.end or one.start)))


def _meant(
    target: Target, device_class: Target | None, caller: Caller, site: tuple[Chargepoint, ...]
) -> frozenset[ResourceId] | None:
    """Whom a target means at the caller's site; None: all (r202). Criteria widen it, device classes narrow it (r209).

    Raises a `PeerError`: 452 for another venID (r208), 462 where nobody is meant or by what we do not know.
    """
    if any(ven_id != caller.ven_id for ven_id in target.ven_ids):
        raise wrong_ven()
    by_us = Target(ven_ids=target.ven_ids, group_ids=target.group_ids, resource_ids=target.resource_ids)
    if target != by_us:
        raise Refused("targets are venID, groupID and resourceID here", ResponseCode.TARGET_MISMATCH)
    if not is_for_chargepoints(device_class):
        raise Refused("no such device here", ResponseCode.TARGET_MISMATCH)
    own = {one.resource_id for one in site}
    if not own.issuperset(target.resource_ids):
        raise Refused("resourceID is none of this site's", ResponseCode.TARGET_MISMATCH)
    if target == Target() or target.ven_ids:
        return None
    on_feeders = {one.resource_id for one in site if one.feeder_id in target.group_ids}
    if found := frozenset(on_feeders.union(target.resource_ids)):
        return found
    raise Refused("nobody here is meant", ResponseCode.TARGET_MISMATCH)


# --- what the record says: chargepoints by pseudonym, and no word of the site's own ---


def _bodies(
    opt: Opt, told: Mapping[str, Value], site: Iterable[Chargepoint], caller: Caller
) -> Iterator[Mapping[str, Value]]:
    """Usually one entry; a site of thousands needs more."""
    names = [one.pseudonym for one in site if opt.resources is None or one.resource_id in opt.resources]
    for start in range(0, max(len(names), 1), PER_ENTRY):
        yield {
            **told,
            "site": caller.pseudonym,
            "opt": opt.opt,
            "reason": opt.reason if opt.reason in REASONS else "other",
            "chargepoints": tuple(names[start : start + PER_ENTRY]),
        }


def _cancelled(
    schedules: Iterable[KeptOpt], site: tuple[Chargepoint, ...], caller: Caller
) -> Iterator[Mapping[str, Value]]:
    for one in schedules:
        if one.cancelled_at is None:
            told: Mapping[str, Value] = {"schedule": "cancelled", "programme": one.opt.programme}
            yield from _bodies(one.opt, told, site, caller)
