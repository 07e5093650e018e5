"""An event in the operator's words is bounded like any other order, an emergency most of all."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr.charging.signals import Programme
from oadr.wire.ids import MarketContext, ResourceId, Token
from oadr.wire.messages.common import Target
from oadr.wire.messages.event import Baseline, Event
from oadr.wire.scalars import Duration
from tests.vtn import written
from tests.vtn.world import F1, NOW, ORDER, SECOND, TERMS
from vtn.model import written as writing
from vtn.model.errors import Impossible
from vtn.model.intervention import (
    LONGEST,
    LONGEST_EMERGENCY,
    UNTIL_CANCELLED,
    Intervention,
    InterventionId,
    Order,
    check,
    overlap,
)

FOREIGN = MarketContext(Token("http://other.example/prices"))


def order(event: Event, **changes: Any) -> Order:
    return writing.order(event, TERMS.market_contexts, (F1,), "in our own words", "op1", **changes)


def emergency(**changes: Any) -> Order:
    plain: dict[str, Any] = {"programme": Programme.SUPPLY_LIMIT, "period": {"start_after": None}}
    return order(written.event(**plain | changes))


def test_its_programme_is_what_the_market_context_says_and_its_times_are_the_events() -> None:
    found = order(written.event(period={"start_after": Duration(300)}))
    assert (found.programme, found.percent, found.is_test) == (Programme.LOAD_SHIFT, None, False)
    assert (found.start, found.duration, found.randomise) == (NOW, written.HALF_HOUR, timedelta(minutes=5))
    assert order(written.event(descriptor={"market_context": FOREIGN})).programme is None
    assert order(written.event(descriptor={"test_event": "yes"})).is_test
    check(found, NOW)


@pytest.mark.proves("r47")
def test_a_duration_of_zero_lasts_until_it_is_cancelled() -> None:
    found = order(written.event(lasts=timedelta()))
    assert found.is_open_ended
    assert found.duration == UNTIL_CANCELLED
    check(found, NOW)


def test_months_have_the_length_that_they_have() -> None:
    assert order(written.event(period={"duration": Duration(months=1)})).duration == timedelta(days=31)


def test_another_start_moves_the_baseline_too() -> None:
    baseline = Baseline(
        start=NOW - timedelta(hours=1),
        duration=Duration(1800),
        intervals=written.intervals((7,), written.HALF_HOUR),
        baseline_id="b1",
        name="usual",
    )
    found = order(written.event(baseline=baseline), start=NOW + timedelta(hours=3)).written
    assert found is not None
    assert found.baseline is not None
    assert (found.period.start, found.baseline.start) == (NOW + timedelta(hours=3), NOW + timedelta(hours=2))


@pytest.mark.proves("W13", "S3")
@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"lasts": LONGEST_EMERGENCY + SECOND}, "--for may be at most 2:00:00"),
        ({"lasts": timedelta()}, "--for may be at most 2:00:00"),
        ({"period": {"start_after": Duration(60)}}, "never randomised"),
        ({"period": {"start_after": Duration()}}, "never randomised"),
        ({"target": Target(resource_ids=(ResourceId("somebody"),))}, "eiTarget must be empty"),
        ({"never": True}, "must be always"),
        ({"start": NOW - timedelta(hours=1)}, "--from lies in the past"),
    ],
)
def test_a_supply_limitation_in_other_words_keeps_its_bounds(changes: dict[str, Any], names: str) -> None:
    check(emergency(), NOW)
    with pytest.raises(Impossible, match=names):
        check(emergency(**changes), NOW)


@pytest.mark.parametrize("context", ["HTTP://DSO.example:80/supply-limit", "http://dso.example/supply-limit"])
def test_no_spelling_of_the_market_context_makes_an_emergency_something_else(context: str) -> None:
    event = written.event(descriptor={"market_context": MarketContext(Token(context))}, never=True)
    assert order(event).programme is Programme.SUPPLY_LIMIT
    with pytest.raises(Impossible):
        check(order(event), NOW)


@pytest.mark.parametrize(
    "context", ["http://dso.example/supply%2Dlimit", "http://DSO.example/./supply-limit"]
)
def test_what_another_might_read_as_an_emergency_is_not_sent_as_something_else(context: str) -> None:
    with pytest.raises(Impossible, match="no programme below"):
        order(written.event(descriptor={"market_context": MarketContext(Token(context))}))


def test_an_emergency_overlaps_with_an_emergency_however_each_is_written() -> None:
    given = Intervention(intervention_id=InterventionId("I1"), order=ORDER, ordered_at=NOW)
    assert overlap(given, emergency())
    assert overlap(replace(given, order=emergency()), ORDER)


@pytest.mark.proves("r18")
def test_events_of_somebody_elses_programmes_overlap_within_one_market_context() -> None:
    def foreign(context: str) -> Order:
        return order(written.event(descriptor={"market_context": MarketContext(Token(context))}))

    given = Intervention(
        intervention_id=InterventionId("I1"), order=foreign("http://a.example/x"), ordered_at=NOW
    )
    assert overlap(given, foreign("HTTP://A.example/x"))
    assert not overlap(given, foreign("http://a.example/y"))


def test_what_is_longer_than_a_week_has_to_have_no_end() -> None:
    with pytest.raises(Impossible, match="--for"):
        check(order(written.event(lasts=LONGEST + SECOND)), NOW)
