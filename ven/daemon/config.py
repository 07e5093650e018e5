"""All settings of the daemon: a TOML file, over it the environment, over that the flags.

Each key of the file's top level can stand in the environment as `FEEDERGUARD_VEN_` and its name in capitals, and
on the command line as `--set key=value`. The keys are those of `ven.config.VenConfig`, durations in seconds.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final

from oadr.wire.errors import Misuse
from oadr.wire.ids import GroupId, VenId, VtnId
from oadr.wire.signature import SignaturePolicy
from ven import calendar_form
from ven.calendar import Calendar
from ven.calendar_form import PRESETS
from ven.config import VenConfig
from ven.daemon.address import Address, address
from ven.daemon.chargepoints import Described, described
from ven.daemon.contract import agreed, contract
from ven.daemon.device import Device, device
from ven.daemon.others import others
from ven.daemon.table import (
    FLAG,
    HTTPS,
    NAMES,
    TEXT,
    BadSetting,
    Kind,
    Setting,
    Table,
    choice,
    inner,
    seconds,
    whole,
)
from ven.recording import MOST
from ven.verify import BLIND, NEEDED

PREFIX: Final = "FEEDERGUARD_VEN_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
"""Names the file itself, so it is no setting in it."""
SLOWEST: Final = str(BLIND // NEEDED // timedelta(seconds=1))
"""Seconds between two looks at the meter, at the most: else it would count as lost before three samples are there."""
EXAMPLE: Final = Path(__file__).with_name("example.toml")


class LogForm(StrEnum):
    AUTO = "auto"
    """Colours on a terminal, JSON elsewhere."""
    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Settings:
    ven: VenConfig
    chargepoints: tuple[Described, ...]
    log: LogForm
    local_api: Address | None = None
    """None: there is none."""
    local_names: frozenset[str] = frozenset()
    """Host names by which browsers here find this machine."""
    device: Device = field(default_factory=Device)


def load(path: Path, environment: Mapping[str, str], flags: Mapping[str, str]) -> Settings:
    """Raises `BadSetting`, which names the place of what is wrong."""
    written = _parse(path)
    tables = written.pop("chargepoint", [])
    owed = contract(_inner(path, "contract", written))
    read = agreed(_inner(path, "agreed", written))
    marked = device(_inner(path, "device", written))
    beside = others(path, written.pop("other", {}))
    top = {key: Setting(value, f"{path}: {key}", path.parent) for key, value in written.items()}
    for name, text in environment.items():
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE:
            top[name.removeprefix(PREFIX).lower()] = Setting(text, name, Path(), is_text=True)
    for key, text in flags.items():
        top[key] = Setting(text, f"--set {key}", Path(), is_text=True)
    table = Table(str(path), top)
    settings = Settings(
        replace(_ven(table), contract=owed, agreed=read, preset=_preset(table), others=beside),
        _chargepoints(path, tables),
        table.take("log", choice(LogForm), LogForm.AUTO),
        table.maybe("local_api", Kind(address)),
        table.take("local_names", NAMES, frozenset()),
        marked,
    )
    table.finish()
    return settings


def _parse(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise BadSetting(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path}: {error}") from error


def _ven(table: Table) -> VenConfig:
    config = VenConfig(
        vtn_url=table.take("vtn_url", HTTPS),
        certificate=table.file("certificate"),
        trust=table.file("trust"),
        state=table.path("state"),
        market_contexts=table.take("market_contexts", TEXT),
    )
    return replace(
        config,
        name=table.take("name", TEXT, config.name),
        ven_id=table.maybe("ven_id", Kind(lambda value: VenId(TEXT.read(value)))),
        vtn_id=table.maybe("vtn_id", Kind(lambda value: VtnId(TEXT.read(value)))),
        groups=frozenset(GroupId(group) for group in table.take("groups", NAMES, frozenset())),
        check_host_name=table.take("check_host_name", FLAG, config.check_host_name),
        signatures=table.take("signatures", choice(SignaturePolicy), config.signatures),
        restore_max=table.take("restore_max", seconds("0", "1800"), config.restore_max),
        ramp_every=table.take("ramp_every", seconds("0", "3600"), config.ramp_every),
        randomise_default=table.take("randomise_default", seconds("0", "3600"), config.randomise_default),
        sample_every=table.take("sample_every", seconds("0.1", SLOWEST), config.sample_every),
        request_timeout=table.take("request_timeout", seconds("0.1", "120"), config.request_timeout),
        retry_cap=table.take("retry_cap", seconds("0.1", "3600"), config.retry_cap),
        record_messages=table.take("record_messages", whole(0, MOST), config.record_messages),
    )


def _inner(path: Path, name: str, written: dict[str, object]) -> Table:
    """A table within the file, taken out of what is written."""
    return inner(written.pop(name, {}), f"{path}: {name}", path.parent)


def _preset(table: Table) -> Calendar | None:
    """The calendar that a unit begins with: one that comes with this program, by its name, or a file."""
    name = table.maybe("preset", TEXT) if table.has("preset") else None
    if name is None:
        return None
    try:
        return calendar_form.read(
            PRESETS[name] if name in PRESETS else Path(name).read_text(encoding="utf-8")
        )
    except OSError as error:
        raise table.complaint(f"preset: {error.strerror}: {name}") from error
    except (Misuse, UnicodeDecodeError) as error:
        raise table.complaint(f"preset: {error}") from error


def _chargepoints(path: Path, tables: object) -> tuple[Described, ...]:
    if not isinstance(tables, list) or not tables or not all(isinstance(one, dict) for one in tables):
        raise BadSetting(f"{path}: at least one [[chargepoint]] is needed")
    found: list[Described] = []
    for count, values in enumerate(tables, 1):
        place = f"{path}: chargepoint {count}"
        keys = {key: Setting(value, f"{place}: {key}", path.parent) for key, value in values.items()}
        one = described(Table(place, keys))
        if any(one.resource_id == other.resource_id for other in found):
            raise BadSetting(f"{place}: resource_id {one.resource_id!r} is taken already")
        found.append(one)
    return tuple(found)
