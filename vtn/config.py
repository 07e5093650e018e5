"""All settings of the VTN: a TOML file, over it the environment, over that the flags.

Each key can stand in the environment as `FEEDERGUARD_VTN_` and its name in capitals, and on a command line as
`--set key=value`. Durations are whole seconds. Without any of them a PKI in `pki` and a state in `vtn-state` serve.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from certs import Profile
from oadr.wire.ids import VtnId
from oadr.wire.signature import SignaturePolicy
from vtn.model.release import Rules
from vtn.operations.timekeeping import Trust
from vtn.service.desk import Terms

FILE: Final = Path("vtn.toml")
"""Read if it is there and no other is named."""
PREFIX: Final = "FEEDERGUARD_VTN_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
"""Names the file itself, so it is no setting in it."""
_PATHS: Final = ("state", "chains", "trust", "crl", "api_chain")


class BadSetting(Exception):
    """A setting that stops the program: one sentence that names file (or variable, or flag), key and fault."""


class LogForm(StrEnum):
    AUTO = "auto"
    """Colours on a terminal, JSON elsewhere."""
    JSON = "json"
    TEXT = "text"


def _whole(value: object) -> object:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


def _seconds(value: object) -> object:
    whole = _whole(value)
    if not isinstance(whole, int) or not 1 <= whole <= 3600:
        raise ValueError("must be a whole number of seconds from 1 to 3600")
    return timedelta(seconds=whole)


class Place(NamedTuple):
    """Where to listen."""

    host: str
    port: int


def _place(value: object) -> object:
    if value is None or isinstance(value, Place):
        return value
    host, colon, port = str(value).rpartition(":")
    if value == "off":
        return None
    if not (colon and host and port.isdecimal() and int(port) <= 65535):
        raise ValueError("must be an address and a port, such as 127.0.0.1:9464, or off")
    return Place(host.strip("[]"), int(port))


def _list(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _name(value: str) -> str:
    if not value or value != value.strip() or not value.isprintable():
        raise ValueError("must be text, not empty and without blanks around it")
    return value


def _uri(value: str) -> str:
    if not urlsplit(value).scheme or not value.isprintable() or " " in value:
        raise ValueError("must be an absolute URI, such as http://dso.example/programmes")
    return value


def _store(value: str | None) -> str | None:
    """Whoever may list processes or read the log would read a password here."""
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme == "sqlite":
        if not value.startswith("sqlite:////") or parts.query:
            raise ValueError("must name its file from the root, sqlite:////var/lib/feederguard/vtn.sqlite")
    elif parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("must begin with postgresql:// or sqlite:////")
    elif parts.password is not None or "password=" in parts.query.lower():
        raise ValueError(
            "must not hold a password; it goes into ~/.pgpass, or the file that PGPASSFILE names"
        )
    return value


def _path_prefix(value: str) -> str:
    if value and (not value.startswith("/") or not value.isprintable() or set(value) & set("{} ?#")):
        raise ValueError("must be empty or begin with a slash")
    return value


Seconds = Annotated[timedelta, BeforeValidator(_seconds)]
Name = Annotated[str, AfterValidator(_name)]


class Settings(BaseModel):
    """Frozen and checked as a whole. Relative paths of a file start at its folder, all others where we are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Path = Path("vtn-state")
    """Folder of the store, of the key that signs the record, and of the record's hashes."""
    store: Annotated[str | None, AfterValidator(_store)] = None
    """Where the store is if not in the folder of the state: `postgresql://user@host/name` or `sqlite:////file`."""
    host: Name = "127.0.0.1"
    """Address to listen at. This machine alone, unless somebody decides otherwise: 0.0.0.0 is all of its networks."""
    port: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=65535)] = 8443
    """0 lets the system choose."""
    prefix: Annotated[str, AfterValidator(_path_prefix)] = ""
    """In front of `/OpenADR2/...`."""
    chains: Annotated[tuple[Path, ...], BeforeValidator(_list), Field(min_length=1)] = (
        Path("pki/secrets/vtn-rsa.pem"),
        Path("pki/secrets/vtn-ecc.pem"),
    )
    """PEM files with key and chain, one RSA and one ECC (r68)."""
    trust: Path = Path("pki/certs/ven-ca.pem")
    """The authority of the VENs; nobody else gets through the handshake."""
    crl: Path | None = None
    """The list of certificates that this authority has taken back, PEM; read again whenever it changes."""
    tls: Profile = Profile.OPENADR
    vtn_id: Name = "Feederguard_VTN"
    market_contexts: Annotated[str, AfterValidator(_uri)] = "http://dso.example/programmes"
    """Base URI of the programmes, the same as at the VENs: `<this>/supply-limit` and `<this>/load-shift`."""
    poll_every: Seconds = timedelta(seconds=10)
    report_every: Seconds = timedelta(seconds=10)
    late_reports: Seconds = timedelta(seconds=60)
    """How long after its end an intervention waits for late reports, at least, before its result is recorded."""
    signatures: SignaturePolicy = SignaturePolicy.OFF
    """Of sites that have no policy of their own: most 2.0b peers sign nothing, TLS protects what they say."""
    log: LogForm = LogForm.AUTO
    operations: Annotated[Place | None, BeforeValidator(_place)] = Place("127.0.0.1", 9464)
    """Where /livez, /readyz and /metrics answer, plain HTTP: `host:port`, or `off`. Not for any public network."""
    api: Annotated[Place | None, BeforeValidator(_place)] = None
    """Where the REST API and its page answer, such as `127.0.0.1:8444`; beyond this machine it takes `api_chain`."""
    api_chain: Path | None = None
    """PEM file with the API's own key and chain; without one it speaks plain HTTP, to this machine alone."""
    clock: Trust = Trust.FREE
    """`disciplined`: while the kernel does not call the clock synchronised nothing is released (VT09)."""
    disk_reserve_mb: Annotated[int, BeforeValidator(_whole), Field(ge=0)] = 100
    """Of what is free beside the state in 10^6 bytes, this is kept for orders: telemetry is refused below (VT08)."""

    two_people_above_kw: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=10_000_000)] = 1000
    """Of load that an order can take off, by its chargepoints' ratings; above it a second person's word is needed."""
    two_people_above_sites: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=10_000_000)] = 250
    most_half_hours: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=1440)] = 8
    """Of supply limitation on a feeder within 30 days; above it a second person's word is needed."""
    proposals_wait: Seconds = timedelta(minutes=15)
    """How long a proposal for now waits for its second person."""

    @property
    def rules(self) -> Rules:
        return Rules(
            above_watts=self.two_people_above_kw * 1000,
            above_sites=self.two_people_above_sites,
            most_half_hours=self.most_half_hours,
            wait=self.proposals_wait,
        )

    @property
    def terms(self) -> Terms:
        return Terms(
            vtn_id=VtnId(self.vtn_id),
            market_contexts=self.market_contexts,
            poll_every=self.poll_every,
            report_every=self.report_every,
            signatures=self.signatures,
        )

    @property
    def patience(self) -> timedelta:
        """From the end of an intervention to its entry in the record: three reports, or longer if so set."""
        return max(3 * self.report_every, self.late_reports)


@dataclass(frozen=True, slots=True)
class _Given:
    value: object
    place: str
    """To be named when it is wrong."""


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, str]) -> Settings:
    """Raises `BadSetting`."""
    given: dict[str, _Given] = {}
    if file is not None or FILE.exists():
        given |= _of_file(file or FILE)
    for name, text in environment.items():
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE:
            given[name.removeprefix(PREFIX).lower()] = _Given(text, name)
    given |= {key: _Given(text, f"--set {key}") for key, text in flags.items()}
    try:
        settings = Settings.model_validate({key: one.value for key, one in given.items()})
    except ValidationError as error:
        raise _complaint(error, given) from error
    if settings.api is not None and settings.api_chain is None and not _is_here(settings.api.host):
        raise BadSetting(f"{given['api'].place}: beyond this machine keys need TLS: set api_chain as well")
    return settings


def _is_here(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _of_file(path: Path) -> dict[str, _Given]:
    try:
        with path.open("rb") as opened:
            table = tomllib.load(opened)
    except OSError as error:
        raise BadSetting(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path}: {error}") from error
    return {
        key: _Given(_below(path.parent, value) if key in _PATHS else value, f"{path}: {key}")
        for key, value in table.items()
    }


def _below(folder: Path, value: Any) -> Any:
    """Paths of a file start at its folder; what is no path is left for the check to complain about."""
    if isinstance(value, str):
        return str(folder / value)
    return [_below(folder, one) for one in value] if isinstance(value, list) else value


def _complaint(error: ValidationError, given: Mapping[str, _Given]) -> BadSetting:
    first = error.errors()[0]
    place = given[str(first["loc"][0])].place
    if first["type"] == "extra_forbidden":
        return BadSetting(f"{place}: there is no such setting; known are {', '.join(Settings.model_fields)}")
    why = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return BadSetting(f"{place}: {why if why.startswith('must') else f'must be {why}'}")
