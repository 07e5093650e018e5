"""Feeders, sites and chargepoints."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from certs import Sha256
from oadr.charging.electricity import Rating
from oadr.wire.ids import GroupId, ResourceId, VenId
from oadr.wire.signature import SignaturePolicy
from vtn.model.errors import NotNow
from vtn.model.network import Chargepoint, Feeder, Network, Site, check
from vtn.model.registration import Caller
from vtn.store import changes
from vtn.store.dialect import insert
from vtn.store.engine import Tx
from vtn.store.tables import chargepoints, feeders, registrations, sites


async def load(tx: Tx) -> Network:
    """All of it."""
    return Network(
        await feeders_known(tx),
        tuple(_site(row) for row in await tx.execute(select(sites).order_by("ven_id"))),
        await _chargepoints(tx, select(chargepoints).order_by("feeder_id", "ven_id", "resource_id")),
    )


async def feeders_known(tx: Tx) -> tuple[Feeder, ...]:
    return tuple(Feeder(**row._mapping) for row in await tx.execute(select(feeders).order_by("feeder_id")))


async def on_feeders(tx: Tx, feeder_ids: Iterable[GroupId]) -> tuple[Chargepoint, ...]:
    """The chargepoints of these feeders. Raises `NotNow` for a feeder that does not exist."""
    wanted = tuple(dict.fromkeys(feeder_ids))
    known = {row.feeder_id for row in await tx.execute(select(feeders.c.feeder_id))}
    for feeder_id in wanted:
        if feeder_id not in known:
            names = ", ".join(sorted(known)) or "none: import them first, vtn feeders import FILE"
            raise NotNow(f"there is no feeder {feeder_id}; known are {names}")
    query = select(chargepoints).where(chargepoints.c.feeder_id.in_(wanted)).order_by("ven_id", "resource_id")
    return await _chargepoints(tx, query)


async def sites_beyond(tx: Tx, feeder_ids: Iterable[GroupId]) -> frozenset[VenId]:
    """The sites that have chargepoints on other feeders than these."""
    elsewhere = chargepoints.c.feeder_id.not_in(tuple(feeder_ids))
    return frozenset(
        row.ven_id for row in await tx.execute(select(chargepoints.c.ven_id).where(elsewhere).distinct())
    )


async def of_site(tx: Tx, ven_id: VenId) -> tuple[Chargepoint, ...]:
    query = select(chargepoints).where(chargepoints.c.ven_id == ven_id).order_by("resource_id")
    return await _chargepoints(tx, query)


async def merge(tx: Tx, network: Network) -> None:
    """Add what is new and bring up to date what is known; nothing is removed, pseudonyms stay. Raises a `Mistake`."""
    check(network)
    for feeder in network.feeders:
        await _upsert(tx, feeders, "feeder_id", _feeder_row(feeder))
    for site in network.sites:
        row = {"ven_id": site.ven_id, "name": site.name, "pseudonym": _pseudonym()}
        await _upsert(tx, sites, "ven_id", row)
        if site.certificate is not None:
            await approve(tx, site.ven_id, site.certificate)
        if site.signatures is not None:
            await demand(tx, site.ven_id, site.signatures)
    for chargepoint in network.chargepoints:
        await _upsert(tx, chargepoints, "resource_id", _chargepoint_row(chargepoint))
    await changes.announce(tx)


async def approve(tx: Tx, ven_id: VenId, certificate: Sha256) -> None:
    """From now on this certificate, and no other, acts for the site. Raises `NotNow`: unknown site, or not its own."""
    owner = (await tx.execute(select(sites.c.ven_id).where(sites.c.certificate == certificate))).scalar()
    if owner not in (None, ven_id):
        raise NotNow(f"this certificate acts for {owner} already")
    changed = await tx.execute(update(sites).where(sites.c.ven_id == ven_id).values(certificate=certificate))
    if not changed.rowcount:
        raise NotNow(f"there is no site {ven_id}; import it first, vtn feeders import FILE")
    await changes.announce(tx)


async def demand(tx: Tx, ven_id: VenId, signatures: SignaturePolicy) -> None:
    """What is wanted of the site's messages from now on (r514). Raises `NotNow`: unknown site."""
    changed = await tx.execute(update(sites).where(sites.c.ven_id == ven_id).values(signatures=signatures))
    if not changed.rowcount:
        raise NotNow(f"there is no site {ven_id}; import it first, vtn feeders import FILE")
    await changes.announce(tx)


async def callers(tx: Tx) -> Mapping[Sha256, Caller]:
    """Every certificate that may call, and for whom."""
    query = (
        select(
            sites.c.certificate,
            sites.c.ven_id,
            sites.c.pseudonym,
            registrations.c.registration_id,
            sites.c.signatures,
            sites.c.record_last,
        )
        .select_from(sites.outerjoin(registrations))
        .where(sites.c.certificate.is_not(None))
    )
    return {
        Sha256(row.certificate): Caller(
            row.certificate,
            row.ven_id,
            row.pseudonym,
            row.registration_id,
            _policy(row.signatures),
            row.record_last,
        )
        for row in await tx.execute(query)
    }


async def seen(tx: Tx, moments: Mapping[VenId, datetime]) -> None:
    """Note when sites last called, in one sorted batch."""
    if moments:
        change = update(sites).where(sites.c.ven_id == bindparam("who")).values(last_seen=bindparam("at"))
        await tx.execute(change, [{"who": who, "at": moments[who]} for who in sorted(moments)])


async def last_seen(tx: Tx) -> Mapping[VenId, datetime]:
    """When each site called last, as far as it ever did."""
    query = select(sites.c.ven_id, sites.c.last_seen).where(sites.c.last_seen.is_not(None))
    return {row.ven_id: row.last_seen for row in await tx.execute(query)}


async def _chargepoints(tx: Tx, query: Any) -> tuple[Chargepoint, ...]:
    return tuple(_chargepoint(row) for row in await tx.execute(query))


async def _upsert(tx: Tx, table: Any, key: str, row: dict[str, Any]) -> None:
    kept = {name: value for name, value in row.items() if name not in (key, "pseudonym")}
    await tx.execute(insert(tx, table).values(row).on_conflict_do_update(index_elements=[key], set_=kept))


def _feeder_row(feeder: Feeder) -> dict[str, Any]:
    return {
        "feeder_id": feeder.feeder_id,
        "name": feeder.name,
        "rating_watts": feeder.rating_watts,
        "substation": feeder.substation,
    }


def _chargepoint_row(chargepoint: Chargepoint) -> dict[str, Any]:
    rating = chargepoint.rating
    return {
        "resource_id": chargepoint.resource_id,
        "ven_id": chargepoint.ven_id,
        "feeder_id": chargepoint.feeder_id,
        "rated_amps": str(rating.amps),
        "phases": rating.phases,
        "step": rating.step,
        "pseudonym": _pseudonym(),
    }


def _chargepoint(row: Row[Any]) -> Chargepoint:
    return Chargepoint(
        resource_id=ResourceId(row.resource_id),
        ven_id=VenId(row.ven_id),
        feeder_id=GroupId(row.feeder_id),
        rating=Rating(Decimal(row.rated_amps), row.phases, row.step),
        pseudonym=row.pseudonym,
    )


def _site(row: Row[Any]) -> Site:
    return Site(
        ven_id=row.ven_id,
        name=row.name,
        certificate=row.certificate,
        pseudonym=row.pseudonym,
        signatures=_policy(row.signatures),
        record_last=row.record_last,
    )


def _policy(stored: str | None) -> SignaturePolicy | None:
    return None if stored is None else SignaturePolicy(stored)


def _pseudonym() -> str:
    """128 random bits: nothing leads from it to a home, not even by trying all homes."""
    return secrets.token_hex(16)
