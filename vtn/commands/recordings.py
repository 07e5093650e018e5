"""`vtn sites record`, and what was kept: the last messages of one site, for whoever looks for a fault."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.wire.ids import VenId
from oadr.wire.recording import Recorded, pretty
from vtn.commands import shown
from vtn.commands.options import ConfigFile, Overrides, Who, opened, settings
from vtn.commands.partings import SiteName
from vtn.commands.typed import role
from vtn.config import Settings
from vtn.model.errors import Impossible
from vtn.store import messages, network
from vtn.store import record as ledger
from vtn.store.messages import MOST


def record(
    site: SiteName,
    last: Annotated[
        int | None, typer.Option("--last", metavar="N", help=f"How many to keep, at most {MOST}.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Keep none, and delete what was kept.")] = False,
    who: Who = "operator",
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Keep the last messages of one site, to find a fault: each XML with its time and what was answered.

    A request and its answer are two messages. They may hold personal data, such as names and readings: switch it off
    when the fault is found. What was kept is also deleted after a week, and when the registration of the site ends.
    Headers and keys are never kept.
    """
    if off == (last is not None):
        raise Impossible("give either --last N or --off")
    _check(last)
    asyncio.run(_want(settings(file, overrides), VenId(site), last, role(who)))
    if last is None:
        typer.echo(f"{site}: no messages are kept any more; those that were are deleted.")
    else:
        said = f"{site}: the last {last} messages are kept from now on"
        typer.echo(f"{said}; see them with: vtn sites show {site} --messages")


def _check(last: int | None) -> None:
    if last is not None and not 1 <= last <= MOST:
        raise Impossible(f"--last is a whole number from 1 to {MOST}, not {last}")


async def _want(given: Settings, ven_id: VenId, last: int | None, who: str) -> None:
    """The record knows who looks into a site's messages, and since when. Raises `NotNow`."""
    async with opened(given) as office, office.store.writing() as tx:
        await messages.want(tx, ven_id, last)
        body: dict[str, Value] = {"what": "messages kept", "last": last or 0, "changed_by": who}
        body["site"] = next(one.pseudonym for one in (await network.load(tx)).sites if one.ven_id == ven_id)
        await ledger.append(tx, EntryType.CONFIG_CHANGE, body, office.now)


async def kept(given: Settings, ven_id: VenId, last: int | None) -> tuple[Recorded, ...]:
    """The `last` ones, or all, the oldest first. Raises `Impossible`."""
    _check(last)
    async with opened(given) as office, office.store.reading() as tx:
        return await messages.of(tx, ven_id, last or MOST)


def show(recorded: Iterable[Recorded], *, with_xml: bool) -> None:
    """A line for each, or each in full."""
    if not with_xml:
        columns = ("time", "way", "service", "message", "bytes", "verdict")
        shown.table(columns, (_line(one) for one in recorded))
        return
    for one in recorded:
        typer.echo(f"\n{'  '.join(map(shown.words, _line(one)))}")
        typer.echo(shown.lines(pretty(one.xml)).rstrip())


def _line(one: Recorded) -> tuple[str, ...]:
    return (_clock(one.at), one.direction, one.service, one.message or "-", str(one.size), one.verdict or "-")


def _clock(at: datetime) -> str:
    """To the millisecond: an exchange takes few of them."""
    return f"{at.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')[:-3]} UTC"
