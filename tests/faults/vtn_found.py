"""What a store holds when it is opened again, and whether that is what was acknowledged.

Beyond the last acknowledgement there may be one more effect, which was stored and not told any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, text

from oadr.ledger import export
from oadr.ledger.entry import Entry, EntryType
from oadr.ledger.export import Hole
from oadr.ledger.header import Header
from oadr.ledger.verification import Verified
from oadr.wire.ids import VenId
from tests.faults.cuts import Lost
from tests.vtn.world import HOME, HOME_EVSE, NOW
from vtn.model.delivery import Delivery
from vtn.model.intervention import Intervention, InterventionId
from vtn.model.opt import KeptOpt
from vtn.model.proposal import Proposal
from vtn.model.registration import Registration
from vtn.model.release import Stage
from vtn.store import interventions, opts, people, proposals, record, registrations, reports, tables, witness
from vtn.store.engine import Store

EVER: Final = datetime.max.replace(tzinfo=NOW.tzinfo, year=2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    registration: Registration | None
    interventions: Mapping[str, Intervention]
    deliveries: Mapping[str, Delivery]
    modifications: Mapping[str, int]
    """Of events."""
    opts: Mapping[str, KeptOpt]
    readings: Mapping[datetime, Decimal]
    proposals: Mapping[int, Proposal]
    keys: Mapping[str, str | None]
    people: Mapping[str, str]
    halts: Mapping[int, bool]
    """Whether each is lifted."""
    entries: tuple[Entry, ...]
    sealed: Mapping[int, str]
    noted: bytes
    """Beside the store."""
    integrity: str
    export: tuple[bytes, ...]

    @classmethod
    async def load(cls, store: Store, key: Ed25519PrivateKey, folder: Path) -> Self:
        async with store.reading() as tx:

            async def rows(*columns: Any) -> Any:
                return await tx.execute(select(*columns))

            given = await interventions.load(tx)
            raw = [each async for each in record.entries(tx)]
            sealed = await record.sealed(tx)
            head = await record.head(tx)
            header = Header.sign(head, key, NOW, checkpoints=len(sealed), software="", query="everything")
            events, asked, pulled = tables.events.c, tables.request_keys.c, tables.halts.c
            return cls(
                registration=await registrations.of(tx, HOME),
                interventions={one.intervention_id: one for one in given},
                deliveries={one.event_id: one for one in await interventions.of_ven(tx, HOME)},
                modifications={
                    each[0]: each[1] for each in await rows(events.event_id, events.modification_number)
                },
                opts={one.opt.opt_id: one for one in await opts.of_ven(tx, HOME)},
                readings={one.at: one.value for one in await reports.between(tx, (HOME_EVSE,), NOW, EVER)},
                proposals={one.number: one for one in await proposals.load(tx)},
                keys={each[0]: each[1] for each in await rows(asked.key, asked.intervention_id)},
                people={one.account: one.person.person_id for one in await people.load(tx)},
                halts={each[0]: each[1] is not None for each in await rows(pulled.number, pulled.lifted_at)},
                entries=tuple(map(Entry.read, raw)),
                sealed={one.size: one.root.hex() for one in sealed},
                noted=(folder / witness.FILE).read_bytes(),
                integrity=str((await tx.execute(text("PRAGMA integrity_check"))).scalar()),
                export=tuple(export.write(header, raw, sealed)),
            )

    def must_be_whole(self, verified: Verified) -> None:
        """Each effect is there with its entry of the record, and no entry without its effect (S3)."""
        given = self.interventions.values()
        wanted = {
            EntryType.INTERVENTION: len(given),
            EntryType.MODIFY: sum(len(one.changes) for one in given),
            EntryType.CANCEL: sum(one.cancelled_at is not None for one in given),
        }
        for kind, count in wanted.items():
            if verified.counts.get(kind, 0) != count:
                raise Lost(f"{count} effects of {kind}, {verified.counts.get(kind, 0)} entries")
        for event_id, number in self.modifications.items():
            if number != self.interventions[event_id.rpartition("-")[0]].modification_number:
                raise Lost(f"{event_id} is at {number}, unlike its intervention")
        hashes = b"".join(hole.digest + hole.leaf for hole in map(Hole.where, self.entries))
        if self.noted != hashes:
            raise Lost("the hashes beside the store are not those of its record")
        if self.integrity != "ok":
            raise Lost(f"the store itself: {self.integrity}")

    # --- one acknowledgement each ---

    def is_registered(self, ven_id: str, value: str) -> bool:
        registration_id, _, at = value.partition("@")
        known = self.registration
        return (
            known is not None
            and known.ven_id == VenId(ven_id)
            and (
                known.registration_id == registration_id or known.registered_at >= datetime.fromisoformat(at)
            )
        )

    def has_reading(self, at: str, value: str) -> bool:
        return self.readings.get(datetime.fromisoformat(at)) == Decimal(value)

    def has_schedule(self, opt_id: str, registration_id: str) -> bool:
        """It is forgotten with its registration (r406)."""
        return opt_id in self.opts or not self._is_still(registration_id)

    def has_cancelled(self, opt_id: str, registration_id: str) -> bool:
        kept = self.opts.get(opt_id)
        return not self._is_still(registration_id) if kept is None else kept.cancelled_at is not None

    def _is_still(self, registration_id: str) -> bool:
        return self.registration is not None and self.registration.registration_id == registration_id

    def is_ordered(self, name: str, percent: str) -> bool:
        """As it was at that modification."""
        intervention_id, _, number = name.partition("/")
        given = self.interventions.get(intervention_id)
        if given is None or given.modification_number < int(number):
            return False
        orders = (*(each.before for each in given.changes), given.order)
        return orders[int(number)].percent == Decimal(percent)

    def is_cancelled(self, intervention_id: str, number: str) -> bool:
        given = self.interventions.get(intervention_id)
        return (
            given is not None and given.cancelled_at is not None and given.modification_number == int(number)
        )

    def knows_key(self, key: str, intervention_id: str) -> bool:
        """A key is forgotten after a week, when the next one comes."""
        return self.keys.get(key) == intervention_id or any(_day(other) > _day(key) for other in self.keys)

    def is_answered(self, event_id: str, number: str) -> bool:
        found = self.deliveries.get(event_id)
        answers = () if found is None else (found.answer, found.order_answer)
        return any(
            one is not None and one.agreed and one.modification_number >= int(number) for one in answers
        )

    def is_opted(self, opt_id: str, event_id: str) -> bool:
        kept = self.opts.get(opt_id)
        return kept is not None and kept.opt.event_id == event_id

    def is_proposed(self, number: str, digest: str) -> bool:
        kept = self.proposals.get(int(number))
        return kept is not None and kept.digest == digest and kept.stood is not Stage.DRAFT

    def is_approved(self, number: str, intervention_id: str) -> bool:
        kept, given = self.proposals.get(int(number)), self.interventions.get(intervention_id)
        return (
            kept is not None
            and kept.became == InterventionId(intervention_id)
            and given is not None
            and given.word.is_of_two
        )

    def is_rejected(self, number: str, _: str) -> bool:
        kept = self.proposals.get(int(number))
        return kept is not None and kept.stood is Stage.REJECTED

    def knows_person(self, account: str, person_id: str) -> bool:
        return self.people.get(account) == person_id

    def is_halted(self, number: str, state: str) -> bool:
        lifted = self.halts.get(int(number))
        return lifted is not None and (lifted or state == "pulled")

    def is_sealed(self, size: str, root: str) -> bool:
        return self.sealed.get(int(size)) == root

    def is_noted(self, _: str, size: str) -> bool:
        return len(self.noted) >= int(size) * witness.WIDTH

    def has_entry(self, seq: str, digest: str) -> bool:
        return int(seq) < len(self.entries) and self.entries[int(seq)].digest.hex() == digest


def _day(key: str) -> int:
    return int(key.rpartition("-")[2])
