"""Who has registered."""

from sqlalchemy import delete, insert, select, update

from oadr.wire.ids import VenId
from vtn.model.registration import Registration
from vtn.store import messages, offer_requests, opts, wishes
from vtn.store.engine import Tx
from vtn.store.tables import chargepoints, registrations, report_orders, report_points, states, totals


async def of(tx: Tx, ven_id: VenId) -> Registration | None:
    row = (await tx.execute(select(registrations).where(registrations.c.ven_id == ven_id))).one_or_none()
    return Registration(**row._mapping) if row else None


async def replace(tx: Tx, registration: Registration) -> None:
    """A new registration; what belonged to an older one is erased (r406)."""
    await _forget(tx, registration.ven_id)
    await tx.execute(
        insert(registrations).values(
            ven_id=registration.ven_id,
            registration_id=registration.registration_id,
            request_id=registration.request_id,
            registered_at=registration.registered_at,
            ven_name=registration.ven_name,
            greeted=registration.greeted,
            offered=registration.offered,
        )
    )


async def greet(tx: Tx, ven_id: VenId, *, answered: bool) -> None:
    """The VEN has answered our oadrRegisterReport, or is to have it again."""
    change = update(registrations).where(registrations.c.ven_id == ven_id)
    await tx.execute(change.values(greeted=answered))


async def offered(tx: Tx, ven_id: VenId) -> None:
    """The VEN has said what it can report, or that it cannot say it."""
    await tx.execute(update(registrations).where(registrations.c.ven_id == ven_id).values(offered=True))


async def unoffered(tx: Tx) -> frozenset[VenId]:
    """The registered VENs that have not yet said what they can report."""
    query = select(registrations.c.ven_id).where(registrations.c.offered.is_(False))
    return frozenset(VenId(row.ven_id) for row in await tx.execute(query))


async def ungreeted(tx: Tx) -> frozenset[VenId]:
    """The registered VENs that have not yet answered our oadrRegisterReport."""
    query = select(registrations.c.ven_id).where(registrations.c.greeted.is_(False))
    return frozenset(VenId(row.ven_id) for row in await tx.execute(query))


async def erase(tx: Tx, ven_id: VenId) -> None:
    """The registration and all that hangs on it (r407), and what is recorded of the site's messages.

    These outlive a registration that only takes the place of another, for they may show why it does.
    """
    await _forget(tx, ven_id)
    await messages.erase(tx, ven_id)


async def _forget(tx: Tx, ven_id: VenId) -> None:
    """The registration, and the reports, states, totals, schedules and wishes that hang on it."""
    await opts.erase(tx, ven_id)
    ours = select(chargepoints.c.resource_id).where(chargepoints.c.ven_id == ven_id)
    await tx.execute(delete(states).where(states.c.resource_id.in_(ours)))
    await wishes.erase(tx, ven_id)
    await offer_requests.erase(tx, ven_id)
    for table in (report_orders, report_points, totals, registrations):
        await tx.execute(delete(table).where(table.c.ven_id == ven_id))
