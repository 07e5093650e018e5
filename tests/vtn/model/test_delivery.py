from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.signals import Programme
from oadr.wire.ids import EventId
from oadr.wire.messages.common import OptType
from tests.vtn.world import HOME, HOME_EVSE, NOW, ORDER, SECOND
from vtn.model.delivery import CANCEL_PATIENCE, LISTED_AFTER_START, Answer, Delivery
from vtn.model.intervention import Intervention, InterventionId

SHIFT = replace(ORDER, programme=Programme.LOAD_SHIFT, randomise=timedelta(minutes=10))
GIVEN = Intervention(intervention_id=InterventionId("I1"), order=SHIFT, ordered_at=NOW)
FRESH = Delivery(
    event_id=EventId("I1-1"), ven_id=HOME, intervention=GIVEN, resources=(HOME_EVSE,), created_at=NOW
)
CANCELLED = replace(FRESH, intervention=replace(GIVEN, cancelled_at=NOW + timedelta(minutes=5)))
END = NOW + timedelta(minutes=40)
moments = st.datetimes(
    NOW.replace(tzinfo=None) - timedelta(days=10), NOW.replace(tzinfo=None) + timedelta(days=10)
).map(lambda moment: moment.replace(tzinfo=UTC))


def answer(number: int, opt: OptType = OptType.OPT_IN, code: str = "200") -> Answer:
    return Answer(modification_number=number, opt=opt, code=code, answered_at=NOW)


def answered(delivery: Delivery, number: int) -> Delivery:
    return replace(delivery, answer=answer(number))


@pytest.mark.proves("r50", "r66")
def test_it_is_listed_to_its_latest_end_whether_answered_or_not() -> None:
    for delivery in (FRESH, answered(FRESH, 0)):
        assert delivery.listed(NOW - timedelta(days=300)), "far is listed too"
        assert delivery.listed(END - SECOND)
        assert not delivery.listed(END)


@pytest.mark.proves("r36", "r50", "r52")
def test_a_cancellation_is_listed_until_it_is_confirmed_or_long_over() -> None:
    for delivery in (CANCELLED, answered(CANCELLED, 0)):
        assert delivery.due(END + CANCEL_PATIENCE - SECOND)
        assert not delivery.listed(END + CANCEL_PATIENCE)
    assert not answered(CANCELLED, 1).listed(NOW)


@given(now=moments, number=st.sampled_from([None, 0, 1]), delivery=st.sampled_from([FRESH, CANCELLED]))
def test_due_is_what_is_listed_and_not_answered_in_its_newest_modification(
    now: datetime, number: int | None, delivery: Delivery
) -> None:
    one = delivery if number is None else answered(delivery, number)
    assert one.due(now) == (one.listed(now) and number != one.intervention.modification_number)


@given(now=moments)
def test_nothing_is_listed_longer_after_its_start_than_the_index_looks_back(now: datetime) -> None:
    for delivery in (FRESH, CANCELLED):
        if delivery.listed(now):
            assert now < SHIFT.start + LISTED_AFTER_START


@pytest.mark.parametrize(
    ("opt", "code", "agreed"),
    [
        (OptType.OPT_IN, "200", True),
        (OptType.OPT_IN, "201", True),
        (OptType.OPT_OUT, "200", False),
        (OptType.OPT_IN, "460", False),
        (OptType.OPT_OUT, "460", False),
        (OptType.OPT_IN, "\u0662\u0660\u0660", False),
    ],
)
def test_only_an_opt_in_without_an_error_is_agreement(opt: OptType, code: str, agreed: bool) -> None:
    assert answer(0, opt, code).agreed is agreed
