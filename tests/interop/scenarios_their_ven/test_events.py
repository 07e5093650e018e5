"""Events of our VTN at openleadr's VEN: each test bears the name of its scenario; others are in the files beside this.

Cannot be played, because:
  overlapping_events   our VTN judges that by itself, and a VEN has no part in it
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from oadr.wire.messages.common import OptType
from tests.interop.office import Office
from tests.interop.scenarios_their_ven.lists import LATER, answered, event_id, listed, names, opt, statuses
from tests.interop.site import BOTH_WAYS
from tests.interop.their_ven import TheirVen

pytestmark = [BOTH_WAYS, pytest.mark.asyncio(loop_scope="module")]


async def test_no_events_empty_distribute(ven: TheirVen) -> None:
    assert await listed(ven) == []


async def test_events_by_request_event(ven: TheirVen, office: Office) -> None:
    given = [await office.limit(), await office.shift(start=datetime.now(UTC) + LATER)]
    assert names(await listed(ven)) == [await event_id(office, one) for one in given]
    await ven.client.sync_events()
    assert [await opt(office, one) for one in given] == [OptType.OPT_IN] * 2


async def test_opt_in(ven: TheirVen, office: Office) -> None:
    given = await office.limit()
    await answered(ven, office, given)
    assert await opt(office, given) is OptType.OPT_IN


async def test_two_events_one_or_more_answers(ven: TheirVen, office: Office) -> None:
    given = [await office.limit(start=datetime.now(UTC) + LATER)]
    given.append(await office.shift(start=datetime.now(UTC) + LATER))
    await ven.client.sync_events()
    (both,) = ven.sent("oadrCreatedEvent")
    assert len(both["event_responses"]) == 2
    await answered(ven, office, *given)


async def test_opt_out_and_in_one_answer(ven: TheirVen, office: Office) -> None:
    given = [await office.limit(), await office.shift()]
    ven.words[await event_id(office, given[1])] = "optOut"
    await ven.client.sync_events()
    (both,) = ven.sent("oadrCreatedEvent")
    assert len(both["event_responses"]) == 2
    assert [await opt(office, one) for one in given] == [OptType.OPT_IN, OptType.OPT_OUT]


async def test_opt_out_and_in_two_answers(ven: TheirVen, office: Office) -> None:
    first = await office.limit()
    await answered(ven, office, first)
    second, ven.word = await office.shift(), "optOut"
    await answered(ven, office, second)
    assert [await opt(office, one) for one in (first, second)] == [OptType.OPT_IN, OptType.OPT_OUT]


async def test_late_opt_out(ven: TheirVen, office: Office) -> None:
    given = await office.shift()
    await answered(ven, office, given)
    assert await opt(office, given) is OptType.OPT_IN
    await ven.client.created_event("0", await event_id(office, given), "optOut")
    assert ven.code == 200
    assert await opt(office, given) is OptType.OPT_OUT


async def test_all_events_each_time(ven: TheirVen, office: Office) -> None:
    first = await office.limit()
    await answered(ven, office, first)
    second = await office.shift()
    await answered(ven, office, second)
    (*_, last) = ven.got("oadrDistributeEvent")
    assert names(last["events"]) == [await event_id(office, one) for one in (first, second)]


async def test_state_pending_mod0_always_in(ven: TheirVen, office: Office) -> None:
    given = await office.shift(start=datetime.now(UTC) + LATER, randomise=timedelta(0))
    await answered(ven, office, given)
    assert statuses(ven.events) == ["far"]
    assert await opt(office, given) is OptType.OPT_IN


async def test_state_pending_mod0_always_in_randomised(ven: TheirVen, office: Office) -> None:
    """It keeps what it is told of a random start in an element that its own events do not have."""
    given = await office.shift(start=datetime.now(UTC) + LATER, randomise=timedelta(minutes=5))
    await answered(ven, office, given)
    period = ven.events[0]["active_period"]
    assert period["tolerance"] == {"tolerate": {"startafter": timedelta(minutes=5)}}
    assert await opt(office, given) is OptType.OPT_IN


async def test_state_active_mod0_always_in(ven: TheirVen, office: Office) -> None:
    given = await office.limit()
    await answered(ven, office, given)
    assert statuses(ven.events) == ["active"]
    assert await opt(office, given) is OptType.OPT_IN


async def test_status_becomes_active(ven: TheirVen, office: Office) -> None:
    await office.limit(start=datetime.now(UTC) + timedelta(seconds=2))
    assert statuses(await listed(ven)) == ["far"]

    async def active() -> bool:
        return statuses(await listed(ven)) == ["active"]

    await ven.until(active)


@pytest.mark.parametrize("word", ["optIn", "optOut"])
async def test_state_cancel_pending_mod1_always(ven: TheirVen, office: Office, word: str) -> None:
    """In: confirmed. Out: it cannot, and is told no more all the same."""
    given = await office.limit(start=datetime.now(UTC) + LATER)
    await answered(ven, office, given)
    ven.word = word
    await office.cancel(given)
    await answered(ven, office, given, number=1)
    assert statuses(ven.events) == ["far", "cancelled"]
    delivery = await office.delivery(given)
    assert delivery.settled
    assert delivery.answer is not None
    assert delivery.answer.opt == word
    assert await listed(ven) == []


async def test_state_cancel_active(ven: TheirVen, office: Office) -> None:
    given = await office.limit()
    await answered(ven, office, given)
    await office.cancel(given)
    await answered(ven, office, given, number=1)
    assert statuses(ven.events) == ["active", "cancelled"]
    assert await listed(ven) == []


async def test_cancel_retried(ven: TheirVen, office: Office) -> None:
    """It answers nothing of what has ended by its clock, a cancellation neither: so it is told again."""
    given = await office.limit(duration=timedelta(seconds=2))
    await answered(ven, office, given)
    await office.cancel(given)
    await asyncio.sleep((given.planned_end - datetime.now(UTC)).total_seconds())
    for _ in range(2):
        assert statuses(await listed(ven)) == ["cancelled"]
        await ven.client.sync_events()
    assert len(ven.sent("oadrCreatedEvent")) == 1
    assert not (await office.delivery(given)).settled


async def test_order_by_priority(ven: TheirVen, office: Office) -> None:
    """The emergency is first although it was ordered last."""
    shift, limit = await office.shift(), await office.limit()
    assert names(await listed(ven)) == [await event_id(office, one) for one in (limit, shift)]


async def test_order_by_start(ven: TheirVen, office: Office) -> None:
    now = datetime.now(UTC)
    later = await office.limit(start=now + 2 * LATER)
    sooner = await office.limit(start=now + LATER)
    assert names(await listed(ven)) == [await event_id(office, one) for one in (sooner, later)]


async def test_order_with_cancelled(ven: TheirVen, office: Office) -> None:
    """What is cancelled keeps the place that it had, until that is confirmed."""
    now = datetime.now(UTC)
    gone, limit = await office.limit(start=now), await office.limit(start=now + LATER)
    await ven.client.sync_events()
    await office.cancel(gone)
    found = await listed(ven)
    assert names(found) == [await event_id(office, one) for one in (gone, limit)]
    assert statuses(found) == ["cancelled", "far"]


async def test_reply_limit(ven: TheirVen, office: Office) -> None:
    await office.shift()
    limit = await office.limit()
    assert names(await listed(ven, 1)) == [await event_id(office, limit)]
    assert len(await listed(ven, 2)) == 2


async def test_unknown_eventid(ven: TheirVen) -> None:
    await ven.client.created_event("0", "nothing", "optIn")
    assert ven.code == 452


async def test_wrong_mod_number(ven: TheirVen, office: Office) -> None:
    given = await office.limit()
    await listed(ven)
    await ven.client.created_event("0", await event_id(office, given), "optIn", modification_number=7)
    assert ven.code == 450
    assert await office.answer(given) is None


async def test_unknown_venid(ven: TheirVen, office: Office) -> None:
    given = await office.limit()
    ven.client.ven_id = "nobody"
    await ven.client.created_event("0", await event_id(office, given), "optIn")
    assert ven.code == 452
    assert await office.answer(given) is None
