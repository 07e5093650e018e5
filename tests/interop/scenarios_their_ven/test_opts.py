"""What openleadr's VEN declines at our VTN: each test bears the name of its scenario."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openleadr import enums
from openleadr.objects import Target, Vavailability, VavailabilityComponent

from oadr.opting import Period
from oadr.wire.messages.common import OptType
from tests.interop.office import Office
from tests.interop.site import BOTH_WAYS, PROGRAMMES
from tests.interop.their_ven import TheirVen

pytestmark = [BOTH_WAYS, pytest.mark.asyncio(loop_scope="module")]

TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
HOUR = timedelta(hours=1)


def at(*periods: tuple[datetime, timedelta]) -> Vavailability:
    return Vavailability([VavailabilityComponent(start, length) for start, length in periods])


async def declare(ven: TheirVen, *targets: Target, word: str = "optOut", **more: Any) -> Any:
    """Returns what it believes the name of the opt to be."""
    return await ven.client.create_opt(
        word, "economic", list(targets or (Target(ven_id=ven.home.ven_id),)), **more
    )


async def test_opt_schedule_two_periods(ven: TheirVen, office: Office) -> None:
    starts = (TOMORROW, TOMORROW + 5 * HOUR)
    name = await declare(ven, word="optIn", vavailability=at(*((start, HOUR) for start in starts)))
    (kept,) = await office.opts()
    assert (kept.opt.opt_id, kept.opt.opt, kept.opt.resources) == (name, OptType.OPT_IN, None)
    assert kept.opt.periods == tuple(Period(start, start + HOUR) for start in starts)


async def test_opt_schedule_open_ended(ven: TheirVen, office: Office) -> None:
    """It writes a duration of nothing as `P`, which is read as one."""
    await declare(ven, vavailability=at((TOMORROW, timedelta())))
    (kept,) = await office.opts()
    assert kept.opt.periods == (Period(TOMORROW, None),)


async def test_opt_schedule_cancelled(ven: TheirVen, office: Office) -> None:
    """Its request has an empty name, which comes back as it is."""
    name = await declare(ven, vavailability=at((TOMORROW, HOUR)))
    assert await ven.client.cancel_opt(name) is True
    assert ven.code == 200
    (kept,) = await office.opts()
    assert kept.cancelled_at is not None


async def test_two_scoped_opt_schedules(ven: TheirVen, office: Office) -> None:
    shift = f"{PROGRAMMES}/load-shift"
    await declare(ven, vavailability=at((TOMORROW, HOUR)), market_context=shift)
    await declare(
        ven,
        Target(resource_id=ven.home.evse_2),
        vavailability=at((TOMORROW, 2 * HOUR)),
        signal_target_mrid=enums.SIGNAL_TARGET_MRID.ELECTRIC_VEHICLE,
    )
    first, second = [kept.opt for kept in await office.opts()]
    assert (first.programme, first.resources) == ("load-shift", None)
    assert second.programme is None
    assert second.resources == frozenset({ven.home.evse_2})


async def test_two_schedules_one_optid(ven: TheirVen, office: Office) -> None:
    for resource in (ven.home.evse, ven.home.evse_2):
        target = Target(resource_id=resource)
        assert await declare(ven, target, vavailability=at((TOMORROW, HOUR)), opt_id="Both") == "Both"
    assert await ven.client.cancel_opt("Both") is True
    assert [kept.cancelled_at is None for kept in await office.opts()] == [False, False]


async def test_cancel_unknown_optid(ven: TheirVen) -> None:
    """It takes any answer that names the opt for a confirmation, a refusal too."""
    name = await declare(ven, Target(resource_id="nothing"), vavailability=at((TOMORROW, HOUR)))
    assert ven.code == 462
    assert name, "so it believes that this opt was taken"
    assert await ven.client.cancel_opt(name) is True
    assert ven.code == 452


async def test_opt_out_one_resource(ven: TheirVen, office: Office) -> None:
    given = await office.shift()
    event_id = (await office.delivery(given)).event_id
    await ven.client.sync_events()
    await declare(ven, Target(resource_id=ven.home.evse_2), event_id=event_id, modification_number=0)
    delivery = await office.delivery(given)
    assert [opt.resource_id for opt in delivery.opts] == [ven.home.evse_2]
    assert delivery.opts[0].opt is OptType.OPT_OUT
    assert delivery.answer is not None
    assert delivery.answer.opt is OptType.OPT_IN


async def test_event_opt_outranks_created_event(ven: TheirVen, office: Office) -> None:
    given = await office.shift()
    event_id = (await office.delivery(given)).event_id
    await declare(ven, Target(resource_id=ven.home.evse_2), event_id=event_id, modification_number=0)
    await ven.client.sync_events()
    delivery = await office.delivery(given)
    assert delivery.answer is not None
    assert delivery.answer.opt is OptType.OPT_IN
    word = delivery.opt_of(ven.home.evse_2)
    assert word is not None
    assert word.opt is OptType.OPT_OUT
