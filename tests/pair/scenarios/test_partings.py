"""Scenarios of the end of a registration, by either end, and of whoever has none."""

from datetime import timedelta
from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from oadr.rules.exchange import response_of
from oadr.wire.errors import ResponseCode
from oadr.wire.ids import NO_REQUEST, OptId, RegistrationId, ReportRequestId, RequestId, VenId
from oadr.wire.messages import (
    CanceledOpt,
    CanceledPartyRegistration,
    CanceledReport,
    CancelOpt,
    CancelPartyRegistration,
    CancelReport,
    CreatedEvent,
    CreatedReport,
    CreatePartyRegistration,
    CreateReport,
    DistributeEvent,
    Message,
    Poll,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ServiceName
from tests.pair.asking import wanted
from tests.pair.scenarios.scripted import ScriptedVen, ScriptedVtn
from tests.pair.scenarios.standing import BEGINNING, knows_nothing, registered, said, wish
from tests.pair.town import LIMITED, Town, played
from tests.ven.virtual import START
from tests.vtn.world import HOME
from ven import Period
from ven.session import Request
from vtn.model.wish import WishKind

WRONG = RegistrationId("somebody-elses")


def cancellation(registration_id: RegistrationId, ven_id: VenId = HOME) -> CancelPartyRegistration:
    return CancelPartyRegistration(request_id=RequestId("C1"), registration_id=registration_id, ven_id=ven_id)


@pytest.mark.proves("ven_cancels_registration", "r407")
def test_ven_cancels_registration(folder: Path) -> None:
    """Our VEN never leaves of its own accord: its site leaves in its name. Back again, it is nobody at either end."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await ven.opt_schedule((Period(START + timedelta(hours=5)),))
            await town.wait(seconds=65)
            left = registered(ven)
        leaving = Request(ServiceName.REGISTER_PARTY, cancellation(left))
        answer = await town.wire.exchange(leaving)
        assert isinstance(answer, CanceledPartyRegistration)
        assert answer.response == EiResponse(request_id=RequestId("C1"))
        assert (answer.registration_id, answer.ven_id) == (left, HOME)
        assert await knows_nothing(town)
        assert (await town.dso.recorded())[-1] is EntryType.CONFIG_CHANGE
        town.wire.said.clear()
        async with town.ven() as ven:
            await town.wait(minutes=5)
            assert await town.dso.registration_id() == registered(ven) != left
        first, second = town.wire.of(CreatePartyRegistration)
        assert isinstance(first, CreatePartyRegistration)
        assert isinstance(second, CreatePartyRegistration)
        assert (first.registration_id, second.registration_id) == (left, None), "the old one is worth nothing"

    played(folder, play)


@pytest.mark.proves("vtn_cancels_registration", "r407")
def test_vtn_cancels_registration(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await ven.opt_schedule((Period(START + timedelta(hours=5)),))
            await town.wait(seconds=5)
            ended = registered(ven)
            await wish(town, WishKind.DEREGISTER)
            await town.wait(seconds=10)
            (answer,) = town.wire.of(CanceledPartyRegistration)
            assert isinstance(answer, CanceledPartyRegistration)
            assert answer.response == EiResponse(request_id=RequestId("W1"))
            assert (answer.registration_id, answer.ven_id) == (ended, HOME)
            assert await knows_nothing(town)
            assert (registered(ven), ven.memory.orders) == ("", ())
            town.wire.said.clear()
            await town.wait(minutes=2)
            assert town.wire.said == [], "who was sent away is silent for a while"
            await town.wait(minutes=5)
            assert said(town)[: len(BEGINNING)] == BEGINNING, "and comes back as a new one"
            assert await town.dso.registration_id() == registered(ven) not in (ended, "")

    played(folder, play)


@pytest.mark.proves("cancel_with_wrong_ids", "r400")
def test_cancel_with_wrong_ids_vtn(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with ScriptedVen(town) as ven:
            known = await ven.register()
            for wrong in (cancellation(WRONG), cancellation(known, VenId("park"))):
                refused = await ven.say(ServiceName.REGISTER_PARTY, wrong, CanceledPartyRegistration)
                assert (refused.response.code, refused.response.request_id) == ("452", "C1")
                assert await town.dso.registration_id() == known
            right = await ven.say(ServiceName.REGISTER_PARTY, cancellation(known), CanceledPartyRegistration)
            assert right.response.accepted
            assert await knows_nothing(town)

    played(folder, play)


@pytest.mark.proves("cancel_with_wrong_ids", "r400", "r407")
def test_cancel_with_wrong_ids_ven(folder: Path) -> None:
    async def play(town: Town) -> None:
        vtn = ScriptedVtn(town)
        async with town.ven() as ven:
            await town.dso.limit()
            await town.wait(seconds=15)
            known, asked_for = registered(ven), ven.memory.orders
            for wrong in (cancellation(WRONG), cancellation(known, VenId("park"))):
                refused = await vtn.hand_out(wrong, CanceledPartyRegistration)
                assert (refused.response.code, refused.response.request_id) == ("452", "C1")
                assert refused.ven_id == HOME
                assert registered(ven) == known
                assert ven.memory.orders == asked_for
            right = await vtn.hand_out(cancellation(known), CanceledPartyRegistration)
            assert right.response == EiResponse(request_id=RequestId("C1"))
            assert (registered(ven), ven.memory.orders) == ("", ())
        assert town.charger.course == [(0, None), (0, LIMITED)], "what runs is held to its end"

    played(folder, play)


@pytest.mark.proves("payload_while_unregistered", "r517")
def test_payload_while_unregistered_vtn(folder: Path) -> None:
    async def play(town: Town) -> None:
        await town.dso.limit()
        async with ScriptedVen(town) as ven:
            for service, message, kind in payloads():
                refused = response_of(await ven.say(service, message, kind))
                assert refused
                assert refused.code == ResponseCode.NOT_REGISTERED, message
            assert await knows_nothing(town)
            delivery = await town.dso.delivery()
            assert (delivery.offered_at, delivery.answer) == (None, None), "nothing was handed out or taken"

    played(folder, play)


def payloads() -> list[tuple[ServiceName, Message, type[Message]]]:
    """What a VEN may say, and in which payload it is refused."""
    name, fine = RequestId("U1"), EiResponse(request_id=NO_REQUEST)
    service = ServiceName
    return [
        (service.POLL, Poll(ven_id=HOME), Response),
        (service.EVENT, RequestEvent(request_id=name, ven_id=HOME), DistributeEvent),
        (service.EVENT, CreatedEvent(response=fine, ven_id=HOME), Response),
        (service.OPT, CancelOpt(request_id=name, opt_id=OptId("O1"), ven_id=HOME), CanceledOpt),
        (service.REPORT, RegisterReport(request_id=name, ven_id=HOME), RegisteredReport),
        (
            service.REPORT,
            CreateReport(request_id=name, requests=(wanted("U2", "METADATA"),), ven_id=HOME),
            CreatedReport,
        ),
        (service.REPORT, UpdateReport(request_id=name, ven_id=HOME), UpdatedReport),
        (
            service.REPORT,
            CancelReport(
                request_id=name,
                request_ids=(ReportRequestId("U2"),),
                report_to_follow=False,
                ven_id=HOME,
            ),
            CanceledReport,
        ),
        (service.REGISTER_PARTY, cancellation(WRONG), CanceledPartyRegistration),
    ]


@pytest.mark.proves("payload_while_unregistered", "r406", "P1")
def test_payload_while_unregistered_ven(folder: Path) -> None:
    """It registers anew, and lifts no limit."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.dso.limit()
            await town.wait(seconds=15)
            known = await town.dso.registration_id()
            await town.dso.forget()
            await town.wait(minutes=5)
            assert await town.dso.registration_id() == registered(ven) not in ("", known)
            assert (await town.dso.delivery()).settled
            assert await town.dso.points() == 8
            before = len(await town.dso.readings())
            await town.wait(minutes=3)
            assert len(await town.dso.readings()) > before
        assert town.charger.course == [(0, None), (0, LIMITED)]
        assert len(town.wire.of(CreatedEvent)) == 2, "who registers anew is asked again"

    played(folder, play)
