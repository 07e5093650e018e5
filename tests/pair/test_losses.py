"""What the wire loses, repeats and delays, and what a VTN without its disk does."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from oadr.charging.signals import Programme
from oadr.ledger.entry import EntryType
from oadr.wire.messages import (
    CreatedEvent,
    CreatePartyRegistration,
    DistributeEvent,
    Message,
    Poll,
    RegisterReport,
    UpdateReport,
)
from tests.pair.town import LIMITED, Town, played
from tests.pair.wire import Fate, once
from vtn.model.reading import Quantity


@pytest.mark.proves("VT02", "F8", "P14", "r500")
@pytest.mark.parametrize("fate", [Fate.REQUEST_LOST, Fate.REPLY_LOST])
def test_poll_reply_lost_is_offered_again(folder: Path, fate: Fate) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit()
            town.wire.fates = once(Poll, fate)
            await town.wait(seconds=10)
            assert not (await town.dso.delivery()).settled
            await town.wait(seconds=20)
            assert (await town.dso.delivery()).settled
        assert town.wire.lost == ([DistributeEvent] if fate is Fate.REPLY_LOST else [])
        assert town.amps == LIMITED

    played(folder, play)


@pytest.mark.proves("P14", "F8")
@pytest.mark.parametrize("fate", [Fate.REPLY_LOST, Fate.SAID_TWICE, Fate.COMES_LATE])
def test_request_retried_is_one_effect_of_an_answer(folder: Path, fate: Fate) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit()
            town.wire.fates = once(CreatedEvent, fate)
            await town.wait(minutes=2)
            assert (await town.dso.delivery()).settled
        arrived = sum(isinstance(message, CreatedEvent) for message in town.dso.heard)
        assert arrived >= 2
        assert (await town.dso.recorded()).count(EntryType.OPT) == 1
        assert town.charger.course == [(0, None), (10, LIMITED)]

    played(folder, play)


@pytest.mark.proves("r406", "P14")
@pytest.mark.parametrize("fate", [Fate.REPLY_LOST, Fate.SAID_TWICE, Fate.COMES_LATE])
def test_whatever_befalls_the_first_registration_both_ends_agree_on_one(folder: Path, fate: Fate) -> None:
    async def play(town: Town) -> None:
        town.wire.fates = once(CreatePartyRegistration, fate)
        async with town.ven() as ven:
            await town.wait(minutes=4)
            assert ven.memory.registration
            assert ven.memory.registration.registration_id == await town.dso.registration_id()
            before = len(await town.dso.readings())
            await town.wait(minutes=2)
            assert len(await town.dso.readings()) > before

    played(folder, play)


@pytest.mark.proves("F8")
@pytest.mark.parametrize("fate", [Fate.REQUEST_LOST, Fate.REPLY_LOST, Fate.COMES_LATE])
@pytest.mark.parametrize("kind", [RegisterReport, UpdateReport])
def test_whatever_befalls_an_offer_or_a_report_readings_arrive_without_a_gap(
    folder: Path, kind: type[Message], fate: Fate
) -> None:
    async def play(town: Town) -> None:
        town.wire.fates = once(kind, fate)
        async with town.ven():
            await town.wait(minutes=5)
            found = await town.dso.readings()
        moments = [one.at for one in found if one.quantity is Quantity.CURRENT_1]
        assert len(moments) >= 4
        assert max(later - earlier for earlier, later in pairwise(moments)) <= timedelta(minutes=1)

    played(folder, play)


@pytest.mark.proves("P14")
def test_a_late_answer_to_the_order_does_not_answer_its_cancellation(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            given = await town.dso.limit()
            town.wire.fates = once(CreatedEvent, Fate.COMES_LATE)
            await town.wait(seconds=20)
            await town.dso.cancel(given)
            await town.wait(minutes=3)
            delivery = await town.dso.delivery()
        assert delivery.answer
        assert delivery.answer.modification_number == 1
        assert town.amps is None

    played(folder, play)


@pytest.mark.proves("VT04", "S6", "P1")
def test_a_store_that_is_away_gives_no_empty_list_and_lifts_no_limit(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit()
            await town.wait(seconds=10)
            town.dso.heard.clear()
        async with town.dso.without_its_disk():
            async with town.ven() as ven:
                await town.wait(minutes=10)
                assert len(ven.memory.held) == 1
            assert town.dso.heard
        async with town.ven() as ven:
            await town.wait(minutes=5)
            assert len(ven.memory.held) == 1
        assert {amps for _, amps in town.charger.course[1:]} == {LIMITED}

    played(folder, play)


@pytest.mark.proves("VT04", "S6")
def test_an_order_waits_while_the_store_is_away(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            await town.dso.limit()
            async with town.dso.without_its_disk():
                await town.wait(minutes=1)
                assert town.charger.course == [(0, None)]
            await town.wait(minutes=3)
            assert (await town.dso.delivery()).settled
        assert town.amps == LIMITED

    played(folder, play)


@pytest.mark.proves("r61", "VE12", "W18")
def test_event_missing_from_payload_is_cancelled_by_that_and_released_at_random(folder: Path) -> None:
    """The VTN goes on with a backup that is older than the order."""

    async def play(town: Town) -> None:
        backup = folder / "backup"
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.back_up(backup)
            await town.dso.limit()
            await town.wait(seconds=10)
            town.wire.vtn.excused = frozenset({"r50"})
            await town.dso.restore(backup)
            await town.wait(minutes=1)
            assert town.amps == LIMITED, "a poll without news is no order"
            await town.dso.limit(programme=Programme.LOAD_SHIFT, start=town.clock.now() + timedelta(hours=1))
            await town.wait(seconds=40)
            assert town.amps == LIMITED, "the draw is 50 s"
            assert len(ven.memory.held) == 1
            await town.wait(minutes=2)
        assert town.amps is None

    played(folder, play)
