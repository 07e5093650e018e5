"""The markings of a unit: what a buyer reads on the case, and anyone at the site by `ven status`."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version

from ven.daemon.chargepoints import Described
from ven.daemon.shown import number, words
from ven.daemon.table import TEXT, Table
from ven.daemon.table import number as bounded


@dataclass(frozen=True, slots=True)
class Device:
    """As its installer has it in `[device]`; None: not said."""

    maker: str | None = None
    model: str | None = None
    serial: str | None = None
    """Unique among those of the maker."""
    meter_accuracy: Decimal | None = None
    """Percent of the value, either way."""


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    maker: str | None
    model: str | None
    serial: str | None
    meter_accuracy_percent: float | None
    directions: tuple[str, ...]
    """`import`, and `export` where a chargepoint can feed back."""
    program: str
    version: str


def device(table: Table) -> Device:
    """The `[device]` table. Raises `BadSetting`."""
    found = Device(
        maker=table.maybe("maker", TEXT),
        model=table.maybe("model", TEXT),
        serial=table.maybe("serial", TEXT),
        meter_accuracy=table.maybe("meter_accuracy", bounded("0.01", "100", "percent")),
    )
    table.finish()
    return found


def device_status(found: Device, chargepoints: Iterable[Described]) -> DeviceStatus:
    feeds_back = any(one.export_rating for one in chargepoints)
    return DeviceStatus(
        maker=found.maker and words(found.maker),
        model=found.model and words(found.model),
        serial=found.serial and words(found.serial),
        meter_accuracy_percent=None if found.meter_accuracy is None else number(found.meter_accuracy),
        directions=("import", "export") if feeds_back else ("import",),
        program="feederguard",
        version=program_version(),
    )


def program_version() -> str:
    try:
        return version("feederguard")
    except PackageNotFoundError:
        return "unknown"
