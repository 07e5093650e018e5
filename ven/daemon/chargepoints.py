"""The `[[chargepoint]]` tables: which outlets there are, and which driver talks to each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from oadr.charging.electricity import Rating
from oadr.charging.scale import Direction, direction_of, export_of
from oadr.wire.ids import ResourceId
from ven.daemon.table import FLAG, MOMENT, TEXT, Kind, Table, choice, number, seconds, whole
from ven.driver import Chargepoint
from ven.drivers import sessions
from ven.drivers.bidirectional import BidirectionalChargepoint
from ven.drivers.car import Car
from ven.drivers.phased import PhasedChargepoint
from ven.drivers.sessions import ChargingSession
from ven.drivers.simulated import Behaviour, SimulatedChargepoint

Now = Callable[[], datetime]
Connect = Callable[[Now], Chargepoint]
"""Makes the driver, when the program runs; a status needs none."""

_AMPS: Final = number("6", "1000", "A per phase")
STAYS: Final = timedelta(days=3650)
"""A car without a recorded session never leaves."""


@dataclass(frozen=True, slots=True)
class Described:
    """A chargepoint as its table has it."""

    resource_id: ResourceId
    rating: Rating
    connect: Connect
    export_rating: Rating | None = None
    """None: it cannot feed back."""


def described(table: Table) -> Described:
    """Raises `BadSetting`."""
    resource_id = ResourceId(table.take("resource_id", TEXT))
    if direction_of(resource_id) is Direction.EXPORT:
        raise table.complaint(f"resource_id {resource_id!r} would be the export scale of another chargepoint")
    amps = table.take("amps", _AMPS)
    rating = Rating(amps, table.take("phases", whole(1, 3)), table.take("step", Kind(_step), 10))
    feeds = table.maybe("export_amps", _AMPS)
    export_rating = None if feeds is None else replace(rating, amps=feeds)
    name = table.take("driver", TEXT)
    if name not in DRIVERS:
        raise table.complaint(f"driver {name!r} is not known; there are {', '.join(DRIVERS)}")
    connect = DRIVERS[name](table, resource_id, rating, export_rating)
    table.finish()
    return Described(resource_id, rating, connect, export_rating)


def scales(found: Iterable[Described]) -> Iterator[Described]:
    """Each chargepoint, and beside it the other scale of one that can feed back, as if it were one of its own."""
    for one in found:
        yield one
        if one.export_rating:
            yield replace(
                one, resource_id=export_of(one.resource_id), rating=one.export_rating, export_rating=None
            )


def _step(value: object) -> int:
    """Percent; Rec 1 wants 10 or finer."""
    if isinstance(value, bool) or value not in (10, 5, 2, 1):
        raise ValueError("must be 10, 5, 2 or 1")
    return int(str(value))


def _simulated(
    table: Table, resource_id: ResourceId, rating: Rating, export_rating: Rating | None
) -> Connect:
    behaviour = table.take("behaviour", choice(Behaviour), Behaviour.OBEDIENT)
    slow_by = table.take("slow_by", seconds("0", "3600"), timedelta(seconds=90))
    car = Car(
        table.take("car_amps", number("1", "1000", "A per phase"), rating.amps),
        table.take("car_phases", whole(1, rating.phases), rating.phases),
    )
    visits = _recorded(table) if table.has("sessions") else _one_car(table)
    volts = table.maybe("volts", number("207", "264", "V"))
    is_phased = table.take("one_phase", FLAG, False)
    made = PhasedChargepoint if is_phased else SimulatedChargepoint

    def connect(now: Now) -> SimulatedChargepoint:
        return made(
            resource_id,
            rating,
            visits(now()),
            now,
            car=car,
            behaviour=behaviour,
            slow_by=slow_by,
            volts=volts,
        )

    if export_rating is None:
        return connect
    if is_phased:
        raise table.complaint("one_phase and export_amps: the simulated one has one or the other")
    spare_wh = table.take("spare_kwh", number("0", "1000", "kWh"), Decimal(20)) * 1000

    def connect_both_ways(now: Now) -> SimulatedChargepoint:
        return BidirectionalChargepoint(
            resource_id,
            rating,
            export_rating,
            visits(now()),
            now,
            spare_wh=spare_wh,
            car=car,
            behaviour=behaviour,
            slow_by=slow_by,
            volts=volts,
        )

    return connect_both_ways


Visits = Callable[[datetime], tuple[ChargingSession, ...]]


def _recorded(table: Table) -> Visits:
    """A station of a file, moved so that the moment `begin` of the recording is the start of the program."""
    file, station, begin = table.file("sessions"), table.take("station", TEXT), table.take("begin", MOMENT)
    try:
        found = sessions.read(file, station)
    except (OSError, ValueError) as error:
        raise table.complaint(f"sessions: {error}") from error
    return lambda now: tuple(one.moved(now - begin) for one in found)


def _one_car(table: Table) -> Visits:
    needed_wh = table.take("needs_kwh", number("0", "1000", "kWh"), Decimal(40)) * 1000
    return lambda now: (ChargingSession("", now, now + STAYS, needed_wh),)


DRIVERS: Final[Mapping[str, Callable[[Table, ResourceId, Rating, Rating | None], Connect]]] = (
    MappingProxyType({"simulated": _simulated})
)
