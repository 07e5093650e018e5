"""Events in the operator's own words, and changes, at openleadr's VEN: each test bears the name of its scenario."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.wire.ids import MarketContext, Token
from oadr.wire.messages.common import OptType, Target
from oadr.wire.messages.event import Baseline, Event, Signal, SignalType
from oadr.wire.scalars import Duration
from tests.interop.office import Office
from tests.interop.scenarios_their_ven.lists import LATER, answered, listed, opt, statuses
from tests.interop.site import BOTH_WAYS, PROGRAMMES
from tests.interop.their_ven import TheirVen
from tests.vtn import written

pytestmark = [BOTH_WAYS, pytest.mark.asyncio(loop_scope="module")]


def own(*signals: Signal, to: str = "load-shift", **more: Any) -> Event:
    """An event as an operator would write it, from now on unless it is said otherwise."""
    context = {"market_context": MarketContext(Token(f"{PROGRAMMES}/{to}"))}
    return written.event(*signals, descriptor=context, **{"start": datetime.now(UTC), **more})


async def test_price_event(ven: TheirVen, office: Office) -> None:
    given = await office.send(own(written.prices("0.31", "0.12"), lasts=LATER, to="price"))
    await answered(ven, office, given)
    (signal,) = ven.events[0]["event_signals"]
    assert (signal["signal_name"], signal["signal_type"]) == ("ELECTRICITY_PRICE", "price")
    assert [one["signal_payload"] for one in signal["intervals"]] == [0.31, 0.12]
    assert (signal["measurement"]["name"], signal["measurement"]["unit"]) == ("currencyPerKWh", "EUR")


async def test_dispatch_setpoint_event(ven: TheirVen, office: Office) -> None:
    given = await office.send(own(written.set_point(11)))
    await answered(ven, office, given)
    (signal,) = ven.events[0]["event_signals"]
    assert (signal["signal_name"], signal["signal_type"]) == ("LOAD_DISPATCH", "setpoint")
    assert signal["intervals"][0]["signal_payload"] == 11
    assert signal["measurement"]["scale"] == "k"
    assert await opt(office, given) is OptType.OPT_IN


async def test_event_with_baseline(ven: TheirVen, office: Office) -> None:
    """It reads the baseline, and then keeps the list of signals in a place of its own."""
    start, half = datetime.now(UTC), written.HALF_HOUR
    usual = Baseline(
        start=start,
        duration=Duration.of(2 * half),
        intervals=written.intervals(("5.52", "4.6"), half),
        baseline_id="as-ever",
        name="as ever",
        unit=written.KILOWATT,
    )
    less = replace(written.set_point("-1.84", each=2 * half), type=SignalType.DELTA)
    given = await office.send(own(less, start=start, lasts=2 * half, baseline=usual))
    await answered(ven, office, given)
    assert await opt(office, given) is OptType.OPT_IN
    (signal,) = ven.events[0]["event_signals"]["event_signals"]
    assert (signal["signal_type"], signal["intervals"][0]["signal_payload"]) == ("delta", -1.84)
    found = ven.events[0]["event_signals"]["event_baseline"]
    assert [one["signal_payload"] for one in found["intervals"]] == [5.52, 4.6]
    assert sum((one["duration"] for one in found["intervals"]), timedelta()) == found["duration"] == 2 * half
    assert (found["baseline_id"], found["baseline_name"]) == ("as-ever", "as ever")


async def test_randomised_sent_when_completed(ven: TheirVen, office: Office) -> None:
    """It is sent up to the end of its tolerance, and is over by its clock from before that: it answers nothing."""
    second = timedelta(seconds=1)
    period = {"start_after": Duration.of(second)}
    given = await office.send(own(written.share("0.3", second), lasts=second, period=period))
    await asyncio.sleep((given.planned_end - datetime.now(UTC)).total_seconds())
    assert statuses(await listed(ven)) == ["completed"]
    await ven.client.sync_events()
    assert ven.sent("oadrCreatedEvent") == []

    async def gone() -> bool:
        return await listed(ven) == []

    await ven.until(gone)
    assert datetime.now(UTC) >= given.order.start + 2 * second


async def test_event_response_4xx(ven: TheirVen, office: Office) -> None:
    """It says optIn and 460 of a signal that it has no name for (custom_signal_refused); an error counts as a
    refusal.
    """
    unknown = replace(written.set_point(11), name=Token("x-OURS"))
    given = await office.send(own(unknown))
    await answered(ven, office, given)
    answer = await office.answer(given)
    assert answer is not None
    assert (answer.opt, answer.code, answer.agreed) == (OptType.OPT_IN, "460", False)


async def test_optional_elements(ven: TheirVen, office: Office) -> None:
    minutes = Duration.of(timedelta(minutes=5))
    period = {"ramp_up": minutes, "recovery": minutes, "start_after": minutes}
    given = await office.send(own(start=datetime.now(UTC) + LATER, period=period))
    await answered(ven, office, given)
    found = ven.events[0]["active_period"]
    assert found["tolerance"] == {"tolerate": {"startafter": timedelta(minutes=5)}}
    for name in ("ramp_up", "recovery"):
        assert found[name] == timedelta(minutes=5)


async def test_status_near(ven: TheirVen, office: Office) -> None:
    period = {"ramp_up": Duration.of(timedelta(minutes=5))}
    await office.send(own(start=datetime.now(UTC) + timedelta(minutes=4), period=period))
    assert statuses(await listed(ven)) == ["near"]


async def test_target_kinds(ven: TheirVen, office: Office) -> None:
    """It is given each; which of them are it, its makers leave to the handler."""
    home = ven.home
    target = Target(
        group_ids=(home.feeder_id,), resource_ids=(home.evse,), ven_ids=(home.ven_id,), party_ids=("P",)
    )
    given = await office.send(own(target=target))
    await answered(ven, office, given)
    assert ven.events[0]["targets_by_type"] == {
        "group_id": [home.feeder_id],
        "resource_id": [home.evse],
        "ven_id": [home.ven_id],
        "party_id": ["P"],
    }


async def test_state_pending_mod0_never(ven: TheirVen, office: Office) -> None:
    given = await office.send(own(start=datetime.now(UTC) + LATER, never=True))
    await ven.client.sync_events()
    assert len(ven.events) == 1
    assert ven.sent("oadrCreatedEvent") == []
    assert await office.answer(given) is None


async def test_state_pending_mod1_never(ven: TheirVen, office: Office) -> None:
    start = datetime.now(UTC) + LATER
    given = await office.send(own(start=start, never=True))
    await ven.client.sync_events()
    await office.change(given, written=own(written.share("0.1"), start=start, never=True))
    await ven.client.sync_events()
    assert [one["event_descriptor"]["modification_number"] for one in ven.events] == [0, 1]
    assert ven.sent("oadrCreatedEvent") == []


async def test_event_then_modification(ven: TheirVen, office: Office) -> None:
    """One interval more."""
    start, half = datetime.now(UTC) + LATER, written.HALF_HOUR
    given = await office.send(own(written.set_point(11), start=start))
    await answered(ven, office, given)
    longer = own(written.set_point(11, 7), start=start, lasts=2 * half)
    await office.change(given, written=longer)
    await answered(ven, office, given, number=1)
    assert [len(event["event_signals"][0]["intervals"]) for event in ven.events] == [1, 2]


@pytest.mark.parametrize("word", ["optIn", "optOut"])
async def test_state_pending_mod1_always(ven: TheirVen, office: Office, word: str) -> None:
    """In and out: `_in`, `_out`."""
    given = await office.shift(start=datetime.now(UTC) + LATER)
    await answered(ven, office, given)
    ven.word = word
    await office.change(given, percent=Decimal(30))
    await answered(ven, office, given, number=1)
    assert await opt(office, given) == word


async def test_state_active_mod1_always_out(ven: TheirVen, office: Office) -> None:
    given = await office.shift()
    await answered(ven, office, given)
    ven.word = "optOut"
    await office.change(given, percent=Decimal(30))
    await answered(ven, office, given, number=1)
    assert statuses(ven.events) == ["active", "active"]
    assert await opt(office, given) is OptType.OPT_OUT


async def test_state_cancel_pending_mod1_never(ven: TheirVen, office: Office) -> None:
    given = await office.send(own(start=datetime.now(UTC) + LATER, never=True))
    await ven.client.sync_events()
    await office.cancel(given)
    await ven.client.sync_events()
    assert statuses(ven.events) == ["far", "cancelled"]
    assert ven.sent("oadrCreatedEvent") == []
