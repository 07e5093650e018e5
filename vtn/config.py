"""All settings of the VTN: a TOML file, over it the environment, over that the flags.

Each key can stand in the environment as `FEEDERGUARD_VTN_` and its name in capitals, and on a command line as
`--set key=value`. Durations are whole seconds. Without any of them a PKI in `pki` and a state in `vtn-state` serve.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from certs import Profile
from oadr.wire.ids import VtnId
from oadr.wire.signature import SignaturePolicy
from vtn.service.desk import Terms

FILE: Final = Path("vtn.toml")
"""Read if it is there and no other is named."""
PREFIX: Final = "FEEDERGUARD_VTN_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
"""Names the file itself, so it is no setting in it."""
_PATHS: Final = ("state", "chains", "trust")


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
    """Folder of the store and of the key that signs the record."""
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
        return Settings.model_validate({key: one.value for key, one in given.items()})
    except ValidationError as error:
        raise _complaint(error, given) from error


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
