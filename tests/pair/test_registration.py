"""How both ends come to know each other, and how they find each other again."""

from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.messages import (
    CreatedEvent,
    CreatedReport,
    CreatePartyRegistration,
    Poll,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
)
from tests.pair.town import LIMITED, Town, played
from tests.vtn.world import HOME


def said(town: Town) -> list[type]:
    return [type(message) for _, message in town.wire.said]


@pytest.mark.proves("r301", "r309", "r344", "r405", "r500")
def test_register_then_metadata_both_ways(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            assert await town.dso.registration_id()
            assert await town.dso.points() == 7  # W and Wh, now and in the past, A, the set point, the state
            async with town.dso.at_work() as world:
                assert world.index.ticket(HOME) is None, "there is no mail left"

    town = played(folder, play)
    begin = [
        CreatePartyRegistration,
        RegisterReport,
        RequestEvent,
        CreatedReport,
        Poll,
        RegisteredReport,
        Poll,
    ]
    assert said(town)[: len(begin)] == begin


@pytest.mark.proves("r402", "r405")
def test_reregister_with_same_ids_exchanges_no_metadata_again(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            known = await town.dso.registration_id()
        town.wire.said.clear()
        async with town.ven():
            await town.wait(seconds=5)
        assert await town.dso.registration_id() == known

    town = played(folder, play)
    assert said(town) == [CreatePartyRegistration, RequestEvent, Poll]


@pytest.mark.proves("VE05")
def test_a_vtn_that_is_not_there_yet_is_found_once_it_is(folder: Path) -> None:
    async def play(town: Town) -> None:
        town.wire.is_cut = True
        async with town.ven():
            await town.wait(hours=2)
            tries = len(town.wire.said)
            town.wire.is_cut = False
            await town.dso.limit()
            await town.wait(minutes=5)
            assert (await town.dso.delivery()).settled
            assert town.amps == LIMITED
        assert tries < 70

    played(folder, play)


@pytest.mark.proves("r406", "P1")
def test_payload_while_unregistered_leads_to_a_registration_anew_and_lifts_no_limit(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.dso.limit()
            await town.wait(seconds=15)
            known = await town.dso.registration_id()
            await town.dso.forget()
            await town.wait(minutes=5)
            assert await town.dso.registration_id() not in (None, known)
            assert (await town.dso.delivery()).settled
            assert await town.dso.points() == 7
            before = len(await town.dso.readings())
            await town.wait(minutes=3)
            assert len(await town.dso.readings()) > before
        assert town.charger.course == [(0, None), (0, LIMITED)]
        assert len(town.wire.of(CreatedEvent)) == 2, "who registers anew is asked again"

    played(folder, play)


@pytest.mark.proves("r406")
def test_register_anew_while_registered_starts_from_nothing_and_keeps_the_limit(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.dso.limit()
            await town.wait(seconds=15)
            known = await town.dso.registration_id()
        (town.config.state / "journal.sqlite").unlink()
        async with town.ven():
            await town.wait(seconds=5)
            assert await town.dso.registration_id() not in (None, known)
            assert town.amps == LIMITED
            assert (await town.dso.delivery()).settled
        assert (await town.dso.recorded()).count(EntryType.OPT) == 2

    played(folder, play)
