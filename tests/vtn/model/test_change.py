from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.charging.signals import Programme
from tests.vtn import written
from tests.vtn.world import F1, NOW, ORDER, SECOND, TERMS
from vtn.model import written as writing
from vtn.model.change import Change, changed
from vtn.model.errors import Impossible, Mistake, NotNow
from vtn.model.intervention import LONGEST_EMERGENCY, Changed, Intervention, InterventionId, Order

SOON = NOW + timedelta(hours=1)
PLANNED = replace(ORDER, programme=Programme.LOAD_SHIFT, start=SOON, randomise=timedelta(minutes=5))
SENT = writing.order(written.event(start=SOON), TERMS.market_contexts, (F1,), "why", "op1")


def given(order: Order = ORDER) -> Intervention:
    return Intervention(intervention_id=InterventionId("I1"), order=order, ordered_at=NOW)


def wanted(**changes: Any) -> Change:
    return Change(reason="less is enough", changed_by="op1", **changes)


@pytest.mark.proves("r20")
@pytest.mark.parametrize(
    ("order", "changes"),
    [
        (ORDER, {"percent": Decimal(60)}),
        (ORDER, {"duration": LONGEST_EMERGENCY}),
        (ORDER, {"duration": timedelta(minutes=6)}),
        (PLANNED, {"start": SOON + timedelta(hours=1)}),
        (PLANNED, {"start": SOON - timedelta(minutes=30), "randomise": timedelta()}),
    ],
)
def test_whatever_is_not_past_may_be_changed(order: Order, changes: dict[str, Any]) -> None:
    found = changed(given(order), wanted(**changes), NOW + timedelta(minutes=5))
    assert found == replace(order, **changes)


@pytest.mark.proves("r20", "W13")
@pytest.mark.parametrize(
    ("order", "changes", "error", "names"),
    [
        (ORDER, {}, Impossible, "nothing"),
        (ORDER, {"percent": ORDER.percent}, Impossible, "nothing"),
        (ORDER, {"percent": Decimal(101)}, Impossible, "--percent"),
        (ORDER, {"duration": LONGEST_EMERGENCY + SECOND}, Impossible, "--for"),
        (ORDER, {"duration": timedelta(minutes=5)}, Impossible, "over already"),
        (ORDER, {"start": NOW + timedelta(hours=1)}, NotNow, "its start is past"),
        (ORDER, {"randomise": timedelta(minutes=1)}, Impossible, "never randomised"),
        (ORDER, {"written": written.event()}, Impossible, "in percent"),
        (PLANNED, {"start": NOW - timedelta(hours=1)}, Impossible, "--from lies in the past"),
        (SENT, {"percent": Decimal(10)}, Impossible, "--file"),
        (SENT, {"written": written.event(programme=Programme.PRICE)}, Impossible, "market context"),
        (SENT, {"written": written.event(descriptor={"test_event": "true"})}, Impossible, "test"),
    ],
)
def test_what_cannot_be_changed_is_said(
    order: Order, changes: dict[str, Any], error: type[Mistake], names: str
) -> None:
    with pytest.raises(error, match=names):
        changed(given(order), wanted(**changes), NOW + timedelta(minutes=5))


def test_what_is_over_or_cancelled_stays_as_it_was() -> None:
    over = NOW + ORDER.duration
    with pytest.raises(NotNow, match="over already"):
        changed(given(), wanted(percent=Decimal(60)), over)
    with pytest.raises(NotNow, match="cancelled already"):
        changed(replace(given(), cancelled_at=NOW), wanted(percent=Decimal(60)), NOW)


def test_a_change_has_a_reason_and_somebodys_name() -> None:
    with pytest.raises(Impossible, match="--reason"):
        changed(given(), Change(reason=" ", changed_by="op1", percent=Decimal(60)), NOW)
    with pytest.raises(Impossible, match="name"):
        changed(given(), Change(reason="why", changed_by="", percent=Decimal(60)), NOW)


@pytest.mark.proves("r4", "r5", "r10")
def test_each_change_and_the_cancellation_are_one_more_modification() -> None:
    one = Changed(before=ORDER, at=NOW + SECOND, reason="first", changed_by="op1")
    two = replace(one, at=NOW + 2 * SECOND, reason="second")
    after = replace(given(), changes=(one, two))
    assert (given().modification_number, after.modification_number) == (0, 2)
    assert (after.modified_at, after.modification_reason) == (two.at, "second")
    ended = replace(after, cancelled_at=NOW + 3 * SECOND, cancel_reason="enough")
    assert ended.modification_number == 3
    assert (ended.modified_at, ended.modification_reason) == (NOW + 3 * SECOND, "enough")


def test_new_words_may_move_a_written_event_that_has_not_begun() -> None:
    later = written.event(written.share("0.5"), start=SOON + timedelta(hours=1))
    found = changed(given(SENT), wanted(written=later), NOW)
    assert (found.start, found.written) == (SOON + timedelta(hours=1), later)
    moved = changed(given(SENT), wanted(start=SOON + timedelta(hours=2)), NOW)
    assert moved.written is not None
    assert moved.start == moved.written.period.start == SOON + timedelta(hours=2)
