"""Scenarios of registration: how both ends come to know each other."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from oadr.wire.ids import NO_REQUEST, RequestId
from oadr.wire.messages import (
    CreatedEvent,
    CreatedPartyRegistration,
    CreatedReport,
    CreatePartyRegistration,
    Poll,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    Response,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ProfileName, ServiceName, TransportName
from tests.pair.home import kept
from tests.pair.scenarios.scripted import ScriptedVen
from tests.pair.scenarios.standing import BEGINNING, orders, registered, said, wish
from tests.pair.town import LIMITED, Town, played
from tests.ven.virtual import START
from tests.vtn.world import HOME, TERMS
from ven import Period, Ven
from ven.news import Registered
from ven.session import Request
from vtn.model.wish import WishKind
from vtn.store import wishes


def query() -> QueryRegistration:
    return QueryRegistration(request_id=RequestId("Q1"))


async def is_wanted(town: Town) -> bool:
    async with town.dso.at_work() as world, world.store.reading() as tx:
        return bool(await wishes.of(tx, HOME))


def news(ven: Ven, kind: type) -> list[object]:
    found = []
    while not ven.news.empty():
        found.append(ven.news.get_nowait())
    return [one for one in found if isinstance(one, kind)]


@pytest.mark.proves("query_before_registration", "r403", "r404")
def test_query_before_registration(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with ScriptedVen(town) as ven:
            told = await ven.say(ServiceName.REGISTER_PARTY, query(), CreatedPartyRegistration)
            assert told.response == EiResponse(request_id=RequestId("Q1"))
            assert (told.registration_id, told.ven_id) == (None, None)
            assert [(one.name, one.transports) for one in told.profiles] == [
                (ProfileName.B, (TransportName.SIMPLE_HTTP,))
            ]
            assert told.vtn_id == TERMS.vtn_id
            assert told.poll_frequency
            assert told.poll_frequency.span == TERMS.poll_every
            assert await town.dso.registration_id() is None, "a question registers nobody"
            assert await ven.register(), "who has asked may register"

    played(folder, play)


@pytest.mark.proves("query_while_registered", "r404", "r500")
def test_query_while_registered(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=65)
            told = await town.wire.exchange(Request(ServiceName.REGISTER_PARTY, query()))
            assert isinstance(told, CreatedPartyRegistration)
            assert (told.ven_id, told.registration_id) == (HOME, await town.dso.registration_id())
            assert told.registration_id == registered(ven)
            await town.wait(seconds=60)
            assert await town.dso.registration_id() == registered(ven) == told.registration_id
        polls = [at for at, message in town.wire.said if isinstance(message, Poll)]
        quiet = [at for at in polls if at > START + timedelta(seconds=10)]
        steps = {later - at for at, later in pairwise(quiet)}
        assert steps == {TERMS.poll_every}, "as often as it was asked to, before the question and after it"

    played(folder, play)


@pytest.mark.proves("register_then_metadata_both_ways", "r301", "r309", "r344", "r405", "r500")
def test_register_then_metadata_both_ways(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            assert await town.dso.registration_id() == registered(ven)
            assert (
                await town.dso.points() == 8
            )  # W and Wh, now and in the past, A, set point, deviation, state
            assert await orders(town) == len(ven.memory.orders) == 3
            async with town.dso.at_work() as world:
                assert world.index.ticket(HOME) is None, "there is no mail left"

    town = played(folder, play)
    assert said(town)[: len(BEGINNING)] == BEGINNING
    greetings = [one.reply for one in town.wire.vtn.exchanges if isinstance(one.reply, RegisterReport)]
    assert [greeting.reports for greeting in greetings] == [()], "the VTN has no reports, and says so once"


@pytest.mark.proves("preassigned_venid_is_kept", "r402", "r405")
def test_preassigned_venid_is_kept(folder: Path) -> None:
    async def play(town: Town) -> None:
        town.config = replace(town.config, ven_id=HOME)
        async with town.ven() as ven:
            await town.wait(seconds=5)
            known = ven.memory.registration
            assert known
            assert (known.ven_id, known.registration_id) == (HOME, await town.dso.registration_id())
        (offered,) = town.wire.of(CreatePartyRegistration)
        assert isinstance(offered, CreatePartyRegistration)
        assert (offered.ven_id, offered.registration_id) == (HOME, None)

    played(folder, play)


@pytest.mark.proves("vtn_asks_reregistration", "r402")
def test_vtn_asks_reregistration(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit()
            await town.wait(seconds=15)
            known, asked_for = registered(ven), ven.memory.orders
            await wish(town, WishKind.REREGISTER)
            town.wire.said.clear()
            await town.wait(seconds=10)
            assert said(town)[:4] == [Poll, Response, CreatePartyRegistration, RequestEvent]
            _, (_, heard), (_, again), *_ = town.wire.said
            assert heard == Response(response=EiResponse(request_id=NO_REQUEST), ven_id=HOME)
            assert isinstance(again, CreatePartyRegistration)
            assert (again.ven_id, again.registration_id) == (HOME, known)
            assert RegisterReport not in said(town)
            assert await town.dso.registration_id() == registered(ven) == known
            assert not await is_wanted(town)
            assert ven.memory.orders == asked_for
            assert (await town.dso.delivery()).settled
        assert town.charger.course == [(0, None), (0, LIMITED)], "the limit does not move"

    played(folder, play)


@pytest.mark.proves("register_anew_while_registered", "r406")
def test_register_anew_while_registered(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit()
            await ven.opt_schedule((Period(START + timedelta(hours=5)),))
            await town.wait(seconds=15)
            known = await town.dso.registration_id()
            assert len(await kept(town)) == 1
        (town.config.state / "journal.sqlite").unlink()
        town.wire.said.clear()
        async with town.ven() as ven:
            await town.wait(seconds=5)
            assert await town.dso.registration_id() == registered(ven) != known
            assert await kept(town) == (), "what hung on the old one is gone"
            assert await town.dso.points() == 8
            assert await orders(town) == len(ven.memory.orders) == 3
            assert town.amps == LIMITED
            assert (await town.dso.delivery()).settled
        assert (await town.dso.recorded()).count(EntryType.OPT) == 3, "two answers and a schedule"
        exchanged = [RegisterReport, RequestEvent, CreatedReport, CreatedEvent, RegisteredReport]
        assert said(town)[0] is CreatePartyRegistration
        assert [one for one in said(town)[1:] if one is not Poll][:5] == exchanged

    played(folder, play)


@pytest.mark.proves("reregister_with_same_ids", "r402", "r405")
def test_reregister_with_same_ids(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            known, asked_for = registered(ven), ven.memory.orders
        town.wire.said.clear()
        async with town.ven() as ven:
            await town.wait(seconds=5)
            assert await town.dso.registration_id() == registered(ven) == known
            assert ven.memory.orders == asked_for
            (outcome,) = news(ven, Registered)
            assert isinstance(outcome, Registered)
            assert not outcome.anew
        assert await town.dso.points() == 8
        assert await orders(town) == len(asked_for)

    town = played(folder, play)
    assert said(town) == [CreatePartyRegistration, RequestEvent, Poll]
