"""What an intervention did: answered, applied and metered are three facts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from oadr.charging.compliance import Acted, Compliance
from oadr.charging.signals import Programme
from oadr.wire.messages.common import OptType
from tests.vtn.assess.fleet import (
    EVERY,
    NOON,
    chargepoint,
    delivery,
    intervention,
    liar,
    meter,
    obedient,
)
from vtn.assess.outcome import Evidence, Outcome, Result, outcome
from vtn.assess.reach import Reach, count
from vtn.model.delivery import Delivery
from vtn.model.intervention import Intervention
from vtn.model.network import Chargepoint
from vtn.model.reading import Reading

EVSE = chargepoint("evse-1")
LATER = NOON + timedelta(hours=1)


def found(
    given: Intervention,
    deliveries: Iterable[Delivery],
    chargepoints: Iterable[Chargepoint],
    readings: Iterable[Reading],
    now: datetime = LATER,
) -> Outcome:
    evidence = Evidence(
        intervention=given,
        deliveries=tuple(deliveries),
        chargepoints={one.resource_id: one for one in chargepoints},
        readings=tuple(readings),
    )
    return outcome(evidence, EVERY, now)


def alone(
    readings: Iterable[Reading],
    *,
    given: Intervention | None = None,
    now: datetime = LATER,
    offered: datetime | None = NOON,
    opt: OptType | None = OptType.OPT_IN,
    code: str = "200",
) -> Result:
    """The result of one chargepoint that was limited to 12.8 A from noon for half an hour."""
    order = given or intervention()
    one = delivery(order, EVSE, offered=offered, opt=opt, code=code)
    return found(order, [one], [EVSE], readings, now).results[0]


def judged(result: Result) -> Compliance:
    assert result.compliance is not None
    return result.compliance


@pytest.mark.proves("W110", "P15")
def test_who_obeys_is_seen_to_by_the_meter() -> None:
    result = alone(meter(EVSE, obedient))
    assert (result.reach, result.opt) == (Reach.ACKNOWLEDGED, OptType.OPT_IN)
    assert result.limit
    assert result.limit.amps == Decimal("12.8")
    compliance = judged(result)
    assert compliance.acted is Acted.COMMANDED
    assert compliance.compliance_percent == 100
    assert compliance.coverage_percent == 100
    assert compliance.response == timedelta(seconds=10)
    assert compliance.worst_overshoot_amps == 0
    assert compliance.baseline_watts == 22080
    assert compliance.curtailed_wh == Decimal("6587.200")  # 19.2 A x 230 V x 3 for half an hour less 10 s


@pytest.mark.proves("P15")
def test_who_says_yes_and_draws_on_has_failed() -> None:
    compliance = judged(alone(meter(EVSE, liar)))
    assert compliance.acted is Acted.FAILED
    assert compliance.compliance_percent == 0
    assert compliance.worst_overshoot_amps == Decimal("19.200")
    assert compliance.curtailed_wh == 0


@pytest.mark.proves("P15")
def test_without_a_meter_nothing_is_called_complied_with() -> None:
    result = alone(())
    assert result.reach is Reach.ACKNOWLEDGED
    compliance = judged(result)
    assert compliance.acted is Acted.UNVERIFIABLE
    assert compliance.compliance_percent is None
    assert compliance.curtailed_wh is None


@pytest.mark.parametrize(
    ("offered", "opt", "code", "reach"),
    [
        (NOON, OptType.OPT_OUT, "200", Reach.DECLINED),
        (NOON, OptType.OPT_IN, "454", Reach.DECLINED),
        (NOON, None, "200", Reach.REACHED),
        (None, None, "200", Reach.SILENT),
    ],
)
def test_who_has_not_agreed_is_counted_and_not_judged(
    offered: datetime | None, opt: OptType | None, code: str, reach: Reach
) -> None:
    result = alone(meter(EVSE, obedient), offered=offered, opt=opt, code=code)
    assert result.reach is reach
    assert result.compliance is None


def test_watts_serve_where_no_currents_are_sent() -> None:
    compliance = judged(alone(meter(EVSE, obedient, currents=False)))
    assert compliance.acted is Acted.COMMANDED
    assert compliance.compliance_percent == 100


def test_a_power_that_was_read_after_the_order_says_nothing_of_before() -> None:
    """It drew its full rating until the order came, three seconds before the meter was read."""
    offered = NOON + timedelta(seconds=7)
    compliance = judged(alone(meter(EVSE, obedient, currents=False), offered=offered))
    assert compliance.acted is Acted.COMMANDED


@pytest.mark.proves("W80")
def test_the_phase_that_carries_most_is_judged() -> None:
    """A car on one phase keeps no limit only because the other two are empty."""
    readings = [
        reading
        for reading in meter(EVSE, liar)
        if reading.quantity in ("W", "A1")  # the other phases are at zero, and W say so
    ]
    thirds = [
        Reading(one.resource_id, one.quantity, one.at, one.value / 3) if one.quantity == "W" else one
        for one in readings
    ]
    compliance = judged(alone(thirds))
    assert compliance.acted is Acted.FAILED
    assert compliance.worst_overshoot_amps == Decimal("19.200")
    assert compliance.baseline_watts == 7360


def test_a_reported_value_stands_for_the_interval_that_ended_then() -> None:
    """It came down at 12:01:00, and the mean of that interval is dated 12:01:10."""

    def late(at: datetime) -> str:
        return "32" if at < NOON + timedelta(minutes=1) else "12.8"

    assert judged(alone(meter(EVSE, late))).response == timedelta(minutes=1)


def test_receipt_counts_from_when_the_order_was_first_handed_out() -> None:
    def late(at: datetime) -> str:
        return "32" if at < NOON + timedelta(minutes=5) else "12.8"

    compliance = judged(alone(meter(EVSE, late), offered=NOON + timedelta(minutes=4, seconds=55)))
    assert compliance.compliance_percent == 100
    assert compliance.response == timedelta(seconds=5)


def test_a_running_intervention_is_judged_up_to_now() -> None:
    now = NOON + timedelta(minutes=10)
    result = alone(meter(EVSE, obedient, until=now), now=now)
    assert judged(result).judged == timedelta(minutes=10) - timedelta(seconds=15)
    assert result.last_watts == Decimal("12.8") * 230 * 3


def test_a_cancelled_one_is_judged_up_to_its_cancellation() -> None:
    cancelled = intervention(cancelled_at=NOON + timedelta(minutes=10))
    compliance = judged(alone(meter(EVSE, obedient), given=cancelled))
    assert compliance.judged == timedelta(minutes=10) - timedelta(seconds=15)


def test_the_mean_that_spans_the_end_is_not_held_against_anyone() -> None:
    """The intervention ends in the middle of an interval, in which the current has risen again."""
    end = NOON + timedelta(minutes=10, seconds=5)

    def released(at: datetime) -> str:
        return obedient(at) if at < NOON + timedelta(minutes=10) else "22.4"

    compliance = judged(alone(meter(EVSE, released), given=intervention(cancelled_at=end)))
    assert compliance.compliance_percent == compliance.coverage_percent == 100
    assert compliance.worst_overshoot_amps == 0


def test_one_that_has_not_begun_is_not_judged() -> None:
    planned = intervention(start=NOON + timedelta(hours=2))
    assert alone(meter(EVSE, liar), given=planned).compliance is None


def test_who_heard_of_an_order_only_by_its_cancellation_is_not_judged() -> None:
    cancelled = intervention(cancelled_at=NOON + timedelta(minutes=10))
    result = alone(meter(EVSE, liar), given=cancelled, offered=NOON + timedelta(minutes=11))
    assert result.compliance is None


def test_a_test_moves_no_load_so_it_is_not_judged() -> None:
    assert alone(meter(EVSE, liar), given=intervention(is_test=True)).compliance is None


@pytest.mark.parametrize(("randomise", "begins"), [(timedelta(minutes=5), 5), (timedelta(), 0), (None, 10)])
def test_a_load_shift_is_judged_from_its_latest_start(randomise: timedelta | None, begins: int) -> None:
    shift = intervention(programme=Programme.LOAD_SHIFT, randomise=randomise)
    compliance = judged(alone(meter(EVSE, obedient), given=shift))
    assert compliance.judged == timedelta(minutes=30 - begins) - timedelta(seconds=15)


@pytest.mark.proves("W110")
def test_a_fleet_is_summed_up_with_what_is_not_known_beside_it() -> None:
    given = intervention()
    names = ("obedient", "liar", "meterless", "declined", "silent")
    fleet = {name: chargepoint(name) for name in names}
    deliveries = (
        *(delivery(given, fleet[name]) for name in names[:3]),
        delivery(given, fleet["declined"], opt=OptType.OPT_OUT),
        delivery(given, fleet["silent"], offered=None, opt=None),
    )
    readings = (*meter(fleet["obedient"], obedient), *meter(fleet["liar"], liar))
    result = found(given, deliveries, fleet.values(), readings)
    assert result.counts == {Reach.ACKNOWLEDGED: 3, Reach.DECLINED: 1, Reach.REACHED: 0, Reach.SILENT: 1}
    assert count(deliveries) == result.counts
    summary = result.summary
    assert (summary.commanded, summary.failed, summary.unverifiable) == (1, 1, 1)
    assert summary.compliance_percent == 50
    assert summary.curtailed_wh == Decimal("6587.200")
    assert summary.credited == 2
    assert result.relief_watts == Decimal("13174.4")


def test_the_load_that_returns_is_what_lies_between_the_baseline_and_now() -> None:
    given, now = intervention(), NOON + timedelta(minutes=10)
    one = delivery(given, EVSE)
    result = found(given, [one], [EVSE], meter(EVSE, obedient, until=now), now)
    assert result.returning_watts == 13248
    assert found(given, [one], [EVSE], (), now).returning_watts == 0


@pytest.mark.proves("P15")
def test_a_site_that_declined_the_order_has_not_agreed_to_it_by_confirming_its_cancellation() -> None:
    declined = delivery(intervention(), EVSE, opt=OptType.OPT_OUT)
    assert declined.answer is not None
    confirmed = replace(declined.answer, modification_number=1, opt=OptType.OPT_IN)
    assert count([replace(declined, answer=confirmed)])[Reach.DECLINED] == 1
