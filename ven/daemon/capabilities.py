"""What a unit can do, so that a buyer or a peer can tell before anything is connected (Rec 1, Rec 14).

The six functions are those of the report's first recommendation; the aspects and their levels those of its appendix
on interoperability. Both are our own word: nobody has certified them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from oadr.charging.meanings import Agreed
from oadr.charging.scale import Direction, direction_of
from oadr.charging.signals import Programme
from ven.daemon.chargepoints import Described, scales
from ven.daemon.config import Settings
from ven.daemon.device import DeviceStatus, device_status
from ven.daemon.live import Live
from ven.daemon.shown import number

PROFILE: Final = "OpenADR 2.0b"
TRANSPORTS: Final = ("simpleHttp, pull",)
OPTS: Final = ("answer to an event", "EiOpt of an event", "EiOpt schedule")


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    there: bool | None
    """None: not known, since the program does not run."""
    says: str


@dataclass(frozen=True, slots=True)
class Understood:
    signal: str
    type: str
    unit: str | None
    values: str


@dataclass(frozen=True, slots=True)
class Outlet:
    resource_id: str
    direction: str
    amps: float
    phases: int
    step_percent: int
    metered: bool | None
    """None: not known, since the program does not run."""


@dataclass(frozen=True, slots=True)
class Security:
    tls: str
    signatures: str
    """required, if-present or off."""


@dataclass(frozen=True, slots=True)
class Aspect:
    name: str
    level: str
    """high, medium or none, on the report's own scale."""
    says: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    device: DeviceStatus
    profile: str
    certified: bool
    functions: tuple[Function, ...]
    programmes: tuple[str, ...]
    declinable: tuple[str, ...]
    signals: tuple[Understood, ...]
    opts: tuple[str, ...]
    chargepoints: tuple[Outlet, ...]
    transports: tuple[str, ...]
    security: Security
    aspects: tuple[Aspect, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


ASPECTS: Final = (
    Aspect(
        "provisioning",
        "medium",
        "a certificate of any authority; any server, by a setting; reset in four levels",
    ),
    Aspect("security", "medium", "by open requirements, mutual TLS and signatures; certified by nobody"),
    Aspect("networks", "high", "any that carries TCP and TLS"),
    Aspect("meter values", "medium", "current, power and energy in OpenADR's reports; no settlement"),
    Aspect("smart charging", "high", "direct control by open signals, its effect shown by the meter"),
    Aspect(
        "change of operator", "medium", "the registration moves or ends, and what was stored goes or stays"
    ),
    Aspect(
        "user interface",
        "medium",
        "price, rate, reason of a limitation and markings, for programs and people",
    ),
)


def capabilities(settings: Settings, live: Live | None) -> Capabilities:
    """`live` is what the running program last wrote; None: it does not run."""
    outlets = tuple(_outlet(one, live) for one in scales(settings.chargepoints))
    return Capabilities(
        device=device_status(settings.device, settings.chargepoints),
        profile=PROFILE,
        certified=False,
        functions=tuple(_functions(outlets)),
        programmes=tuple(Programme),
        declinable=tuple(one for one in Programme if one is not Programme.SUPPLY_LIMIT),
        signals=understood(settings.ven.agreed),
        opts=OPTS,
        chargepoints=outlets,
        transports=TRANSPORTS,
        security=Security("1.2, certificates on both sides", settings.ven.signatures.value),
        aspects=ASPECTS,
    )


def _outlet(one: Described, live: Live | None) -> Outlet:
    reading = live.readings.get(one.resource_id) if live else None
    return Outlet(
        one.resource_id,
        direction_of(one.resource_id).value,
        number(one.rating.amps),
        one.rating.phases,
        one.rating.step,
        None if reading is None else reading.amps is not None,
    )


def _functions(outlets: Iterable[Outlet]) -> Iterator[Function]:
    """In the order of Rec 1."""
    charging = [one for one in outlets if one.direction == Direction.IMPORT]
    known = [one.metered for one in charging if one.metered is not None]
    steps = ", ".join(f"{step} %" for step in sorted({one.step_percent for one in charging}))
    yield Function(
        "clock", True, "events in UTC; lengths by a clock that nobody sets; doubts about it are told"
    )
    yield Function("data store", True, "events, answers, limits, draws and calendar survive a power cut")
    yield Function(
        "meter",
        all(known) if known else None,
        "its values verify each limit; without one nothing is called complied with",
    )
    yield Function("remote interface", True, f"{PROFILE}, {', '.join(TRANSPORTS)}")
    yield Function(
        "calendar", True, "hours of this site, with its own local interface; works without contact"
    )
    yield Function(
        "controller", True, f"0 to 100 % of the rated current in steps of {steps}; below 6 A is a pause"
    )


def understood(agreed: Agreed) -> tuple[Understood, ...]:
    """The signals that mean something here, as this site has agreed to read them."""
    capacity = "0 to 100" if agreed.capacity_in_percent else "0 to 1"
    levels = ", ".join(f"{level} = {number(share * 100):g} %" for level, share in agreed.levels)
    offsets = ", ".join(f"{level} = {number(percent):+g} %" for level, percent in agreed.offsets)
    return (
        Understood("LOAD_CONTROL", "x-loadControlCapacity", None, f"{capacity}, of the rated current"),
        Understood("LOAD_CONTROL", "x-loadControlSetpoint", "A", "per phase"),
        Understood("LOAD_CONTROL", "x-loadControlSetpoint", "W", "over all phases"),
        Understood("LOAD_CONTROL", "x-loadControlPercentOffset", None, "-100 to 100"),
        *([Understood("LOAD_CONTROL", "x-loadControlLevelOffset", None, offsets)] if offsets else ()),
        Understood("LOAD_DISPATCH", "setpoint", "W", "over all that the event means; below 0 is fed back"),
        Understood("LOAD_DISPATCH", "delta", "W", "against the event's own baseline"),
        Understood("SIMPLE", "level", None, levels),
        Understood("ELECTRICITY_PRICE", "price", "currency per kWh", "shown; it orders nothing"),
        Understood("CHARGE_STATE", "setpoint", "Wh", "a wish; it orders nothing"),
    )
