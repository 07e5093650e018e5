"""What sites have said by EiOpt."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import EventId, OptId, ResourceId, VenId
from oadr.wire.messages.common import OptType
from vtn.model.opt import KeptOpt, Opt, ResourceOpt, forgettable
from vtn.store.engine import Tx
from vtn.store.tables import opt_periods, opt_resources, opts


async def add(tx: Tx, opt: Opt, now: datetime) -> None:
    made = await tx.execute(
        insert(opts).values(
            opt_id=opt.opt_id,
            ven_id=opt.ven_id,
            opt=opt.opt,
            reason=opt.reason,
            created_at=opt.created_at,
            event_id=opt.event_id,
            programme=opt.programme,
            is_whole_site=opt.resources is None,
            taken_at=now,
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    number = int(key[0])
    if opt.resources:
        rows = [{"number": number, "resource_id": each} for each in sorted(opt.resources)]
        await tx.execute(insert(opt_resources), rows)
    if opt.periods:
        await tx.execute(
            insert(opt_periods),
            [
                {"number": number, "place": place, "start": period.start, "end": period.end}
                for place, period in enumerate(opt.periods)
            ],
        )
    await _forget(tx, forgettable(await of_ven(tx, opt.ven_id)))


async def cancel(tx: Tx, ven_id: VenId, opt_id: OptId, now: datetime) -> None:
    """Every schedule of that name (r204)."""
    its = (opts.c.ven_id == ven_id) & (opts.c.opt_id == opt_id)
    is_open = opts.c.event_id.is_(None) & opts.c.cancelled_at.is_(None)
    await tx.execute(update(opts).where(its & is_open).values(cancelled_at=now))


async def erase(tx: Tx, ven_id: VenId) -> None:
    """The schedules of a registration that is no more (r406, r407). Words on events stay: they are history."""
    gone = select(opts.c.number).where(opts.c.ven_id == ven_id, opts.c.event_id.is_(None))
    await _forget(tx, (await tx.execute(gone)).scalars().all())


async def of_ven(tx: Tx, ven_id: VenId) -> tuple[KeptOpt, ...]:
    """In the order in which they came."""
    return await _kept(tx, opts.c.ven_id == ven_id)


async def load(tx: Tx) -> tuple[KeptOpt, ...]:
    """Of all sites, in the order in which they came."""
    return await _kept(tx, opts.c.number.is_not(None))


async def outs(tx: Tx) -> Mapping[VenId, tuple[KeptOpt, ...]]:
    """The optOut schedules of each site that has any, in the order in which they came."""
    found: dict[VenId, tuple[KeptOpt, ...]] = {}
    for one in await _kept(tx, opts.c.event_id.is_(None) & (opts.c.opt == OptType.OPT_OUT)):
        found[one.opt.ven_id] = (*found.get(one.opt.ven_id, ()), one)
    return found


async def on_events(tx: Tx, condition: Any) -> Mapping[EventId, tuple[ResourceOpt, ...]]:
    """The newest word on each chargepoint, for the events whose ids `condition` selects."""
    newest: dict[EventId, dict[ResourceId, ResourceOpt]] = {}
    query = (
        select(opts, opt_resources.c.resource_id)
        .join(opt_resources, opts.c.number == opt_resources.c.number)
        .where(opts.c.event_id.in_(condition))
        .order_by(opts.c.number)
    )
    for row in await tx.execute(query):
        said = ResourceOpt(ResourceId(row.resource_id), OptType(row.opt), row.reason, row.taken_at)
        newest.setdefault(EventId(row.event_id), {})[said.resource_id] = said
    return {event_id: tuple(said.values()) for event_id, said in newest.items()}


async def _forget(tx: Tx, numbers: Iterable[int]) -> None:
    if gone := tuple(numbers):
        for table in (opt_periods, opt_resources, opts):
            await tx.execute(delete(table).where(table.c.number.in_(gone)))


async def _kept(tx: Tx, condition: Any) -> tuple[KeptOpt, ...]:
    resources: dict[int, set[ResourceId]] = {}
    for row in await tx.execute(select(opt_resources).join(opts).where(condition)):
        resources.setdefault(row.number, set()).add(ResourceId(row.resource_id))
    periods: dict[int, list[Period]] = {}
    for row in await tx.execute(select(opt_periods).join(opts).where(condition).order_by("place")):
        periods.setdefault(row.number, []).append(Period(row.start, row.end))
    query = select(opts).where(condition).order_by("number")
    return tuple(
        _read(row, frozenset(resources.get(row.number, ())), tuple(periods.get(row.number, ())))
        for row in await tx.execute(query)
    )


def _read(row: Row[Any], resources: frozenset[ResourceId], periods: tuple[Period, ...]) -> KeptOpt:
    opt = Opt(
        opt_id=OptId(row.opt_id),
        ven_id=VenId(row.ven_id),
        opt=OptType(row.opt),
        reason=row.reason,
        created_at=row.created_at,
        event_id=EventId(row.event_id) if row.event_id is not None else None,
        programme=Programme(row.programme) if row.programme is not None else None,
        resources=None if row.is_whole_site else resources,
        periods=periods,
    )
    return KeptOpt(row.number, opt, row.taken_at, row.cancelled_at)
