"""What the public record says of an order, its changes and its end; whom it binds and who said so by pseudonym only."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from math import ceil
from typing import Final

from oadr.ledger import canonical
from oadr.ledger.canonical import Value
from vtn.model.intervention import Changed, Intervention, Order
from vtn.model.network import Chargepoint
from vtn.model.people import PersonId, Word
from vtn.model.proposal import Amended
from vtn.store import order_rows

PER_ENTRY: Final = 1000
"""Chargepoints that one entry of the record names; more need another, since an entry is bounded."""


def told(intervention: Intervention, chargepoints: tuple[Chargepoint, ...]) -> Iterator[Mapping[str, Value]]:
    """The public side of an order: what, why, who, when, and whom by pseudonym only; usually in one part."""
    order = intervention.order
    names = tuple(chargepoint.pseudonym for chargepoint in chargepoints)
    parts = ceil(len(names) / PER_ENTRY)
    for part in range(parts):
        yield {
            "intervention": intervention.intervention_id,
            "programme": order.programme,
            "feeders": order.feeder_ids,
            **_content(order),
            "reason": order.reason,
            "ordered_by": order.ordered_by,
            **_word(intervention.word),
            "test": order.is_test,
            "part": part + 1,
            "parts": parts,
            "chargepoints": names[part * PER_ENTRY : (part + 1) * PER_ENTRY],
        }


def modified(after: Intervention, done: Changed, word: Word) -> Mapping[str, Value]:
    """What holds from now on; what held before stands in an entry before."""
    return {
        "intervention": after.intervention_id,
        "modification": after.modification_number,
        **_content(after.order),
        "reason": done.reason,
        "changed_by": done.changed_by,
        **_word(word),
    }


def cancelled(
    intervention: Intervention, reason: str, who: str, by: PersonId | None, *, halted: bool
) -> Mapping[str, Value]:
    body: dict[str, Value] = {
        "intervention": intervention.intervention_id,
        "reason": reason,
        "cancelled_by": who,
        **_word(Word(by=by)),
    }
    return {**body, "halt": True} if halted else body


def glass_broken(intervention: Intervention, reasons: tuple[str, ...]) -> Mapping[str, Value]:
    """`reasons` say why it would have taken two people."""
    return {
        "what": "break-glass",
        "intervention": intervention.intervention_id,
        "modification": intervention.modification_number,
        "instead_of_two": reasons,
        **_word(intervention.word),
    }


def digest(order: Order, amends: Amended | None = None) -> str:
    """SHA-256, in hex, of all that a second person agrees to."""
    whole: dict[str, Value] = {
        "amends": None if amends is None else amends.intervention_id,
        "modification": None if amends is None else amends.modification_number,
        "programme": order.programme,
        "feeders": tuple(sorted(order.feeder_ids)),
        **_content(order),
        "randomise": None if order.randomise is None else int(order.randomise.total_seconds()),
        "reason": order.reason,
        "ordered_by": order.ordered_by,
        "test": order.is_test,
    }
    return sha256(canonical.encode(whole)).hexdigest()


def _word(word: Word) -> Mapping[str, Value]:
    """What is not known is left out."""
    known = (("by", word.by), ("second", word.second), ("break_glass", word.broke_glass))
    return {name: value for name, value in known if value is not None}


def _content(order: Order) -> Mapping[str, Value]:
    """What is ordered, and when; of a written event its signals, and the SHA-256 of its XML as the store keeps it."""
    times: Mapping[str, Value] = {
        "start": f"{order.start:%Y-%m-%dT%H:%M:%SZ}",
        "seconds": None if order.is_open_ended else int(order.duration.total_seconds()),
    }
    if order.written is None:
        return {**times, "permille": None if order.percent is None else int(order.percent * 10)}
    return {
        **times,
        "market_context": order.written.descriptor.market_context,
        "signals": tuple(
            {
                "name": signal.name,
                "type": signal.type,
                "values": tuple(f"{interval.value}" for interval in signal.intervals),
            }
            for signal in order.written.signals
        ),
        "written": sha256(order_rows.packed(order.written)).hexdigest(),
    }
