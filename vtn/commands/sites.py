"""`vtn sites`: who may call, who has registered, who has been silent."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import typer

from oadr.wire.ids import ResourceId, VenId
from oadr.wire.recording import Recorded
from oadr.wire.signature import SignaturePolicy
from vtn.assess import gathering
from vtn.assess.preview import Drawn, Freshness
from vtn.commands import recordings, shown
from vtn.commands.options import ConfigFile, Json, Office, Overrides, opened, settings
from vtn.commands.shown import Shown
from vtn.config import Settings
from vtn.model.errors import NotNow
from vtn.model.network import Chargepoint, Network, Site
from vtn.model.reading import Quantity, State, Total
from vtn.model.registration import Registration
from vtn.store import network, registrations, reports
from vtn.store.engine import Tx

NOT_KEPT: Final = "not kept: vtn sites record SITE --last 50"

sites = typer.Typer(no_args_is_help=True, help="The sites, each of them one VEN.")


@dataclass(frozen=True, slots=True)
class Seen:
    """A site and how it stands."""

    site: Site
    signatures: SignaturePolicy
    """The site's own, or that of the settings."""
    chargepoints: tuple[Chargepoint, ...]
    registration: Registration | None
    last_seen: datetime | None
    is_online: bool
    drawn: Mapping[ResourceId, Drawn]
    states: Mapping[ResourceId, State]
    together: Total | None
    """The power of all its chargepoints, if it does not tell them apart (r343)."""


@sites.command("list")
def list_(as_json: Json = False, file: ConfigFile = None, overrides: Overrides = None) -> None:
    """Each site: whether it is approved and registered, and when it called last."""
    found = asyncio.run(_all(settings(file, overrides)))
    if as_json:
        shown.as_json([_site(one) for one in found])
        return
    shown.table(
        ("site", "name", "approved", "signatures", "registered", "online", "last seen", "chargepoints"),
        (
            (
                one.site.ven_id,
                one.site.name,
                _yes(one.site.certificate is not None),
                one.signatures,
                _yes(one.registration is not None),
                _yes(one.is_online),
                shown.clock(one.last_seen),
                str(len(one.chargepoints)),
            )
            for one in found
        ),
    )


@sites.command("show")
def show(
    site: Annotated[str, typer.Argument(metavar="SITE")],
    messages: Annotated[
        bool, typer.Option("--messages", help="And its last messages, as far as they are kept.")
    ] = False,
    last: Annotated[
        int | None, typer.Option("--last", metavar="N", help="No more of them than this.")
    ] = None,
    xml: Annotated[bool, typer.Option("--xml", help="The messages in full.")] = False,
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """One site: its certificate, its registration, its chargepoints and what they draw."""
    one = next(
        (each for each in asyncio.run(_all(settings(file, overrides))) if each.site.ven_id == site), None
    )
    if one is None:
        raise NotNow(f"there is no site {site}; see them with: vtn sites list")
    kept: tuple[Recorded, ...] | None = None
    if messages or xml or last is not None:
        kept = asyncio.run(recordings.kept(settings(file, overrides), one.site.ven_id, last))
    if as_json:
        chargepoints = [_chargepoint(each, one) for each in one.chargepoints]
        told: dict[str, Shown] = {} if kept is None else {"messages": [each.fields for each in kept]}
        shown.as_json({**_site(one), "chargepoints": chargepoints, **told})
        return
    rows = (
        ("site", one.site.ven_id),
        ("name", one.site.name or "-"),
        ("certificate", one.site.certificate or "none: vtn approve SITE --certificate FILE"),
        ("signatures", f"{one.signatures}{'' if one.site.signatures else ', as the settings say'}"),
        ("registered", shown.clock(one.registration.registered_at if one.registration else None)),
        ("calls itself", (one.registration.ven_name if one.registration else "") or "-"),
        ("last seen", f"{shown.clock(one.last_seen)}{'' if one.is_online else ', not online'}"),
        ("messages", f"the last {count} are kept" if (count := one.site.record_last) else NOT_KEPT),
        *_together(one.together),
    )
    typer.echo("\n".join(f"{name:<13} {shown.words(text)}" for name, text in rows))
    shown.table(
        ("chargepoint", "feeder", "rated A", "phases", "step %", "last reading", "power W", "state"),
        (_line(each, one) for each in one.chargepoints),
    )
    if kept is not None:
        recordings.show(kept, with_xml=xml)


async def _all(given: Settings) -> tuple[Seen, ...]:
    async with opened(given) as office, office.store.reading() as tx:
        known = await network.load(tx)
        drawn = await gathering.drawn(tx, tuple(one.resource_id for one in known.chargepoints))
        states = await reports.known_states(tx, tuple(one.resource_id for one in known.chargepoints))
        last_seen = await network.last_seen(tx)
        totals = await reports.known_totals(tx, Quantity.POWER)
        return tuple(
            [
                await _seen(tx, site, known, drawn, states, totals.get(site.ven_id), last_seen, office)
                for site in known.sites
            ]
        )


async def _seen(
    tx: Tx,
    site: Site,
    known: Network,
    drawn: Mapping[ResourceId, Drawn],
    states: Mapping[ResourceId, State],
    together: Total | None,
    last_seen: Mapping[VenId, datetime],
    office: Office,
) -> Seen:
    terms = office.settings.terms
    patience = Freshness.of(terms.poll_every, terms.report_every).online_for
    seen = last_seen.get(site.ven_id)
    return Seen(
        site=site,
        signatures=terms.signatures if site.signatures is None else site.signatures,
        chargepoints=tuple(one for one in known.chargepoints if one.ven_id == site.ven_id),
        registration=await registrations.of(tx, site.ven_id),
        last_seen=seen,
        is_online=seen is not None and office.now - seen <= patience,
        drawn=drawn,
        states=states,
        together=together,
    )


def _site(one: Seen) -> dict[str, Shown]:
    return {
        "site": one.site.ven_id,
        "name": one.site.name,
        "approved": one.site.certificate is not None,
        "certificate": one.site.certificate,
        "signatures": one.signatures,
        "record_last": one.site.record_last,
        "registered": one.registration is not None,
        "registered_at": shown.moment(one.registration.registered_at if one.registration else None),
        "ven_name": one.registration.ven_name if one.registration else None,
        "online": one.is_online,
        "last_seen": shown.moment(one.last_seen),
        "together_at": shown.moment(one.together.at if one.together else None),
        "together_power_w": shown.number(one.together.value if one.together else None),
        "chargepoints": [each.resource_id for each in one.chargepoints],
    }


def _chargepoint(each: Chargepoint, one: Seen) -> Shown:
    drawn = one.drawn.get(each.resource_id)
    return {
        "chargepoint": each.resource_id,
        "feeder": each.feeder_id,
        "rated_a": shown.number(each.rating.amps),
        "phases": each.rating.phases,
        "step": each.rating.step,
        "read_at": shown.moment(drawn.at if drawn else None),
        "power_w": shown.number(drawn.watts if drawn else None),
        "state": _state(one.states.get(each.resource_id)),
    }


def _state(said: State | None) -> Shown:
    """In the chargepoint's own words."""
    if said is None:
        return None
    return {
        "at": shown.moment(said.at),
        "online": said.online,
        "overridden": said.overridden,
        "allowed_percent": shown.number(said.share * 100 if said.share is not None else None),
    }


def _said(said: State | None) -> str:
    if said is None:
        return "-"
    words = ["online" if said.online else "offline"]
    if said.share is not None and said.share < 1:
        words.append(f"at {shown.plain(said.share * 100)} %")
    if said.overridden:
        words.append("overridden by a person")
    return ", ".join(words)


def _line(each: Chargepoint, one: Seen) -> tuple[str, ...]:
    drawn, rating = one.drawn.get(each.resource_id), each.rating
    return (
        each.resource_id,
        each.feeder_id,
        shown.plain(rating.amps),
        str(rating.phases),
        str(rating.step),
        shown.clock(drawn.at if drawn else None),
        shown.plain(drawn.watts if drawn else None),
        _said(one.states.get(each.resource_id)),
    )


def _together(total: Total | None) -> tuple[tuple[str, str], ...]:
    if total is None:
        return ()
    return (("draw together", f"{shown.plain(total.value)} W at {shown.clock(total.at)}"),)


def _yes(whether: bool) -> str:
    return "yes" if whether else "no"
