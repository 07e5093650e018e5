"""What is drawn and what is fed back: two scales of one chargepoint, and nothing on one of them reaches the other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.ceilings import Share
from oadr.charging.electricity import EMERGENCY_VOLTS, FLOOR_AMPS, RESOLUTION, Rating, from_share
from oadr.charging.limit import Limit, Source
from oadr.charging.scale import Direction, direction_of, export_of
from oadr.wire.errors import ResponseCode
from oadr.wire.ids import GroupId, ResourceId
from oadr.wire.messages.common import Target, UnitKind
from oadr.wire.messages.event import LOAD_DISPATCH, Event, SignalType
from tests.ven.stage import EVSE_1, EVSE_2, MINUTE, RATINGS, SITE, VEN, Loaded, event, listing, signal
from tests.ven.virtual import START
from ven import calendar_form, events, ordered
from ven.arbiter import Arbiter
from ven.authority import Bounds
from ven.calendar import Calendar
from ven.contract import Contract
from ven.control import Control
from ven.events import HeldEvent
from ven.failsafe import Heard, OnSilence
from ven.journal import Memory, decode, encode
from ven.local import Local
from ven.points import WATT, points
from ven.slots import SlotKey

OUT_1, OUT_2 = export_of(EVSE_1), export_of(EVSE_2)
BOTH = {**RATINGS, OUT_1: Rating(Decimal(16), 3), OUT_2: Rating(Decimal(10), 1)}
"""Two chargepoints that can feed back, and not as much as they can draw."""
HERE = replace(SITE, resources=frozenset(BOTH))
NOTHING: dict[ResourceId, Decimal | None] = dict.fromkeys(BOTH)


def named(*names: ResourceId) -> Target:
    return Target(resource_ids=names)


def dispatch(*watts: str, minutes: int | None = None, target: Target = Target(), **other: object) -> Event:
    unit = replace(WATT, kind=UnitKind.POWER_REAL)
    said = signal(*watts, minutes=minutes, name=LOAD_DISPATCH, type=SignalType.SETPOINT, unit=unit)
    return event(signals=(said,), target=target, **other)  # type: ignore[arg-type]


def taken(*offered: Event) -> tuple[HeldEvent, ...]:
    return events.merge((), listing(*offered), HERE, START, Loaded(0)).held


def amps(*offered: Event, at: datetime = START) -> dict[ResourceId, Decimal | None]:
    """What these events order of each scale; None: nothing."""
    found = {key.resource_id: limit for key, limit in ordered.orders(taken(*offered), HERE, BOTH, at).items()}
    return {name: found[name].amps if name in found else None for name in BOTH}


# --- whom an event means ---


@pytest.mark.proves("W43", "W103")
@pytest.mark.parametrize(
    "target",
    [Target(), Target(ven_ids=(VEN,)), Target(group_ids=(GroupId("feeder-12"),)), named(EVSE_1, EVSE_2)],
)
def test_who_limits_everything_a_site_or_a_feeder_limits_what_is_drawn(target: Target) -> None:
    (held,) = taken(event(target=target, share="0"))
    assert held.resources == set(RATINGS)
    assert amps(event(target=target, share="0")) == {**NOTHING, EVSE_1: 0, EVSE_2: 0}


@pytest.mark.proves("W43", "W103")
def test_what_is_fed_back_is_limited_by_its_name_also_beside_a_feeder() -> None:
    assert amps(event(target=named(OUT_1), share="0.5")) == {**NOTHING, OUT_1: 8}
    beside = Target(group_ids=(GroupId("feeder-12"),), resource_ids=(OUT_1,))
    assert amps(event(target=beside, share="0.5")) == {EVSE_1: 16, EVSE_2: 8, OUT_1: 8, OUT_2: None}


@pytest.mark.proves("W43")
def test_an_order_for_an_export_scale_that_is_not_here_is_refused() -> None:
    held = events.merge((), listing(event(target=named(OUT_1))), SITE, START, Loaded()).held
    assert held[0].code == ResponseCode.DEPLOYMENT_ERROR


@pytest.mark.proves("W43", "W103")
def test_an_operating_point_is_about_the_scale_of_its_sign() -> None:
    order = dispatch("-3000", "3000", minutes=15)
    one_phase = 3000 / EMERGENCY_VOLTS
    assert 6 * 3 > one_phase > 10, "so one of them can use nothing of it, and the other its whole rating"
    assert amps(order) == {EVSE_1: 0, EVSE_2: 0, OUT_1: 0, OUT_2: 10}
    later = amps(order, at=START + 20 * MINUTE)
    assert later == {EVSE_1: 0, EVSE_2: Decimal("11.8"), OUT_1: None, OUT_2: None}


@pytest.mark.proves("W43")
def test_an_operating_point_that_names_one_chargepoint_means_both_of_its_scales_and_nobody_elses() -> None:
    assert amps(dispatch("-6000", target=named(EVSE_1))) == {**NOTHING, EVSE_1: 0, OUT_1: Decimal("7.9")}
    assert amps(dispatch("-6000", target=named(OUT_1))) == {**NOTHING, OUT_1: Decimal("7.9")}
    assert amps(dispatch("6000", target=named(OUT_1))) == {**NOTHING, OUT_1: Decimal("7.9")}


@pytest.mark.proves("W43")
def test_where_nobody_can_feed_back_a_negative_operating_point_stops_charging() -> None:
    held = events.merge((), listing(dispatch("-3000")), SITE, START, Loaded()).held
    found = ordered.orders(held, SITE, RATINGS, START)
    assert {key.resource_id: limit.amps for key, limit in found.items()} == {EVSE_1: 0, EVSE_2: 0}


NAMES = st.sampled_from([*BOTH, None])
ORDERS = st.lists(
    st.tuples(NAMES, st.decimals(0, 1, places=3), st.sampled_from(["supply-limit", "load-shift"])),
    max_size=5,
)


@pytest.mark.proves("W43", "W103")
@given(ORDERS)
def test_random_orders_on_both_scales_never_mix(
    wanted: list[tuple[ResourceId | None, Decimal, str]],
) -> None:
    """Each scale has the smallest of the orders that mean it, as if there were no others."""
    offered = [
        event(f"E{number}", share=f"{share:f}", programme=programme, target=named(name) if name else Target())
        for number, (name, share, programme) in enumerate(wanted)
    ]
    found = ordered.orders(taken(*offered), HERE, BOTH, START)
    for name, rating in BOTH.items():
        for source in (Source.SUPPLY_LIMIT, Source.LOAD_SHIFT):
            means_it = [
                from_share(share, rating).amps
                for whom, share, programme in wanted
                if programme == source
                and (whom == name or (whom is None and direction_of(name) is Direction.IMPORT))
            ]
            limit = found.get(SlotKey(name, source))
            assert (limit.amps if limit else None) == min(means_it, default=None)


@pytest.mark.proves("W43")
@given(st.lists(st.decimals(-30_000, 30_000, places=1), min_size=1, max_size=3))
def test_operating_points_are_never_overshot_on_either_scale(watts: list[Decimal]) -> None:
    offered = [replace(dispatch(f"{one:f}", event_id=f"E{number}")) for number, one in enumerate(watts)]
    found = amps(*offered)
    for direction, sign in ((Direction.IMPORT, 1), (Direction.EXPORT, -1)):
        bounds = [max(sign * one, Decimal(0)) for one in watts if sign > 0 or one < 0]
        limits = {name: found[name] for name in BOTH if direction_of(name) is direction}
        if not bounds:
            assert set(limits.values()) == {None}
            continue
        total = Decimal(0)
        for name, limit in limits.items():
            assert limit is not None
            assert limit == limit.quantize(RESOLUTION)
            assert limit == 0 or FLOOR_AMPS <= limit <= BOTH[name].amps
            total += limit * EMERGENCY_VOLTS * BOTH[name].phases
        assert total <= min(bounds)


# --- from what is known here to the limits ---


PLAIN, EMPTY = Contract(), Memory()


class House:
    """Control without a network; time is a variable."""

    def __init__(
        self,
        contract: Contract = PLAIN,
        calendar: Calendar | None = None,
        now: datetime = START,
        memory: Memory = EMPTY,
    ) -> None:
        self.now = now
        self.deciding = Arbiter(
            BOTH, timedelta(seconds=600), timedelta(minutes=1), Loaded(0.5), dict(memory.slots)
        )
        self.control = Control(BOTH, contract, self.deciding, Local(calendar, seed=b"seed"), now)
        self.heard = Heard(now, now, timedelta(seconds=10), is_registered=True)

    def limits(self, *held: HeldEvent) -> dict[ResourceId, Limit | None]:
        self.control.decide(held, HERE, self.heard, self.now)
        return {name: self.deciding.limit(name) for name in BOTH}

    def amps(self, *held: HeldEvent) -> dict[ResourceId, Decimal | None]:
        return {name: limit.amps if limit else None for name, limit in self.limits(*held).items()}

    def percent(self, *held: HeldEvent) -> tuple[Decimal, Decimal]:
        """Of the first chargepoint: drawn, and fed back."""
        found = self.limits(*held)
        drawn, back = found[EVSE_1], found[OUT_1]
        return drawn.percent if drawn else Decimal(100), back.percent if back else Decimal(100)


SPRING = calendar_form.read(
    """zone = "Europe/London"
[[import]]
days = ["sun"]
slots = { "00:00" = 100, "00:30" = 50, "01:30" = 30 }
[[export]]
days = ["sun"]
slots = { "00:00" = 80, "01:30" = 0, "03:00" = 100 }
[[export]]
days = ["mon"]
slots = { "00:00" = 40 }
"""
)


@pytest.mark.proves("W06", "W43", "VE09")
def test_each_scale_keeps_its_own_hours_also_in_the_night_that_skips_one() -> None:
    """29 March 2026: London goes from 01:00 to 02:00, so what begins at 01:30 begins then, at 01:00 UTC."""
    house = House(Contract(calendar_spread=timedelta()), SPRING, datetime(2026, 3, 28, 23, tzinfo=UTC))
    course: list[tuple[str, tuple[Decimal, Decimal]]] = []
    until = house.now + timedelta(hours=27)
    while house.now < until:
        now, allowed = f"{house.now:%d %H:%M}", house.percent()
        if not course or course[-1][1] != allowed:
            course.append((now, allowed))
        change = house.control.next_change((), HERE, house.now)
        assert change is not None
        house.now = change
    assert [(at, *map(int, allowed)) for at, allowed in course[:4]] == [
        ("28 23:00", 100, 100),
        ("29 00:00", 100, 80),
        ("29 00:30", 50, 80),
        ("29 01:00", 30, 0),
    ]
    monday = course.index(("29 23:00", (Decimal(30), Decimal(40))))  # midnight, in summer time
    rises = [back for _, (_, back) in course[3:monday]]
    assert rises == sorted(rises), "export comes back at 03:00 local time, step by step"
    assert course[4][0] == "29 02:08", "after a draw of five minutes, and three steps that are below 6 A"


@pytest.mark.proves("W18", "W43")
def test_what_may_be_fed_back_rises_at_random_and_step_by_step() -> None:
    house = House()
    emergency = taken(event(target=named(OUT_1), share="0.5"))
    assert house.amps(*emergency) == {**NOTHING, OUT_1: 8}
    house.now += timedelta(minutes=30)
    steps = []
    for _ in range(11):
        steps.append(house.amps(*emergency)[OUT_1])
        house.now += MINUTE
    assert steps == [8, 8, 8, 8, 8, *(Decimal(text) for text in ("9.6", "11.2", "12.8", "14.4")), None, None]


@pytest.mark.proves("W19", "W43")
def test_when_power_returns_nobody_feeds_back_before_a_time_of_its_own() -> None:
    house = House()
    house.deciding.hold_back("power-up", house.now)
    assert set(house.amps().values()) == {Decimal(0)}


@pytest.mark.proves("W43")
def test_the_contracts_levels_are_about_charging() -> None:
    floored = House(Contract(bounds=Bounds(floor=Decimal(10))))
    both = taken(event(target=named(EVSE_1, OUT_1), share="0"))
    assert floored.amps(*both) == {**NOTHING, EVSE_1: 10, OUT_1: 0}
    silent = House(
        Contract(
            failsafe=Share(Decimal("0.5")), default_percent=Decimal(60), on_silence=OnSilence.DEFAULT_MODE
        )
    )
    silent.limits()
    silent.now += timedelta(minutes=5)
    found = silent.amps()
    assert found == {EVSE_1: 16, EVSE_2: 8, OUT_1: None, OUT_2: None}


@pytest.mark.proves("W43")
def test_the_fuse_holds_for_each_direction_whatever_the_other_does() -> None:
    house = House(Contract(site_amps=Decimal(20)))
    found = {name: limit or Decimal(99) for name, limit in house.amps().items()}
    assert found[EVSE_1] + found[EVSE_2] <= 20
    assert found[OUT_1] + found[OUT_2] <= 20
    assert min(found.values()) >= FLOOR_AMPS


@pytest.mark.proves("W03", "W43")
def test_the_journal_keeps_the_slots_of_both_scales_and_a_restart_goes_on_with_them() -> None:
    house = House()
    both = taken(
        event("E1", target=named(EVSE_1), share="0.5"), event("E2", target=named(OUT_1), share="0.4")
    )
    before = house.limits(*both)
    slots = tuple(house.deciding.slots.items())
    kept = decode(encode(Memory(held=both, slots=slots)))
    assert kept.slots == slots
    assert [each.resources for each in kept.held] == [{EVSE_1}, {OUT_1}]
    again = House(memory=kept)
    assert {name: again.deciding.limit(name) for name in BOTH} == before
    assert again.limits(*kept.held) == before


@pytest.mark.proves("W43")
@given(
    st.lists(
        st.tuples(st.sampled_from([*BOTH]), st.sampled_from(["0", "0.3", "0.55", "1"]), st.integers(0, 40)),
        max_size=4,
    )
)
def test_through_an_evening_what_is_ordered_of_one_scale_is_invisible_on_the_other(
    wanted: list[tuple[ResourceId, str, int]],
) -> None:
    """The course of each scale is that of a house that hears of orders on this scale only."""
    offered = [
        event(f"E{number}", share=share, target=named(name), start=START + begins * MINUTE, minutes=10)
        for number, (name, share, begins) in enumerate(wanted)
    ]

    def course(direction: Direction | None) -> list[dict[ResourceId, Decimal | None]]:
        heard = [
            one
            for one, (name, _, _) in zip(offered, wanted, strict=True)
            if direction in (None, direction_of(name))
        ]
        house, held, seen = House(), taken(*heard), []
        for _ in range(16):
            seen.append(house.amps(*held))
            house.now += 5 * MINUTE
        return seen

    whole = course(None)
    for direction in Direction:
        alone = course(direction)
        of_it = [name for name in BOTH if direction_of(name) is direction]
        assert [[one[name] for name in of_it] for one in whole] == [
            [one[name] for name in of_it] for one in alone
        ]


@pytest.mark.proves("r308", "W43")
def test_no_r_id_stands_for_two_points_on_either_scale() -> None:
    offered = points(BOTH)
    names = [one.r_id for one in offered]
    assert len(names) == len(set(names))
    of_export = {one.r_id.removeprefix(f"{OUT_1}:") for one in offered if one.resource_id == OUT_1}
    assert of_export == {"P", "E", "I1", "I2", "I3", "SET", "DEV", "ST", "history:P", "history:E"}
