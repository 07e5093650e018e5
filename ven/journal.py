"""What must survive a power cut, as one value with one form (see `journal_form`).

A hash in front tells our bytes from any others.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from oadr.charging.meanings import PLAIN
from oadr.wire.errors import OadrError
from ven import journal_form
from ven.authority import Spell
from ven.enrolment import Registration
from ven.events import HeldEvent
from ven.local import Local
from ven.opts import Opt
from ven.orders import Order
from ven.party import GRID_OPERATOR, Party
from ven.slots import Slot, SlotKey
from ven.standing import Standing
from ven.verify import Reached

FORMAT: Final = 3
SEAL_LENGTH: Final = 65


@dataclass(frozen=True, slots=True)
class Memory:
    """All of a VEN's state that outlives the process. The first fields but the slots are the grid operator's."""

    registration: Registration | None = None
    held: tuple[HeldEvent, ...] = ()
    orders: tuple[Order, ...] = ()
    slots: tuple[tuple[SlotKey, Slot], ...] = ()
    opts: tuple[Opt, ...] = ()
    local: Local = field(default_factory=Local)
    spells: tuple[Spell, ...] = ()
    """Emergencies of the last week."""
    others: tuple[Standing, ...] = ()
    """With whom else the site speaks, and how it stands with them."""
    reached: tuple[Reached, ...] = ()
    """How far chargepoints that do not obey have been pressed."""
    is_lost: bool = False
    """There was more, and it could not be read. Not kept: it is over with the first list of events."""

    @property
    def standings(self) -> tuple[Standing, ...]:
        """The grid operator first."""
        main = Standing(GRID_OPERATOR, self.registration, self.held, self.orders, self.opts)
        return (main, *self.others)

    def of(self, party: str) -> Standing:
        """An empty one of whom nothing is known."""
        known = (one for one in self.standings if one.party == party)
        return next(known, Standing(Party(party)))

    @property
    def all_held(self) -> tuple[HeldEvent, ...]:
        return tuple(each for one in self.standings for each in one.held)


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
    record = {
        "format": FORMAT,
        **journal_form.standing(memory.standings[0]),
        "slots": [journal_form.slot(key, slot) for key, slot in memory.slots],
        "local": journal_form.local(memory.local),
        "spells": [journal_form.spell(one) for one in memory.spells],
        "others": [{"party": one.party, **journal_form.standing(one)} for one in memory.others],
        "reached": [journal_form.reached(one) for one in memory.reached],
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
        main = journal_form.read_standing(GRID_OPERATOR, record)
        return Memory(
            main.registration,
            main.held,
            main.orders,
            tuple(journal_form.read_slot(fields) for fields in record["slots"]),
            main.opts,
            journal_form.read_local(record["local"]),
            tuple(journal_form.read_spell(fields) for fields in record["spells"]),
            tuple(journal_form.read_standing(Party(one["party"]), one) for one in record["others"]),
            tuple(journal_form.read_reached(fields) for fields in record["reached"]),
        )
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OadrError) as error:
        raise Corrupt(f"the journal cannot be read: {error}") from error


def _brought_up(record: dict[str, Any]) -> dict[str, Any]:
    """A record of an earlier format as one of this format: an emergency in it must hold over the update."""
    if record["format"] == 1:  # of 0.1.0, which knew neither bounds nor what people set here, nor a recovery
        record = {"local": journal_form.local(Local()), "spells": [], **record, "format": 2}
        _give(record["held"], latest=None, agreed=journal_form.agreed(PLAIN))
        _give(record["slots"], recovery=None)
    if record["format"] == 2:  # which knew one VTN, and forgot how far it had pressed a chargepoint
        record = {"others": [], "reached": [], **record, "format": 3}
        _give(record["held"], least=None)
        _give(
            record["slots"],
            party=GRID_OPERATOR,
            watts=None,
            phases=None,
            undercut=None,
            ordered_amps=None,
        )
    return record


def _give(rows: Iterable[dict[str, Any]], **fields: Any) -> None:
    """What rows of an earlier format do not have."""
    for row in rows:
        for name, value in fields.items():
            row.setdefault(name, value)
