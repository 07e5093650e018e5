"""Two VTNs of one site: roles, floors, events of one name, and the smaller limit, whatever both of them order."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging import electricity
from oadr.charging.limit import Limit, Source
from oadr.charging.signals import Programme
from oadr.wire.messages.common import OptType
from oadr.wire.messages.event import Event
from tests.ven.stage import BASE, EVSE_1, EVSE_2, MINUTE, RATING, RATINGS, SITE, Loaded, event, listing
from tests.ven.virtual import START
from ven import VenConfig, events, ordered
from ven.arbiter import Arbiter
from ven.authority import Authority, Bounds
from ven.config import OtherVtn
from ven.conflicts import Conflicts
from ven.events import HeldEvent
from ven.party import DSO, GRID_OPERATOR, PLANNED, Party, Role
from ven.slots import Restore, Slot, SlotKey

ACME = Party("acme")
AGGREGATOR = Role(ACME, PLANNED)
PATH = Path("/nonexistent")
SHARES = ("0", "0.2", "0.4", "0.6", "0.8", "1")


def book(*listed: Event, role: Role | None = None, held: tuple[HeldEvent, ...] = ()) -> tuple[HeldEvent, ...]:
    """What a VTN with this role has ordered."""
    site = replace(SITE, role=role or Role())
    return events.merge(held, listing(*listed), site, START, Loaded(0.0)).held


def deciding() -> Arbiter:
    return Arbiter(RATINGS, timedelta(seconds=120), timedelta(seconds=10), Loaded(0.5))


def decided(held: tuple[HeldEvent, ...], now: datetime, arbiter: Arbiter | None = None) -> Arbiter:
    arbiter = arbiter or deciding()
    arbiter.decide(ordered.orders(held, SITE, RATINGS, now), now)
    return arbiter


# --- the smaller limit ---

orders = st.builds(
    lambda name, share, programme, start, minutes: event(
        name, share=share, programme=programme, start=START + start * MINUTE, minutes=minutes
    ),
    st.sampled_from(["E1", "E2", "E3"]),
    st.sampled_from(SHARES),
    st.sampled_from(["supply-limit", "load-shift"]),
    st.integers(0, 20),
    st.integers(1, 20),
)
lists = st.lists(orders, max_size=3, unique_by=lambda one: one.event_id)


@given(lists, lists, st.lists(st.integers(0, 3000), min_size=1, max_size=12).map(sorted))
@pytest.mark.proves("VE16", "W39")
def test_no_limit_is_ever_above_what_either_vtn_orders(
    ours: list[Event], theirs: list[Event], seconds: list[int]
) -> None:
    held = (*book(*ours), *book(*theirs, role=AGGREGATOR))
    arbiter = deciding()
    for second in seconds:
        now = START + timedelta(seconds=second)
        decided(held, now, arbiter)
        for each in held:
            if each.obeyed and each.start <= now and (each.end is None or now < each.end):
                allowed = electricity.from_share(each.event.signals[0].intervals[0].value, RATING)
                found = arbiter.limit(EVSE_1)
                assert found is not None
                assert found.amps <= allowed.amps


def test_each_party_has_a_slot_of_its_own_although_their_events_have_one_name() -> None:
    held = (
        *book(event(programme="load-shift", share="0.6")),
        *book(event(programme="load-shift"), role=AGGREGATOR),
    )
    arbiter = decided(held, START)
    found = {key.party: slot.limit.amps for key, slot in arbiter.slots.items() if key.resource_id == EVSE_1}
    assert found == {GRID_OPERATOR: Decimal("19.2"), ACME: Decimal("12.8")}
    limit = arbiter.limit(EVSE_1)
    assert limit
    assert (limit.party, limit.because) == (ACME, "E1")


def test_who_declines_the_event_of_one_vtn_follows_that_of_the_other() -> None:
    ours = book(event(programme="load-shift", share="0.6"))
    (theirs,) = book(event(programme="load-shift"), role=AGGREGATOR)
    arbiter = decided((*ours, theirs), START)
    arbiter.let_go((*ours, theirs.declining(frozenset({EVSE_1}))))
    assert {key for key in arbiter.slots if key.resource_id == EVSE_1} == {
        SlotKey(EVSE_1, Source.LOAD_SHIFT, GRID_OPERATOR)
    }


# --- roles ---


@pytest.mark.proves("VE16")
@pytest.mark.parametrize("programme", ["supply-limit", "price"])
def test_what_is_not_a_partys_to_order_is_refused_with_451(programme: str) -> None:
    shifts = Role(ACME, frozenset({Programme.LOAD_SHIFT}))
    (one,) = book(event(programme=programme), role=shifts)
    assert (one.obeyed, one.opt, one.code, one.party) == (False, OptType.OPT_OUT, "451", ACME)
    assert ordered.orders((one,), SITE, RATINGS, START) == {}


@pytest.mark.proves("VE16")
def test_a_modification_into_an_emergency_is_refused_too_and_what_runs_goes_on() -> None:
    held = book(event(programme="load-shift"), role=AGGREGATOR)
    (one,) = book(event(number=1, share="0"), role=AGGREGATOR, held=held)
    assert (one.code, one.modification_number, one.programme) == ("451", 1, Programme.LOAD_SHIFT)
    assert ordered.orders((one,), SITE, RATINGS, START)[
        SlotKey(EVSE_1, Source.LOAD_SHIFT, ACME)
    ].amps == Decimal("12.8")


@pytest.mark.proves("VE16")
def test_an_aggregators_event_gives_back_nothing_of_an_emergency_of_the_same_name() -> None:
    authority = Authority(Bounds())
    events.merge((), listing(event(minutes=60)), SITE, START, Loaded(), authority)
    spells = authority.spells
    theirs = book(event(programme="load-shift"), role=AGGREGATOR)
    book(role=AGGREGATOR, held=theirs)
    assert authority.spells == spells


@pytest.mark.parametrize(
    ("least", "share", "amps"),
    [("50", "0.4", "16"), ("30", "0.4", "12.8"), ("30", "0", "9.6"), ("5", "0", "6"), ("100", "0", "32")],
)
@pytest.mark.proves("VE16")
def test_a_party_goes_no_lower_than_its_floor_and_a_floor_is_something_a_car_can_take(
    least: str, share: str, amps: str
) -> None:
    role = replace(AGGREGATOR, least=Decimal(least))
    held = book(event(programme="load-shift", share=share), role=role)
    limit = decided(held, START).limit(EVSE_1)
    assert limit
    assert (limit.amps, limit.percent) == (
        Decimal(amps),
        electricity.from_amps(Decimal(amps), RATING).percent,
    )


def test_the_floor_is_that_of_the_time_when_the_event_was_accepted() -> None:
    (one,) = book(event(programme="load-shift"), role=replace(AGGREGATOR, least=Decimal(50)))
    assert one.least == Decimal(50)
    (same,) = book(event(programme="load-shift"), role=AGGREGATOR, held=(one,))
    assert same.least == Decimal(50)
    (changed,) = book(event(number=1, programme="load-shift"), role=AGGREGATOR, held=(one,))
    assert changed.least is None


# --- settings ---


def other(**changes: Any) -> OtherVtn:
    plain: dict[str, Any] = {
        "name": "acme",
        "vtn_url": "https://acme.example",
        "certificate": PATH / "acme.pem",
        "trust": PATH / "acme-ca.pem",
        "market_contexts": "https://acme.example/programmes",
    }
    return OtherVtn(**{**plain, **changes})


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": DSO},
        {"programmes": frozenset()},
        {"programmes": frozenset({Programme.SUPPLY_LIMIT})},
        {"programmes": frozenset(Programme)},
        {"least_percent": Decimal(0)},
        {"least_percent": Decimal(101)},
    ],
)
@pytest.mark.proves("VE16")
def test_no_setting_makes_another_vtn_a_grid_operator(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="another VTN"):
        other(**wrong)


def test_two_vtns_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="one name"):
        VenConfig(
            vtn_url="https://vtn.example",
            certificate=PATH,
            trust=PATH,
            state=PATH,
            market_contexts=BASE,
            others=(other(), other()),
        )


# --- conflicts ---


def slot(resource: Any, amps: int, party: str = "", **changes: Any) -> tuple[SlotKey, Slot]:
    source = changes.pop("source", Source.LOAD_SHIFT)
    because = changes.pop("because", "E1")
    limit = Limit(Decimal(amps), Decimal(amps * 3), source, because, None, party=party)
    return SlotKey(resource, source, Party(party)), Slot(limit, **changes)


def test_a_conflict_is_told_once_for_each_chargepoint_and_again_when_other_orders_meet() -> None:
    told = Conflicts()
    slots = dict([slot(EVSE_1, 10), slot(EVSE_1, 8, ACME), slot(EVSE_2, 10)])
    (found,) = told.new(slots)
    assert (found.resource_id, [one.party for one in found.limits]) == (EVSE_1, [ACME, ""])
    assert list(told.new(slots)) == []
    slots |= [slot(EVSE_1, 6, ACME)]
    assert list(told.new(slots)) == [], "the same orders, at their next step"
    slots |= [slot(EVSE_1, 6, ACME, because="E2")]
    assert len(list(told.new(slots))) == 1
    assert list(told.new({})) == []
    assert len(list(told.new(slots))) == 1, "they meet anew"


def test_neither_the_site_itself_nor_a_limit_that_rises_is_in_conflict_with_anybody() -> None:
    rising = Restore(Decimal(8), Decimal(24), START)
    slots = dict(
        [
            slot(EVSE_1, 10),
            slot(EVSE_1, 8, ACME, restore=rising),
            slot(EVSE_2, 8, ACME),
            slot(EVSE_2, 7, source=Source.CALENDAR),
        ]
    )
    assert list(Conflicts().new(slots)) == []
