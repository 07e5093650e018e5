"""Before an order: who is charging, and what it would take off."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.signals import Programme
from tests.vtn.assess.fleet import NOON, chargepoint
from vtn.assess.preview import Drawn, Freshness, Preview, Scene, Standing, curve, preview
from vtn.model.network import Chargepoint

FRESH = Freshness.of(timedelta(seconds=10), timedelta(seconds=10))
EVSE = chargepoint("evse-1")
ONE_PHASE = chargepoint("evse-2", amps=16, phases=1)


def drawn(watts: int, *amps: int, age: int = 5) -> Drawn:
    return Drawn(NOON - timedelta(seconds=age), Decimal(watts), tuple(map(Decimal, amps)))


def scene(*known: tuple[Chargepoint, Drawn | None, int | None]) -> Scene:
    """Each chargepoint, what its meter said last, and how many seconds ago its site called; None: never."""
    return Scene(
        chargepoints=tuple(one for one, _, _ in known),
        drawn={one.resource_id: meter for one, meter, _ in known if meter is not None},
        last_seen={one.ven_id: NOON - timedelta(seconds=age) for one, _, age in known if age is not None},
        now=NOON,
    )


def seen(one: Chargepoint, meter: Drawn | None, age: int | None = 3, percent: int = 40) -> Preview:
    return preview(scene((one, meter, age)), Decimal(percent), Programme.SUPPLY_LIMIT, FRESH)


@pytest.mark.proves("W14")
@pytest.mark.parametrize(
    ("meter", "called", "standing"),
    [
        (drawn(22080, 32, 32, 32), 3, Standing.WOULD_REDUCE),
        (drawn(22080), 3, Standing.WOULD_REDUCE),
        (drawn(6900, 10, 10, 10), 3, Standing.ALREADY_BELOW),
        (drawn(0, 0, 0, 0), 3, Standing.IDLE),
        (drawn(150), 3, Standing.IDLE),
        (drawn(-3000, -4, -4, -4), 3, Standing.IDLE),
        (drawn(22080, 32, 32, 32), None, Standing.OFFLINE),
        (drawn(22080, 32, 32, 32), 31, Standing.OFFLINE),
        (drawn(22080, 32, 32, 32), 30, Standing.WOULD_REDUCE),
        (None, 3, Standing.STALE),
        (drawn(22080, 32, 32, 32, age=61), 3, Standing.STALE),
        (drawn(22080, 32, 32, 32, age=60), 3, Standing.WOULD_REDUCE),
    ],
)
def test_each_chargepoint_is_in_the_class_that_its_facts_say(
    meter: Drawn | None, called: int | None, standing: Standing
) -> None:
    found = seen(EVSE, meter, called)
    assert found.rows[0].standing is standing
    assert found.counts == {each: int(each is standing) for each in Standing}


def test_the_relief_is_what_lies_above_the_limit_times_how_likely_it_is_obeyed() -> None:
    found = seen(EVSE, drawn(22080, 32, 32, 32))
    assert found.rows[0].limit.amps == Decimal("12.8")
    assert found.rows[0].relief == 13248  # 22 080 W x 19.2 / 32
    assert found.expected == Decimal("11923.2")
    assert found.lower == 0
    assert found.upper == 13248
    assert found.watts_now == 22080


def test_a_car_on_one_phase_of_three_is_relieved_of_what_it_draws_there() -> None:
    found = seen(EVSE, drawn(7360, 32, 0, 0))
    assert found.rows[0].relief == 4416  # 7 360 W x 19.2 / 32, though three phases at the limit carry more


def test_without_currents_the_voltage_of_the_programme_decides() -> None:
    known = scene((EVSE, drawn(22080), 3))
    emergency = preview(known, Decimal(40), Programme.SUPPLY_LIMIT, FRESH)
    planned = preview(known, Decimal(40), Programme.LOAD_SHIFT, FRESH)
    assert emergency.rows[0].relief == 12364  # 22 080 W - 12.8 A x 253 V x 3, rounded down
    assert planned.rows[0].relief == 22080 - 8832


def test_below_the_lowest_usable_share_the_curve_is_flat() -> None:
    """On 16 A 30, 20 and 10 % are less than 6 A, so they pause as 0 does."""
    steps = curve(scene((ONE_PHASE, drawn(3680, 16), 3)), Programme.SUPPLY_LIMIT, FRESH)
    reliefs = {int(one.percent): one.rows[0].relief for one in steps}
    assert list(reliefs) == [90, 80, 70, 60, 50, 40, 30, 20, 10, 0]
    assert reliefs[40] == 2208
    assert reliefs[30] == reliefs[20] == reliefs[10] == reliefs[0] == 3680


@pytest.mark.proves("W14")
@pytest.mark.parametrize(
    ("meters", "need", "is_futile"),
    [
        ([drawn(22080, 32, 32, 32)], None, False),
        ([drawn(6900, 10, 10, 10)], None, True),
        ([drawn(0, 0, 0, 0)], None, True),
        ([drawn(9000, 14, 13, 12)], None, True),  # some hundred watts
        ([drawn(22080, 32, 32, 32)], 238_464, False),  # 11 923 W are 5 % of it
        ([drawn(22080, 32, 32, 32)], 238_465, True),
    ],
)
def test_an_order_to_idle_chargepoints_is_said_to_be_in_vain(
    meters: list[Drawn], need: int | None, is_futile: bool
) -> None:
    known = scene(*((chargepoint(f"evse-{number}"), one, 3) for number, one in enumerate(meters)))
    needed = None if need is None else Decimal(need)
    found = preview(known, Decimal(40), Programme.SUPPLY_LIMIT, FRESH, need=needed)
    assert found.is_futile is is_futile


@pytest.mark.parametrize(("unknown", "is_uncertain"), [(3, False), (4, True)])
def test_not_enough_is_known_when_more_than_thirty_percent_are_away_or_unmeasured(
    unknown: int, is_uncertain: bool
) -> None:
    known = scene(
        *((chargepoint(f"a{number}"), drawn(22080, 32, 32, 32), 3) for number in range(10 - unknown)),
        *((chargepoint(f"b{number}"), None, number % 2 or None) for number in range(unknown)),
    )
    assert preview(known, Decimal(40), Programme.SUPPLY_LIMIT, FRESH).is_uncertain is is_uncertain


def test_who_has_proved_to_obey_is_counted_on() -> None:
    known = scene((EVSE, drawn(22080, 32, 32, 32), 3), (ONE_PHASE, drawn(3680, 16), 3))
    obey = {EVSE.resource_id: Decimal("0.95"), ONE_PHASE.resource_id: Decimal("0.5")}
    found = preview(known, Decimal(40), Programme.SUPPLY_LIMIT, FRESH, obey=obey)
    assert found.lower == 13248 * Decimal("0.95")
    assert found.expected == found.lower + 2208 * Decimal("0.5")


def test_what_is_not_measured_may_bring_its_whole_rating_but_is_not_expected_to() -> None:
    found = seen(EVSE, None)
    assert found.lower == found.expected == 0
    assert found.upper == Decimal("19.2") * 253 * 3
    assert found.rows[0].watts is None


def test_what_is_offline_brings_nothing_since_the_order_does_not_reach_it() -> None:
    assert seen(EVSE, drawn(22080, 32, 32, 32), None).upper == 0


def test_what_its_site_says_to_take_no_orders_brings_nothing_although_the_site_calls() -> None:
    known = scene((EVSE, drawn(22080, 32, 32, 32), 3))
    deaf = replace(known, unreachable=frozenset({EVSE.resource_id}))
    found = preview(deaf, Decimal(40), Programme.SUPPLY_LIMIT, FRESH)
    assert found.rows[0].standing is Standing.OFFLINE
    assert found.upper == 0
    assert preview(known, Decimal(40), Programme.SUPPLY_LIMIT, FRESH).upper > 0


def test_facts_may_be_as_old_as_two_polls_and_three_reports() -> None:
    slow = Freshness.of(timedelta(minutes=5), timedelta(minutes=1))
    assert slow.online_for == timedelta(minutes=10, seconds=10)
    assert slow.measured_for == timedelta(minutes=3)


amps = st.decimals(min_value=-40, max_value=64, places=2)
meters = st.none() | st.builds(
    lambda age, watts, currents: Drawn(NOON - timedelta(seconds=age), watts, tuple(currents)),
    st.integers(0, 200),
    st.decimals(min_value=-30_000, max_value=50_000, places=1),
    st.lists(amps, max_size=3),
)
fleets = st.lists(
    st.tuples(st.sampled_from([(16, 1), (32, 1), (32, 3), (63, 3)]), meters, st.none() | st.integers(0, 60)),
    max_size=8,
)
shares = st.decimals(min_value=0, max_value=1, places=2)


@given(fleets, st.decimals(0, 100, places=1), st.sampled_from(list(Programme)), st.lists(shares, max_size=8))
def test_relief_is_never_negative_and_the_expected_one_lies_between_its_bounds(
    fleet: list[tuple[tuple[int, int], Drawn | None, int | None]],
    percent: Decimal,
    programme: Programme,
    obeyed: list[Decimal],
) -> None:
    known = scene(
        *(
            (chargepoint(f"evse-{number}", *rating), meter, age)
            for number, (rating, meter, age) in enumerate(fleet)
        )
    )
    obey = {one.resource_id: share for one, share in zip(known.chargepoints, obeyed, strict=False)}
    found = preview(known, percent, programme, FRESH, obey=obey)
    assert all(0 <= row.relief <= row.at_most for row in found.rows)
    assert 0 <= found.lower <= found.expected <= found.upper
    assert sum(found.counts.values()) == len(fleet)


@pytest.mark.proves("r205", "W14")
def test_a_chargepoint_that_has_opted_out_promises_nothing_to_a_load_shift_and_all_to_an_emergency() -> None:
    known = scene((EVSE, drawn(22080, 32, 32, 32), 3), (ONE_PHASE, None, 3))
    excused = replace(known, opted_out=frozenset({EVSE.resource_id, ONE_PHASE.resource_id}))
    found = preview(excused, Decimal(40), Programme.LOAD_SHIFT, FRESH)
    assert found.counts[Standing.OPTED_OUT] == 2
    assert [int(one) for one in (found.expected, found.upper, found.watts_now)] == [0, 0, 22080]
    assert not found.is_uncertain
    emergency = preview(excused, Decimal(40), Programme.SUPPLY_LIMIT, FRESH)
    assert emergency == preview(known, Decimal(40), Programme.SUPPLY_LIMIT, FRESH)
