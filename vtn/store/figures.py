"""What the store knows of the whole fleet, counted where it lies: no row of a site leaves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, ColumnElement, case, func, select, type_coerce

from vtn.model.delivery import CANCEL_PATIENCE
from vtn.model.opt import REASONS
from vtn.store.engine import Tx
from vtn.store.tables import EPOCH, MICROSECOND, events, interventions, opts, registrations, sites


class Standing(StrEnum):
    """Of a site."""

    UNAPPROVED = "unapproved"
    APPROVED = "approved"
    """And not registered."""
    ONLINE = "online"
    SILENT = "silent"
    """Registered, and not heard of for too long."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a site to an event as it stands."""

    after: timedelta
    """Since the order, its last change, or its cancellation."""
    opt: str


async def standings(tx: Tx, heard_since: datetime) -> Mapping[Standing, int]:
    """How many sites there are of each; online are those heard of since then."""
    standing = case(
        (sites.c.certificate.is_(None), Standing.UNAPPROVED),
        (registrations.c.ven_id.is_(None), Standing.APPROVED),
        (sites.c.last_seen >= heard_since, Standing.ONLINE),
        else_=Standing.SILENT,
    ).label("standing")
    query = (
        select(standing, func.count().label("count"))
        .select_from(sites.outerjoin(registrations))
        .group_by(standing)
    )
    found = {Standing(row.standing): row[1] for row in await tx.execute(query)}
    return {each: found.get(each, 0) for each in Standing}


async def newest_call(tx: Tx) -> datetime | None:
    """When any site was heard of last."""
    found: datetime | None = (await tx.execute(select(func.max(sites.c.last_seen)))).scalar()
    return found


async def silences(tx: Tx, shares: Sequence[float], now: datetime) -> Mapping[float, timedelta]:
    """For each share the time within which so many of the registered sites were heard of; empty where none ever was."""
    heard = sites.join(registrations)
    counting = select(func.count(sites.c.last_seen)).select_from(heard)
    count = int((await tx.execute(counting)).scalar_one())
    found: dict[float, timedelta] = {}
    for share in shares if count else ():
        place = min(int(count * share), count - 1)
        newest_first = select(sites.c.last_seen).select_from(heard).where(sites.c.last_seen.is_not(None))
        at = newest_first.order_by(sites.c.last_seen.desc()).limit(1).offset(place)
        found[share] = max(now - (await tx.execute(at)).scalar_one(), timedelta())
    return found


async def standing_opts(tx: Tx) -> Mapping[str, int]:
    """How many are not cancelled, by reason; a site's own words count as `other`."""
    reason = case((opts.c.reason.in_(sorted(REASONS)), opts.c.reason), else_="other").label("reason")
    query = select(reason, func.count().label("count")).where(opts.c.cancelled_at.is_(None)).group_by(reason)
    return {row.reason: row[1] for row in await tx.execute(query)}


async def oldest_undelivered(tx: Tx, now: datetime) -> timedelta:
    """Of what registered sites have still to answer, the age of the oldest; zero if there is nothing."""
    is_open = events.c.answered_modification.is_(None) | (
        events.c.answered_modification != events.c.modification_number
    )
    query = (
        select(func.min(events.c.created_at))
        .select_from(events.join(interventions))
        .where(
            is_open,
            events.c.handed_out.is_(False),
            _listed_until() > (now - EPOCH) // MICROSECOND,
            events.c.ven_id.in_(select(registrations.c.ven_id)),
        )
    )
    oldest: datetime | None = (await tx.execute(query)).scalar()
    return timedelta() if oldest is None else max(now - oldest, timedelta())


async def answers(tx: Tx, since: datetime, until: datetime) -> tuple[Answered, ...]:
    """That came after `since` and not after `until`, to the newest modification."""
    query = select(events.c.answered_at, events.c.created_at, events.c.opt).where(
        events.c.answered_at > since,
        events.c.answered_at <= until,
        events.c.answered_modification == events.c.modification_number,
    )
    return tuple(
        Answered(max(row.answered_at - row.created_at, timedelta()), row.opt)
        for row in await tx.execute(query)
    )


def _listed_until() -> ColumnElement[int]:
    """In microseconds since 1970: its latest end, and what a cancellation is repeated longer (r52)."""
    length = interventions.c.duration_ms + func.coalesce(interventions.c.randomise_ms, 0)
    repeated = case((interventions.c.cancelled_at.is_(None), 0), else_=CANCEL_PATIENCE // MICROSECOND)
    return type_coerce(interventions.c.start, BigInteger) + length * 1000 + repeated
