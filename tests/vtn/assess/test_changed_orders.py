"""An order that was changed is judged, moment by moment, by the limit of that moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from oadr.charging.compliance import Acted, Compliance
from oadr.wire.messages.common import OptType
from tests.vtn import written
from tests.vtn.assess.fleet import EVERY, NOON, chargepoint, delivery, intervention, meter
from vtn.assess.closing import bodies
from vtn.assess.outcome import Evidence, Outcome, outcome
from vtn.model.delivery import Answer
from vtn.model.intervention import Changed, Intervention

EVSE = chargepoint("evse-1")
MIDDLE = NOON + timedelta(minutes=15)
LATER = NOON + timedelta(hours=1)


def changed(percent: int, at: datetime = MIDDLE) -> Intervention:
    """40 % from noon for half an hour, and from `at` on something else."""
    given = intervention()
    change = Changed(before=given.order, at=at, reason="so", changed_by="operator")
    return replace(given, order=replace(given.order, percent=Decimal(percent)), changes=(change,))


def found(given: Intervention, amps: Callable[[datetime], str], answered: datetime = MIDDLE) -> Outcome:
    answer = Answer(modification_number=1, opt=OptType.OPT_IN, code="200", answered_at=answered)
    one = replace(delivery(given, EVSE), answer=answer, order_answer=answer)
    evidence = Evidence(
        intervention=given,
        deliveries=(one,),
        chargepoints={EVSE.resource_id: EVSE},
        readings=tuple(meter(EVSE, amps)),
    )
    return outcome(evidence, EVERY, LATER)


def judged(given: Intervention, amps: Callable[[datetime], str], answered: datetime = MIDDLE) -> Compliance:
    (result,) = found(given, amps, answered).results
    assert result.compliance is not None
    return result.compliance


def stepping(after: str, at: datetime = MIDDLE) -> Callable[[datetime], str]:
    """32 A, from ten seconds after noon 12.8 A, and ten seconds after `at` something else."""

    def amps(moment: datetime) -> str:
        if moment < NOON + EVERY:
            return "32"
        return "12.8" if moment < at + EVERY else after

    return amps


@pytest.mark.proves("W110")
def test_each_moment_is_judged_by_the_limit_of_that_moment() -> None:
    milder = judged(changed(70), stepping("22.4"))
    assert milder.acted is Acted.COMMANDED
    assert milder.compliance_percent == 100
    stricter = judged(changed(20), stepping("6.4"))
    assert stricter.acted is Acted.COMMANDED
    assert stricter.compliance_percent == 100


def test_who_does_not_follow_a_stricter_change_breaks_it_from_then_on() -> None:
    lazy = judged(changed(20), stepping("12.8"))
    assert lazy.compliance_percent is not None
    assert 45 < lazy.compliance_percent < 55
    assert lazy.longest_excursion == timedelta(minutes=15) - timedelta(seconds=15)
    assert lazy.worst_overshoot_amps == Decimal("6.4")


def test_who_was_above_the_old_limit_is_not_excused_by_a_milder_one() -> None:
    wild = judged(changed(70), lambda _: "22.4")
    assert wild.compliance_percent is not None
    assert 45 < wild.compliance_percent < 55


def test_until_a_site_has_answered_the_milder_limit_counts() -> None:
    """It may not have heard of the change, and nobody can tell."""
    answered = MIDDLE + timedelta(minutes=10)
    late = judged(changed(20), stepping("6.4", at=answered), answered)
    assert late.compliance_percent == 100
    silent = judged(changed(20), stepping("12.8"), LATER)
    assert silent.compliance_percent == 100


def test_a_change_before_the_start_leaves_one_limit() -> None:
    early = NOON - timedelta(minutes=5)
    assert judged(changed(70, early), stepping("22.4", at=NOON), early).compliance_percent == 100
    assert judged(changed(20, early), stepping("12.8"), early).compliance_percent == 0


def test_the_record_says_how_often_an_order_was_changed() -> None:
    (body,) = bodies(found(changed(70), stepping("22.4")))
    assert body["changes"] == 1


def test_a_written_event_is_not_judged_and_so_never_complied_with() -> None:
    given = intervention()
    order = replace(given.order, percent=None, written=written.event(start=NOON))
    seen = found(replace(given, order=order), stepping("0"))
    (result,) = seen.results
    assert (result.limit, result.compliance) == (None, None)
    assert seen.summary.compliance_percent is None
    (body,) = bodies(seen)
    assert "'limit_ma': None" in str(body["chargepoints"])
