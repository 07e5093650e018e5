"""The command `certs`: make and look at certificates."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from certs.authority import KeyType
from certs.description import Description, describe
from certs.errors import CertificateError
from certs.folder import Folder

folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("pki"),
    show_default=True,
    help="The PKI's folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
file_argument = click.argument("file", type=click.Path(path_type=Path))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def certs() -> None:
    """Keys and certificates for OpenADR: a test CA, VTN and VEN certificates, fingerprints."""


@certs.command()
@folder_option
@click.option("--vtn-host", "hosts", multiple=True, help="Name or address of the VTN; may be repeated.")
def init(folder: Path, hosts: tuple[str, ...]) -> None:
    """Make a root, a VTN CA, a VEN CA, and a VTN certificate in RSA and in P-256."""
    Folder(folder).init(hosts or ("localhost", "127.0.0.1"), _now())
    click.echo(
        f"A new PKI is in {folder}: VTN certificates for {', '.join(hosts or ('localhost', '127.0.0.1'))}."
    )
    click.echo("Keep the folder `secrets` to yourself; `certs/vtn-ca.pem` is what VENs trust.")


@certs.group()
def issue() -> None:
    """Issue a certificate."""


@issue.command()
@click.argument("name")
@folder_option
@click.option("--rsa", is_flag=True, help="RSA-2048 in place of P-256.")
@json_option
def ven(name: str, folder: Path, rsa: bool, as_json: bool) -> None:
    """A certificate for the VEN called NAME."""
    secret = Folder(folder).issue_ven(name, KeyType.RSA if rsa else KeyType.ECC, _now())
    _print(describe(Folder(folder).public(name), _now()), as_json)
    if not as_json:
        click.echo(f"key and chain  {secret}")


@certs.command()
@file_argument
@json_option
def show(file: Path, as_json: bool) -> None:
    """What is in the certificate FILE, or in each certificate of a folder."""
    files = sorted((file / "certs").glob("*.pem")) if file.is_dir() else [file]
    if not files:
        raise CertificateError(f"there are no certificates in {file}")
    for one in files:
        _print(describe(one, _now()), as_json)


@certs.command()
@file_argument
@json_option
def fingerprint(file: Path, as_json: bool) -> None:
    """OpenADR's fingerprint of FILE, and the whole SHA-256 that identifies it here."""
    found = describe(file, _now())
    if as_json:
        click.echo(json.dumps({"fingerprint": found.fingerprint, "sha256": found.sha256}))
    else:
        click.echo(f"OpenADR  {found.fingerprint}\nSHA-256  {found.sha256}")


def _now() -> datetime:
    return datetime.now(UTC)


def _print(found: Description, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    rows = (
        ("file", found.file),
        ("subject", found.subject),
        ("issuer", found.issuer),
        ("key", found.key),
        ("valid", f"{found.not_before} to {found.not_after}, {found.days_left} days left"),
        ("hosts", ", ".join(found.hosts) or "-"),
        ("OpenADR", found.fingerprint),
        ("SHA-256", found.sha256),
    )
    click.echo("\n".join(f"{name:<10} {text}" for name, text in rows))
    if found.warning:
        click.secho(f"{'WARNING':<10} {found.warning}", fg="red")


def main() -> None:
    """Exit codes: 0 done, 1 refused or failed, 2 wrong usage."""
    try:
        certs()
    except CertificateError as error:
        click.echo(f"certs: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"certs: {error.strerror}: {error.filename}", err=True)
        sys.exit(1)
