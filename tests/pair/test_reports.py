"""How chargepoints stand, by the word of their VEN, and what a VTN wants of a registration."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.limit import Limit
from oadr.charging.signals import Programme
from oadr.wire.ids import RequestId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CanceledReport,
    CreatedEvent,
    CreatedReport,
    CreatePartyRegistration,
    Message,
    RegisterReport,
    Response,
)
from tests.pair.asking import Asker, wanted
from tests.pair.reported import conversation
from tests.pair.town import LIMITED, Town, played
from tests.vtn.world import HOME, HOME_EVSE, TERMS
from ven import Ven
from ven.points import LIMIT_SPECIFIER, STATUS_SPECIFIER, USAGE_SPECIFIER
from vtn.model.reading import State
from vtn.model.wish import PATIENCE, Wish, WishKind
from vtn.service import party
from vtn.store import reports, wishes

OFFER = "METADATA"
MINUTE = timedelta(minutes=1)


@pytest.mark.proves("r331")
def test_our_own_vtn_knows_how_a_chargepoint_stands_within_a_minute(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(minutes=2)
            assert await state(town) == (True, False, Decimal(1))
            await town.dso.limit()
            await town.wait(minutes=2)
            assert await state(town) == (True, False, Decimal("0.4"))

    played(folder, play)


@pytest.mark.proves("r331")
def test_a_charger_that_takes_no_limit_is_said_to_be_offline_until_it_does(folder: Path) -> None:
    async def play(town: Town) -> None:
        obey = town.charger.apply

        async def fail(limit: Limit | None) -> None:
            raise OSError(f"the bus is dead, {limit} is not sent")

        async with town.ven():
            await town.wait(minutes=2)
            town.charger.apply = fail  # type: ignore[method-assign]
            await town.dso.limit()
            await town.wait(minutes=2)
            assert await state(town) == (False, False, Decimal("0.4"))
            town.charger.apply = obey  # type: ignore[method-assign]
            await town.wait(minutes=2)
            assert await state(town) == (True, False, Decimal("0.4"))

    played(folder, play)


@pytest.mark.proves("r331")
def test_a_load_shift_that_is_declined_is_said_to_be_overridden_while_it_runs(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(minutes=1)
            await town.dso.limit(programme=Programme.LOAD_SHIFT, duration=30 * MINUTE)
            await town.wait(minutes=15)  # it starts at random
            assert town.amps == LIMITED
            (held,) = ven.memory.held
            await ven.opt_out(held.event.event_id)
            await town.wait(minutes=2)
            assert await state(town) == (True, True, Decimal(1))
            await town.wait(minutes=40)
            assert await state(town) == (True, False, Decimal(1))

    played(folder, play)


async def state(town: Town) -> tuple[bool, bool, Decimal | None]:
    async with town.dso.at_work() as world, world.store.reading() as tx:
        found: State = (await reports.known_states(tx, (HOME_EVSE,)))[HOME_EVSE]
    return found.online, found.overridden, found.share


@pytest.mark.proves("r301", "r311", "r327")
def test_the_ven_is_asked_for_metadata_once(folder: Path) -> None:
    async def play(town: Town, asker: Asker, _: Ven) -> None:
        answer = await asker.ask(wanted("RR1", OFFER))
        assert answer.pending.request_ids == ("RR1",)
        await town.wait(minutes=2)
        assert asker.offers() == ["RR1"]
        said = [type(message) for _, message in town.wire.said]
        assert said.index(CreatedReport) < said.index(RegisterReport)

    conversation(folder, play)


@pytest.mark.proves("r301", "r311", "r324")
def test_the_ven_is_asked_for_metadata_periodically(folder: Path) -> None:
    async def play(town: Town, asker: Asker, _: Ven) -> None:
        await asker.ask(wanted("RR1", OFFER, every=60, start=town.clock.now() + MINUTE, lasts=200))
        await town.wait(minutes=10)
        assert asker.offers() == ["RR1"] * 5

    conversation(folder, play)


# --- what our VTN wants ---


async def want(town: Town, kind: WishKind) -> None:
    """As the command line does."""
    async with town.dso.at_work() as world:
        async with world.store.writing() as tx:
            wish = Wish(ven_id=HOME, kind=kind, request_id=RequestId("W1"), since=world.now)
            await wishes.make(tx, wish)
        await world.index.refresh(world.store, world.now)


@pytest.mark.proves("r300", "r306", "r329")
def test_another_rhythm_in_the_settings_is_ordered_anew(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(minutes=2)
            before = {one.request.request_id for one in ven.memory.orders}
            async with town.dso.at_work() as world:
                world.desk = replace(world.desk, terms=replace(TERMS, report_every=timedelta(seconds=20)))
            await town.wait(minutes=3)
            after = {one.request.specifier_id: one for one in ven.memory.orders}
            assert len(after) == 3
            assert {after[name].every for name in (USAGE_SPECIFIER, LIMIT_SPECIFIER)} == {
                timedelta(seconds=20)
            }
            assert after[STATUS_SPECIFIER].request.request_id in before, "its rhythm is another's"
            found = len(await town.dso.readings())
            await town.wait(minutes=1)
            assert len(await town.dso.readings()) > found

    played(folder, play)


@pytest.mark.proves("r400", "r401", "r407")
def test_vtn_cancels_registration(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit()
            await town.wait(seconds=15)
            await want(town, WishKind.DEREGISTER)
            await town.wait(seconds=15)
            (answer,) = town.wire.of(CanceledPartyRegistration)
            assert isinstance(answer, CanceledPartyRegistration)
            assert answer.response.accepted
            assert await town.dso.registration_id() is None
            assert ven.memory.orders == ()
            assert await town.dso.points() == 0
            assert town.amps == LIMITED, "what was ordered holds to its end"
            await town.wait(minutes=10)
            assert await town.dso.registration_id(), "it is still approved, and comes back"
            assert (await town.dso.delivery()).settled
        assert town.charger.changes[-1][1] == LIMITED

    played(folder, play)


@pytest.mark.proves("r407")
def test_a_ven_that_never_hears_that_its_registration_ends_is_forgotten(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=15)
            town.wire.is_cut = True
            await want(town, WishKind.DEREGISTER)
            await town.wait(seconds=PATIENCE.total_seconds())
            async with town.dso.at_work() as world:
                assert await party.forget_the_silent(world.store, world.now) == (HOME,)
                await world.index.refresh(world.store, world.now)
            town.wire.is_cut = False
            await town.wait(minutes=10)
            assert await town.dso.registration_id(), "refused as unknown, it registers anew"
            assert await town.dso.points() == 8

    played(folder, play)


@pytest.mark.proves("r401", "r402", "r405")
def test_vtn_asks_reregistration(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=15)
            known = await town.dso.registration_id()
            town.wire.said.clear()
            await want(town, WishKind.REREGISTER)
            await town.wait(minutes=2)
            assert await town.dso.registration_id() == known
            said: list[type[Message]] = [type(message) for _, message in town.wire.said]
            assert said.index(Response) < said.index(CreatePartyRegistration)
            assert said.count(CreatePartyRegistration) == 1
            assert RegisterReport not in said

    played(folder, play)


@pytest.mark.proves("r500", "r502")
def test_poll_drains_in_order(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(minutes=2)
            async with town.dso.at_work() as world:
                world.desk = replace(world.desk, terms=replace(TERMS, report_every=timedelta(seconds=30)))
            await town.wait(minutes=1, seconds=1)
            town.wire.said.clear()
            await town.dso.limit()
            await want(town, WishKind.REREGISTER)
            await town.wait(seconds=10)
            answers = (CreatedEvent, Response, CanceledReport, CreatedReport)
            said = [type(message) for _, message in town.wire.said if isinstance(message, answers)]
            assert said[:2] == [CreatedEvent, Response]

    played(folder, play)
