"""What must hold at a moment, reckoned a second time: slowly, from what was said and not from how it was understood.

Nothing here asks the code under test what an order means. Everything is an upper bound, in A per phase and exact:
steps and the pause below 6 A only ever leave less.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from oadr.charging.electricity import Rating
from oadr.wire.ids import Token
from oadr.wire.messages.common import Unit, UnitKind
from oadr.wire.messages.event import (
    CHARGE_STATE,
    ELECTRICITY_PRICE,
    LOAD_DISPATCH,
    SIMPLE,
    Baseline,
    Event,
    Signal,
    SignalInterval,
    SignalType,
)
from oadr.wire.scalars import Duration
from tests.ven.stage import event, signal

MINUTE: Final = timedelta(minutes=1)
BEFORE: Final = 26 * 60
"""Minutes of a local day that may have passed when a day of UTC begins."""
FIRST_INTERVAL: Final = 5
"""Minutes of the first value, where there are two; the second holds to the end."""
USUAL: Final = Decimal(6000)
"""W that a delta is a difference to."""
WATT: Final = Unit(kind=UnitKind.POWER_REAL, description="RealPower", symbol="W")
AMPERE: Final = Unit(kind=UnitKind.CURRENT, description="Current", symbol="A")
WATT_HOUR: Final = Unit(kind=UnitKind.ENERGY_REAL, description="RealEnergy", symbol="Wh")
PER_KWH: Final = Unit(kind=UnitKind.CURRENCY_PER_KWH, description="currencyPerKWh", symbol="GBP")
LEVELS: Final = {0: Decimal(1), 1: Decimal("0.7"), 2: Decimal("0.4"), 3: Decimal(0)}
CALLED: Final[dict[str, tuple[Token | None, SignalType, Unit | None]]] = {
    "share": (None, SignalType.LOAD_CONTROL_CAPACITY, None),
    "watts": (None, SignalType.LOAD_CONTROL_SETPOINT, WATT),
    "amps": (None, SignalType.LOAD_CONTROL_SETPOINT, AMPERE),
    "offset": (None, SignalType.LOAD_CONTROL_PERCENT_OFFSET, None),
    "level": (SIMPLE, SignalType.LEVEL, None),
    "together": (LOAD_DISPATCH, SignalType.SETPOINT, WATT),
    "delta": (LOAD_DISPATCH, SignalType.DELTA, WATT),
    "price": (ELECTRICITY_PRICE, SignalType.PRICE, PER_KWH),
    "energy": (CHARGE_STATE, SignalType.SETPOINT, WATT_HOUR),
}


@dataclass(frozen=True)
class Offer:
    """An event comes onto the VTN's list, or what is there by that name is modified. Times are from the offer on."""

    name: str
    kind: str
    values: tuple[str, ...]
    programme: str = "supply-limit"
    begins: int = 0
    """Seconds."""
    minutes: int = 30
    is_test: bool = False
    ramp_up: int = 0
    recovery: int = 0

    @property
    def is_emergency(self) -> bool:
        return self.programme == "supply-limit"

    def event(self, number: int, now: datetime) -> Event:
        """As a VTN would write it."""
        made = event(
            self.name,
            number,
            programme=self.programme,
            start=now + timedelta(seconds=self.begins),
            minutes=self.minutes,
            start_after=None if self.is_emergency else Duration(120),
            test="true" if self.is_test else None,
            signals=(self._signal(),),
        )
        eased: dict[str, Any] = {
            name: Duration(seconds)
            for name, seconds in (("ramp_up", self.ramp_up), ("recovery", self.recovery))
            if seconds
        }
        baseline = self._baseline(made.period.start) if self.kind == "delta" else None
        return replace(made, period=replace(made.period, **eased), baseline=baseline)

    def _signal(self) -> Signal:
        name, kind, unit = CALLED[self.kind]
        named = {} if name is None else {"name": name}
        length = FIRST_INTERVAL if len(self.values) > 1 else None
        return signal(*self.values, minutes=length, type=kind, unit=unit, **named)

    def _baseline(self, start: datetime) -> Baseline:
        usual = SignalInterval(uid="0", duration=Duration(0), value=USUAL)
        return Baseline(
            start=start, duration=Duration(0), intervals=(usual,), baseline_id="B1", name="usual", unit=WATT
        )

    def most(self, elapsed: timedelta, rating: Rating, normal: Decimal) -> Decimal | None:
        """A that it leaves one chargepoint so long after its start; None: it is no order. `normal` in percent."""
        value = self._value(elapsed)
        match self.kind:
            case "share":
                return rating.amps * value
            case "level":
                return rating.amps * LEVELS[int(value)]
            case "watts":
                return value / rating.phases / self.volts
            case "amps":
                return value
            case "offset":
                return rating.amps * normal / 100 * (100 + value) / 100
            case _:
                total = self.most_together(elapsed)
                return None if total is None else total / rating.phases / self.volts

    def most_together(self, elapsed: timedelta) -> Decimal | None:
        """W that it leaves all that it means together."""
        usual = {"together": Decimal(0), "delta": USUAL}.get(self.kind)
        return None if usual is None else max(usual + self._value(elapsed), Decimal(0))

    def holds_whole(self, elapsed: timedelta, left: timedelta | None) -> bool:
        """Not while a load shift comes in or goes; an emergency does neither."""
        if self.is_emergency:
            return True
        is_in = elapsed >= timedelta(seconds=max(0, -self.ramp_up))
        return is_in and (left is None or left > timedelta(seconds=max(0, -self.recovery)))

    @property
    def volts(self) -> int:
        return 253 if self.is_emergency else 230

    def _value(self, elapsed: timedelta) -> Decimal:
        is_later = len(self.values) > 1 and elapsed >= FIRST_INTERVAL * MINUTE
        return Decimal(self.values[1 if is_later else 0])


@dataclass(frozen=True)
class Hours:
    """A calendar as a person says it: a zone, days, and from which time on how many percent."""

    zone: str
    days: tuple[str, ...]
    slots: tuple[tuple[str, int], ...]

    @property
    def text(self) -> str:
        slots = ", ".join(f'"{start}" = {percent}' for start, percent in self.slots)
        days = ", ".join(f'"{day}"' for day in self.days)
        return f'zone = "{self.zone}"\n[[import]]\ndays = [{days}]\nslots = {{ {slots} }}\n'

    def most(self, now: datetime, spread: timedelta) -> int:
        """Percent at `now` at the most: a limit may begin up to `spread` late, and until then what was holds."""
        return _most(self, now, spread)

    def at(self, minute: datetime) -> int:
        utc = minute.astimezone(UTC)
        return _course(self, utc.date())[utc.hour * 60 + utc.minute]


@cache
def _most(hours: Hours, now: datetime, spread: timedelta) -> int:
    first = now - spread - timedelta(seconds=1) if spread else now
    whole = first - timedelta(seconds=first.second, microseconds=first.microsecond)
    return max(hours.at(whole + MINUTE * count) for count in range((now - whole) // MINUTE + 1))


@cache
def _course(hours: Hours, day: date) -> list[int]:
    """Percent in each minute of a day of UTC: somebody sits before the clock on the wall and takes notes.

    A time that the clock jumps over has come when it shows a later one; one that it shows twice came the first time.
    """
    first = datetime.combine(day, time(), UTC)
    latest: datetime | None = None
    found = []
    for minute in range(-BEFORE, 24 * 60):
        wall = (first + MINUTE * minute).astimezone(ZoneInfo(hours.zone)).replace(tzinfo=None)
        if latest is None or wall.date() != latest.date() or wall > latest:
            latest = wall
        if minute >= 0:
            found.append(_percent(hours, latest))
    return found


def _percent(hours: Hours, wall: datetime) -> int:
    if EVERY_DAY[wall.weekday()] not in hours.days:
        return 100
    return [percent for start, percent in hours.slots if start <= f"{wall:%H:%M}"][-1]


EVERY_DAY: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NIGHT: Final = (("00:00", 70), ("01:10", 40), ("01:40", 100), ("02:30", 0), ("03:10", 90), ("23:20", 50))
EVENINGS: Final[tuple[tuple[datetime, Hours], ...]] = (
    (
        datetime(2026, 3, 2, 12, tzinfo=UTC),
        Hours(
            "Europe/London",
            ("mon", "tue"),
            (("00:00", 100), ("12:10", 40), ("12:40", 70), ("13:20", 0), ("14:00", 100)),
        ),
    ),
    (datetime(2026, 3, 28, 22, tzinfo=UTC), Hours("Europe/London", EVERY_DAY, _NIGHT)),
    (datetime(2026, 10, 24, 22, tzinfo=UTC), Hours("Europe/London", EVERY_DAY, _NIGHT)),
    (datetime(2026, 9, 6, 3, tzinfo=UTC), Hours("America/Santiago", ("sat", "sun"), _NIGHT)),
    (datetime(2026, 4, 4, 14, tzinfo=UTC), Hours("Australia/Lord_Howe", ("sun", "mon"), _NIGHT)),
)
"""From when on an evening is played, and by which calendar: where clocks are put forward and back, by an hour and by
half of one, in the night and at midnight."""
