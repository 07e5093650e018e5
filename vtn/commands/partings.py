"""`vtn sites reregister` and `vtn sites deregister`: what we want of a VEN itself. It learns of it at its next poll."""

import asyncio
import secrets
from typing import Annotated

import typer

from oadr.ledger.entry import EntryType
from oadr.wire.ids import RequestId, VenId
from vtn.commands.options import (
    ConfigFile,
    Overrides,
    Who,
    Yes,
    opened,
    settings,
    somebody_is_there,
)
from vtn.commands.typed import role
from vtn.config import Settings
from vtn.model.errors import Impossible, NotNow
from vtn.model.wish import PATIENCE, Wish, WishKind
from vtn.store import network, record, registrations, wishes

SiteName = Annotated[str, typer.Argument(metavar="SITE")]


def reregister(
    site: SiteName, who: Who = "operator", file: ConfigFile = None, overrides: Overrides = None
) -> None:
    """Ask a site to confirm its registration, so that it takes over new settings, such as how often to poll."""
    asyncio.run(_wish(settings(file, overrides), VenId(site), WishKind.REREGISTER, role(who)))
    typer.echo(f"{site} will be asked to register again at its next poll.")


def deregister(
    site: SiteName,
    yes: Yes = False,
    who: Who = "operator",
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """End a site's registration. No limit reaches it until it registers again, which its certificate still allows."""
    if not yes:
        if not somebody_is_there():
            raise Impossible("there is no terminal to ask at; --yes ends the registration without asking")
        if not typer.confirm(f"No limit will reach {site} until it registers again. End it?", err=True):
            raise NotNow("nothing was ended")
    asyncio.run(_wish(settings(file, overrides), VenId(site), WishKind.DEREGISTER, role(who)))
    minutes = int(PATIENCE.total_seconds() // 60)
    typer.echo(
        f"The registration of {site} ends at its next poll, or in {minutes} minutes without an answer."
    )


async def _wish(given: Settings, ven_id: VenId, kind: WishKind, who: str) -> None:
    """Kept until the site has answered; the record has it at once. Raises `NotNow`."""
    async with opened(given) as office, office.store.writing() as tx:
        site = next((one for one in (await network.load(tx)).sites if one.ven_id == ven_id), None)
        if site is None:
            raise NotNow(f"there is no site {ven_id}; see them with: vtn sites list")
        if await registrations.of(tx, ven_id) is None:
            raise NotNow(f"{ven_id} is not registered")
        wish = Wish(
            ven_id=ven_id, kind=kind, request_id=RequestId(f"V{secrets.token_hex(12)}"), since=office.now
        )
        await wishes.make(tx, wish)
        body = {"what": f"to {kind}", "site": site.pseudonym, "changed_by": who}
        await record.append(tx, EntryType.CONFIG_CHANGE, body, office.now)
