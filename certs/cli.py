"""The command `certs`: make and look at certificates. Exit codes: 0 done, 1 refused or failed, 2 wrong usage."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

try:
    import click
except ModuleNotFoundError as error:
    if error.name != "click":
        raise
    raise SystemExit(
        'certs: the command needs click: pip install "feederguard[daemon]" or "feederguard[vtn]"'
    ) from None

from certs.authority import KeyType
from certs.description import Description, describe
from certs.errors import CertificateError, WrongName
from certs.folder import VEN_CA, VTN, VTN_CA, Folder

DEFAULT_FOLDER = Path("pki")
DEFAULT_HOSTS = ("localhost", "127.0.0.1")


class _Certs(click.Group):
    """Turns our errors into click's, whose exit codes are 1 and, for wrong usage, 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WrongName as error:
            raise click.UsageError(str(error)) from error
        except CertificateError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            raise  # click ends quietly
        except OSError as error:
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error


folder_option = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_FOLDER,
    show_default=True,
    help="The PKI's folder.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group(cls=_Certs, context_settings={"help_option_names": ["-h", "--help"]})
def certs() -> None:
    """Keys and certificates for OpenADR: two CAs, VTN and VEN certificates, fingerprints.

    Begin with `certs init`, then `certs issue ven NAME`.
    """


@certs.command()
@folder_option
@click.option(
    "--vtn-host",
    "hosts",
    multiple=True,
    default=DEFAULT_HOSTS,
    show_default=True,
    help="Name or address of the VTN; may be repeated.",
)
def init(folder: Path, hosts: tuple[str, ...]) -> None:
    """Make a root, a VTN CA, a VEN CA, and a VTN certificate in RSA and in P-256."""
    pki = Folder(folder)
    pki.init(hosts, _now())
    vtn = ", ".join(str(pki.secret(name)) for name in VTN.values())
    option = "" if folder == DEFAULT_FOLDER else f" --dir {folder}"
    click.echo(
        f"A new PKI is in {folder}, for a VTN at {' and '.join(hosts)}.\n\n"
        f"The VTN needs  {vtn}\n"
        f"    and trusts {pki.public(VEN_CA)}\n"
        f"A VEN needs    {pki.secret('NAME')}\n"
        f"    and trusts {pki.public(VTN_CA)}\n\n"
        f"Next: certs issue ven NAME{option}    a certificate for each VEN\n"
        f"      certs show {folder}    all of them\n\n"
        f"Nobody but you may see {pki.secrets}; whoever has it can be anybody here."
    )


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
    pki, now = Folder(folder), _now()
    secret = pki.issue_ven(name, KeyType.RSA if rsa else KeyType.ECC, now)
    found = describe(pki.public(name), now)
    if as_json:
        click.echo(json.dumps({**asdict(found), "secret": str(secret)}))
        return
    _print(found)
    click.echo(f"\nThe VEN needs  {secret}\n    and trusts {pki.public(VTN_CA)}")


@certs.command()
@click.argument("path", metavar="[FILE|FOLDER]", required=False, type=click.Path(path_type=Path))
@json_option
def show(path: Path | None, as_json: bool) -> None:
    """What is in the certificate FILE, or in all those of a FOLDER (default: pki)."""
    path = path or DEFAULT_FOLDER
    if not path.exists():
        raise click.UsageError(f"{path} does not exist; make a PKI with `certs init`, or name a file")
    if path.is_dir():
        found = _in_folder(path, _now())
        click.echo(json.dumps([asdict(one) for one in found]) if as_json else _table(found))
    elif as_json:
        click.echo(json.dumps(asdict(describe(path, _now()))))
    else:
        _print(describe(path, _now()))


@certs.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
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


def _in_folder(path: Path, now: datetime) -> tuple[Description, ...]:
    inner = Folder(path).certs
    files = sorted((inner if inner.is_dir() else path).glob("*.pem"))
    if not files:
        raise CertificateError(f"there are no certificates in {path}")
    return tuple(describe(file, now) for file in files)


def _table(found: tuple[Description, ...]) -> str:
    rows = [("file", "role", "key", "valid until", "days", "OpenADR fingerprint", "hosts")]
    for one in found:
        until, days = one.not_after[:10], str(one.days_left)
        hosts = ", ".join(one.hosts) or "-"
        rows.append((Path(one.file).stem, one.role, one.key, until, days, one.fingerprint, hosts))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    warned = [f"{Path(one.file).stem}: {one.warning}" for one in found if one.warning]
    return "\n".join([*lines, *(click.style(text, fg="red") for text in warned)])


def _print(found: Description) -> None:
    rows = (
        ("file", found.file),
        ("role", found.role),
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
    certs(prog_name="certs")


if __name__ == "__main__":
    main()
