"""What is put on the wire, for all orders that may be given and at all times."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr import timing
from oadr.charging import electricity, signals
from oadr.charging.ceilings import allowed
from oadr.charging.electricity import Rating
from oadr.charging.meanings import SIMPLE_LEVELS
from oadr.charging.signals import Programme
from oadr.wire import envelope
from oadr.wire.ids import EventId, RequestId, ResourceId, VtnId
from oadr.wire.messages import DistributeEvent
from oadr.wire.messages.common import OptType
from oadr.wire.messages.event import SIMPLE, Event, EventStatus, Signal, SignalType
from oadr.wire.scalars import Duration
from tests.vtn.world import F1, F2, HOME, NOW, ORDER, SECOND, schema
from vtn.delivery import event_list
from vtn.model.delivery import Answer, Delivery
from vtn.model.intervention import Intervention, InterventionId, Order, check

BASE = "http://dso.example/"
SCHEMA = schema()
tenths = st.integers(0, 1000).map(lambda permille: Decimal(permille) / 10)
seconds = st.integers(1, 7200).map(lambda count: timedelta(seconds=count))
moments = st.datetimes(datetime(2026, 1, 15, 12), datetime(2026, 1, 16)).map(
    lambda at: at.replace(tzinfo=UTC)
)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    programme = draw(st.sampled_from([Programme.SUPPLY_LIMIT, Programme.LOAD_SHIFT]))
    duration = draw(seconds)
    most = min(duration, timedelta(minutes=30)) // SECOND
    delays = st.none() | st.integers(0, most).map(lambda count: timedelta(seconds=count))
    order = Order(
        programme=programme,
        feeder_ids=draw(st.sampled_from([(F1,), (F1, F2)])),
        percent=draw(tenths),
        start=draw(moments).replace(microsecond=0),
        duration=duration,
        reason=draw(
            st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and text.isprintable())
        ),
        ordered_by="op1",
        randomise=draw(delays) if programme is Programme.LOAD_SHIFT else None,
        is_test=draw(st.booleans()),
    )
    check(order, order.start)
    return order


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[Delivery, ...]:
    found = []
    for number, order in enumerate(draw(st.lists(orders(), max_size=4))):
        ordered_at = order.start - draw(seconds)
        cancelled_at = draw(st.none() | st.just(ordered_at + SECOND))
        answer = Answer(
            modification_number=draw(st.sampled_from([0, 1])), opt=OptType.OPT_IN, code="200", answered_at=NOW
        )
        found.append(
            Delivery(
                event_id=EventId(f"I{number}"),
                ven_id=HOME,
                intervention=Intervention(
                    intervention_id=InterventionId(f"I{number}"),
                    order=order,
                    ordered_at=ordered_at,
                    cancelled_at=cancelled_at,
                    cancel_reason="no longer needed" if cancelled_at else None,
                ),
                resources=(ResourceId("evse"),),
                is_whole_site=draw(st.booleans()),
                created_at=cancelled_at or ordered_at,
                answer=draw(st.none() | st.just(answer)),
            )
        )
    return tuple(found)


def message(events: tuple[Event, ...]) -> DistributeEvent:
    return DistributeEvent(request_id=RequestId("D1"), vtn_id=VtnId("VTN-1"), events=events)


def signal(event: Event, *, simple: bool) -> Signal:
    (found,) = (one for one in event.signals if (one.name == SIMPLE) is simple)
    return found


@pytest.mark.proves(
    "r1", "r2", "r8", "r9", "r45", "r63", "r100", "r102", "r103", "r104", "r105", "r106", "r107"
)
@pytest.mark.proves("r113", "r115", "r116", "r14", "O08", "F7", "X19")
@given(ours=deliveries(), now=moments)
def test_every_list_is_valid_and_keeps_the_rules(ours: tuple[Delivery, ...], now: datetime) -> None:
    events = event_list.render(ours, BASE, now)
    raw = envelope.write(message(events))
    assert envelope.read(raw, SCHEMA) == message(events), "what is sent is what is meant, to the second"
    assert b"schemaLocation" not in raw
    assert len({event.descriptor.created_at for event in events}) <= 1
    for event in events:
        assert event.period.notification is not None
        assert len({one.signal_id for one in event.signals}) == len(event.signals)
        assert len(event.target.ven_ids) <= 1
        for each in event.signals:
            assert [interval.uid for interval in each.intervals] == ["0"]
            assert all(interval.start is None for interval in each.intervals)
            assert [interval.duration for interval in each.intervals] == [event.period.duration]
        simple = signal(event, simple=True)
        assert simple.type is SignalType.LEVEL
        assert simple.intervals[0].value in (0, 1, 2, 3)
        is_active = event.descriptor.status is EventStatus.ACTIVE
        assert simple.current_value == (simple.intervals[0].value if is_active else 0)
        assert signal(event, simple=False).current_value is None


@pytest.mark.proves("r3", "r13", "r15", "r27", "r50", "r66", "r115")
@given(ours=deliveries(), now=moments, limit=st.integers(0, 5))
def test_a_list_holds_what_is_listed_in_order_and_fresh(
    ours: tuple[Delivery, ...], now: datetime, limit: int
) -> None:
    events = event_list.render(ours, BASE, now)
    assert {event.event_id for event in events} == {one.event_id for one in ours if one.listed(now)}
    assert events == timing.in_order(events, now)
    assert event_list.render(ours[::-1], BASE, now) == events, "the order does not depend on the store's"
    for event in events:
        is_cancelled = event.descriptor.modification_number == 1
        assert event.descriptor.status is timing.status(event.period, now, cancelled=is_cancelled)
        assert event.descriptor.status is not EventStatus.NEAR
    assert event_list.render(ours, BASE, now, limit) == (events[:limit] if limit else events)


@pytest.mark.proves("r106", "W46")
@given(order=orders())
def test_every_device_may_draw_no_more_than_was_ordered(order: Order) -> None:
    (event,) = event_list.render((delivery(order),), BASE, order.start)
    rating = Rating(Decimal(32), 1, step=1)
    assert order.percent is not None
    ordered = electricity.from_share(order.percent / 100, rating)
    for only in (event.signals, (signal(event, simple=True),), (signal(event, simple=False),)):
        (step,) = signals.timeline(replace(event, signals=only))
        found = allowed(step, rating, Decimal(230))
        assert found is not None
        assert found.amps <= ordered.amps
    level = signal(event, simple=True).intervals[0].value
    milder = [share for number, share in SIMPLE_LEVELS.items() if number < level]
    assert all(share > order.percent / 100 for share in milder), "nor much less"


def delivery(order: Order, *, whole: bool = True) -> Delivery:
    return Delivery(
        event_id=EventId("I1"),
        ven_id=HOME,
        intervention=Intervention(
            intervention_id=InterventionId("I1"), order=order, ordered_at=order.start - timedelta(minutes=20)
        ),
        resources=(ResourceId("evse"),),
        is_whole_site=whole,
        created_at=NOW,
    )


@pytest.mark.proves("W20", "r105")
def test_a_supply_limitation_is_first_immediate_and_never_randomised() -> None:
    shift = replace(ORDER, programme=Programme.LOAD_SHIFT, randomise=timedelta(minutes=10))
    (limit,) = event_list.render((delivery(ORDER),), BASE, NOW)
    (planned,) = event_list.render((delivery(shift),), BASE, NOW)
    assert (limit.descriptor.priority, planned.descriptor.priority) == (1, 10)
    assert (limit.period.start_after, planned.period.start_after) == (None, Duration(600))
    assert (limit.period.notification, planned.period.notification) == (Duration(0), Duration(1200))
    contexts = [event.descriptor.market_context for event in (limit, planned)]
    assert contexts == ["http://dso.example/supply-limit", "http://dso.example/load-shift"]
    assert signals.programme(contexts[0], BASE) is Programme.SUPPLY_LIMIT


def test_a_test_says_so() -> None:
    for is_test in (True, False):
        (event,) = event_list.render((delivery(replace(ORDER, is_test=is_test)),), BASE, NOW)
        assert event.descriptor.is_test is is_test


def test_a_feeder_stands_for_a_site_only_if_all_of_the_site_is_meant() -> None:
    """Criteria widen a target, and a site on two feeders would be limited on both."""
    (whole,) = event_list.render((delivery(ORDER),), BASE, NOW)
    (part,) = event_list.render((delivery(ORDER, whole=False),), BASE, NOW)
    assert whole.target.group_ids == (F1,)
    assert part.target.group_ids == ()
    assert whole.target.resource_ids == part.target.resource_ids == ("evse",)


@pytest.mark.proves("r115")
def test_the_creation_time_never_goes_back() -> None:
    """Not either when the event that was changed last has left the list."""
    old = delivery(ORDER)
    gone = replace(old, event_id=EventId("I2"), created_at=NOW + 5 * SECOND)
    cancelled = replace(
        gone,
        intervention=replace(gone.intervention, cancelled_at=NOW + 5 * SECOND),
        answer=Answer(modification_number=1, opt=OptType.OPT_IN, code="200", answered_at=NOW),
    )
    (event,) = event_list.render((old, cancelled), BASE, NOW + 10 * SECOND)
    assert event.descriptor.created_at == NOW + 5 * SECOND
