"""`vtn feeders`: import the network from a file, and look at its feeders."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from oadr.charging import electricity
from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.wire.ids import ResourceId
from vtn.assess import gathering
from vtn.assess.preview import Drawn, Freshness
from vtn.commands import account, network_changes, network_file, shown
from vtn.commands.network_changes import Change
from vtn.commands.options import ConfigFile, Json, Office, Overrides, Who, opened, settings
from vtn.commands.shown import Shown
from vtn.commands.typed import role
from vtn.config import Settings
from vtn.model.network import Chargepoint, Feeder, Network
from vtn.model.people import Role
from vtn.store import network, people, record

feeders = typer.Typer(no_args_is_help=True, help="The feeders, with their sites and chargepoints.")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A feeder, what is on it, and what that draws now as far as it is measured. Powers in W."""

    feeder: Feeder
    chargepoints: tuple[Chargepoint, ...]
    rated_watts: Decimal
    charging_watts: Decimal
    measured: int
    """Chargepoints with a fresh reading; the others are not in `charging_watts`."""


@feeders.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or JSON, a row for each chargepoint.")],
    who: Who = "operator",
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Take over feeders, sites and chargepoints: all of the file or nothing. Nothing known is removed."""
    found = network_file.read(path)
    made = asyncio.run(_import(settings(file, overrides), found, role(who)))
    if as_json:
        shown.as_json([_change(one) for one in made])
        return
    for one in made:
        typer.echo(_sentence(one))
    count = Counter(one.kind for one in made if not one.was)
    new = ", ".join(f"{count[kind]} {kind}s" for kind in ("feeder", "site", "chargepoint"))
    typer.echo(f"New: {new}; changed: {sum(bool(one.was) for one in made)}.")


@feeders.command("list")
def list_(as_json: Json = False, file: ConfigFile = None, overrides: Overrides = None) -> None:
    """Each feeder with its rating, what is installed on it, and what that draws now."""
    loaded = asyncio.run(_loaded(settings(file, overrides)))
    if as_json:
        shown.as_json([_feeder(one) for one in loaded])
        return
    shown.table(
        (
            "feeder",
            "name",
            "sites",
            "chargepoints",
            "rating kW",
            "installed kW",
            "charging kW",
            "of them measured",
        ),
        (
            (
                one.feeder.feeder_id,
                one.feeder.name,
                str(_sites(one)),
                str(len(one.chargepoints)),
                shown.kilowatts(
                    None if one.feeder.rating_watts is None else Decimal(one.feeder.rating_watts)
                ),
                shown.kilowatts(one.rated_watts),
                shown.kilowatts(one.charging_watts if one.measured else None),
                str(one.measured),
            )
            for one in loaded
        ),
    )


async def _import(given: Settings, found: Network, who: str) -> tuple[Change, ...]:
    async with opened(given, may_make=True) as office, office.store.writing() as tx:
        # what hangs on an order is reckoned from the network
        (await people.meet(tx, account.here())).must_be(Role.ADMIN)
        before = await network.load(tx)
        await network.merge(tx, network_changes.completed(found, before))
        made = network_changes.changes(before, await network.load(tx))
        if made:
            count = Counter(one.kind for one in made)
            body: dict[str, Value] = {
                "what": "network",
                "changed_by": who,
                **{f"{kind}s": number for kind, number in count.items()},
            }
            await record.append(tx, EntryType.CONFIG_CHANGE, body, office.now)
    return made


async def _loaded(given: Settings) -> tuple[Loaded, ...]:
    async with opened(given) as office, office.store.reading() as tx:
        known = await network.load(tx)
        drawn = await gathering.drawn(tx, tuple(one.resource_id for one in known.chargepoints))
    return tuple(_load(feeder, known.chargepoints, drawn, office) for feeder in known.feeders)


def _load(
    feeder: Feeder, all_of_them: Iterable[Chargepoint], drawn: Mapping[ResourceId, Drawn], office: Office
) -> Loaded:
    terms = office.settings.terms
    freshness = Freshness.of(terms.poll_every, terms.report_every)
    chargepoints = tuple(one for one in all_of_them if one.feeder_id == feeder.feeder_id)
    found = (drawn.get(one.resource_id) for one in chargepoints)
    fresh = [one.watts for one in found if one and office.now - one.at <= freshness.measured_for]
    rated = (
        electricity.watts(one.rating.amps, one.rating, electricity.PLANNED_VOLTS) for one in chargepoints
    )
    return Loaded(feeder, chargepoints, sum(rated, Decimal(0)), sum(fresh, Decimal(0)), len(fresh))


def _sites(one: Loaded) -> int:
    return len({each.ven_id for each in one.chargepoints})


def _feeder(one: Loaded) -> Shown:
    return {
        "feeder": one.feeder.feeder_id,
        "name": one.feeder.name,
        "rating_w": one.feeder.rating_watts,
        "sites": _sites(one),
        "chargepoints": len(one.chargepoints),
        "installed_w": shown.number(one.rated_watts),
        "charging_w": shown.number(one.charging_watts) if one.measured else None,
        "measured": one.measured,
    }


def _change(one: Change) -> Shown:
    return {
        "kind": one.kind,
        "name": one.name,
        "new": not one.was,
        "was": dict(one.was),
        "now": dict(one.now),
    }


def _sentence(one: Change) -> str:
    if not one.was:
        return f"new      {one.kind} {one.name}"
    what = ", ".join(f"{name} {one.was[name] or '-'} -> {one.now[name] or '-'}" for name in one.now)
    return f"changed  {one.kind} {one.name}: {what}"
