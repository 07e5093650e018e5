"""Orders, and changes of orders, on their way to be released."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from oadr.wire.ids import GroupId
from vtn.model.errors import NotNow
from vtn.model.intervention import InterventionId
from vtn.model.people import PersonId
from vtn.model.proposal import Amended, Proposal, ProposalId
from vtn.model.release import Stage
from vtn.store import order_rows
from vtn.store.engine import Tx
from vtn.store.tables import proposal_feeders, proposals

LINE: Final = "\n"


async def add(tx: Tx, proposal: Proposal) -> Proposal:
    """Stored under a number of its own; the one that it has is of no account."""
    done = await tx.execute(insert(proposals).values(_row(proposal)).returning(proposals.c.number))
    number = ProposalId(done.scalar_one())
    await _add_feeders(tx, number, proposal.order.feeder_ids)
    return await find(tx, number)


async def keep(tx: Tx, proposal: Proposal) -> None:
    """As it is after a step."""
    mine = proposals.c.number == proposal.number
    await tx.execute(update(proposals).where(mine).values(_row(proposal)))
    await tx.execute(delete(proposal_feeders).where(proposal_feeders.c.number == proposal.number))
    await _add_feeders(tx, proposal.number, proposal.order.feeder_ids)


async def find(tx: Tx, number: int) -> Proposal:
    """Raises `NotNow` where there is none."""
    row = (await tx.execute(select(proposals).where(proposals.c.number == number))).one_or_none()
    if row is None:
        raise NotNow(f"there is no proposal {number}; see them with: vtn proposals")
    return _proposal(row, (await _feeders(tx)).get(row.number, ()))


async def load(tx: Tx) -> tuple[Proposal, ...]:
    """All of them, the newest first."""
    feeders = await _feeders(tx)
    query = select(proposals).order_by(proposals.c.number.desc())
    return tuple(_proposal(row, feeders.get(row.number, ())) for row in await tx.execute(query))


async def _add_feeders(tx: Tx, number: ProposalId, feeder_ids: tuple[GroupId, ...]) -> None:
    rows = [{"number": number, "feeder_id": feeder_id} for feeder_id in dict.fromkeys(feeder_ids)]
    await tx.execute(insert(proposal_feeders), rows)


async def _feeders(tx: Tx) -> Mapping[int, tuple[GroupId, ...]]:
    found: dict[int, tuple[GroupId, ...]] = {}
    for row in await tx.execute(select(proposal_feeders).order_by("number", "feeder_id")):
        found[row.number] = (*found.get(row.number, ()), GroupId(row.feeder_id))
    return found


def _row(proposal: Proposal) -> Mapping[str, Any]:
    order, amends = proposal.order, proposal.amends
    return {
        "amends": None if amends is None else amends.intervention_id,
        "modification_number": None if amends is None else amends.modification_number,
        "programme": order.programme,
        **order_rows.values(order),
        "reason": order.reason,
        "ordered_by": order.ordered_by,
        "is_test": order.is_test,
        "digest": proposal.digest,
        "author": proposal.author,
        "written_at": proposal.written_at,
        "expires_at": proposal.expires_at,
        "stood": proposal.stood,
        "reasons": LINE.join(proposal.reasons),
        "decided_by": proposal.decided_by,
        "decided_at": proposal.decided_at,
        "decision": proposal.decision,
        "broke_glass": proposal.broke_glass,
        "became": proposal.became,
    }


def _proposal(row: Row[Any], feeder_ids: tuple[GroupId, ...]) -> Proposal:
    amends = None
    if row.amends is not None:
        amends = Amended(
            intervention_id=InterventionId(row.amends), modification_number=row.modification_number
        )
    return Proposal(
        number=ProposalId(row.number),
        order=order_rows.order(row, feeder_ids),
        amends=amends,
        digest=row.digest,
        author=PersonId(row.author),
        written_at=row.written_at,
        expires_at=row.expires_at,
        stood=Stage(row.stood),
        reasons=tuple(row.reasons.split(LINE)) if row.reasons else (),
        decided_by=None if row.decided_by is None else PersonId(row.decided_by),
        decided_at=row.decided_at,
        decision=row.decision,
        broke_glass=row.broke_glass,
        became=None if row.became is None else InterventionId(row.became),
    )
