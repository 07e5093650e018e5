"""`vtn approve`: whose messages are a site's, and whether they must be signed."""

import asyncio
import re
from pathlib import Path
from typing import Annotated

import typer

from certs import Sha256, describe
from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from oadr.wire.ids import VenId
from oadr.wire.signature import SignaturePolicy
from vtn import clock
from vtn.commands import account
from vtn.commands.options import ConfigFile, Overrides, Who, opened, settings
from vtn.commands.typed import role
from vtn.config import Settings
from vtn.model.errors import Impossible
from vtn.model.people import Role
from vtn.store import network, people, record


def approve(
    site: Annotated[str, typer.Argument(metavar="SITE")],
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE.pem", help="The certificate of the site's VEN."),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", metavar="HEX", help="Or the SHA-256 of it, 64 hex digits.")
    ] = None,
    signatures: Annotated[
        SignaturePolicy | None,
        typer.Option("--signatures", help="Whether its messages must be signed; else it stays as it is."),
    ] = None,
    who: Who = "operator",
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Let one certificate, and no other, act for a site from now on; or change what is wanted of its messages."""
    digest = _certificate(certificate, sha256)
    if digest is None and signatures is None:
        raise Impossible("give either --certificate FILE.pem or --sha256 HEX")
    asyncio.run(_approve(settings(file, overrides), VenId(site), digest, signatures, role(who)))
    if digest is not None:
        typer.echo(f"{site} is approved: the certificate {digest} may act for it.")
    if signatures is not None:
        typer.echo(f"{site}: signatures {signatures.value}.")


async def _approve(
    given: Settings, ven_id: VenId, digest: Sha256 | None, signatures: SignaturePolicy | None, who: str
) -> None:
    async with opened(given) as office, office.store.writing() as tx:
        (await people.meet(tx, account.here())).must_be(Role.ADMIN)
        body: dict[str, Value] = {"what": "approval" if digest else "signatures", "changed_by": who}
        if digest is not None:
            await network.approve(tx, ven_id, digest)
        if signatures is not None:
            await network.demand(tx, ven_id, signatures)
            body["signatures"] = signatures.value
        body["site"] = next(one.pseudonym for one in (await network.load(tx)).sites if one.ven_id == ven_id)
        await record.append(tx, EntryType.CONFIG_CHANGE, body, office.now)


def _certificate(file: Path | None, sha256: str | None) -> Sha256 | None:
    """None: neither is given."""
    if file is not None and sha256 is not None:
        raise Impossible("give either --certificate FILE.pem or --sha256 HEX, not both")
    return _of_file(file) if file else _digest(sha256) if sha256 is not None else None


def _of_file(path: Path) -> Sha256:
    found = describe(path, clock.now())
    if found.role == "CA":
        raise Impossible(f"{path} is an authority's certificate, not that of a site")
    return found.sha256


def _digest(text: str) -> Sha256:
    digits = text.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise Impossible("--sha256 is 64 hex digits; see: certs fingerprint FILE")
    return Sha256(digits)
