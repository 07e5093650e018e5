"""Scenarios of reports: what each end says that it can report, and what is asked for on that occasion.

Our VTN has nothing to report and our VEN wants nothing of it. Where one must, the test speaks for it.
"""

from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import update

from oadr.wire.ids import ReportRequestId, RequestId
from oadr.wire.messages import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    Message,
    RegisteredReport,
    RegisterReport,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ServiceName
from oadr.wire.messages.report import ReportRequest
from tests.pair.asking import Asker, wanted
from tests.pair.reported import conversation, ordered, scheduled, under
from tests.pair.scenarios.scripted import ScriptedVen
from tests.pair.town import Town, played
from tests.vtn.service.offers import interval, metadata, offer
from tests.vtn.service.offers import update as told
from tests.vtn.world import HOME
from ven import Ven
from ven.session import Request
from vtn.store import offer_requests
from vtn.store.tables import registrations

USAGE, OFFER = "TELEMETRY_USAGE", "METADATA"
MINUTE = timedelta(minutes=1)

T = TypeVar("T", bound=Message)


async def in_its_name(town: Town, message: Message, kind: type[T]) -> T:
    """The VTN's answer to what the VEN would never say by itself."""
    reply = await town.wire.exchange(Request(ServiceName.REPORT, message))
    assert isinstance(reply, kind)
    return reply


def asking(request_id: str, *requests: ReportRequest) -> CreateReport:
    return CreateReport(request_id=RequestId(request_id), requests=requests, ven_id=HOME)


def got(offered: RegisterReport, *requests: ReportRequest) -> RegisteredReport:
    response = EiResponse(request_id=offered.request_id)
    return RegisteredReport(response=response, requests=requests, ven_id=HOME)


def replies(town: Town, kind: type[T]) -> list[T]:
    """What the VTN said to polls and all else."""
    found = [exchange.reply for exchange in town.wire.vtn.exchanges]
    return [reply for reply in found if isinstance(reply, kind)]


def said(town: Town, kind: type[T]) -> list[T]:
    return [message for _, message in town.wire.said if isinstance(message, kind)]


async def open_(town: Town) -> list[str]:
    """The requests for its metadata that the VTN has still to answer."""
    async with town.dso.at_work() as world, world.store.reading() as tx:
        return [one.report_request_id for one in await offer_requests.of(tx, HOME)]


def begin_anew(town: Town) -> None:
    town.wire.said.clear()
    town.wire.vtn.exchanges.clear()


@pytest.mark.proves("piggyback_request", "r303", "r329", "r344")
def test_piggyback_request(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(minutes=3)
            (offered,) = said(town, RegisterReport)
            (receipt,) = replies(town, RegisteredReport)
            names = [one.request_id for one in receipt.requests]
            assert [one.specifier_id for one in receipt.requests] == [USAGE, "TELEMETRY_STATUS", "x-LIMIT"]
            (answer,) = said(town, CreatedReport)
            assert answer.response == EiResponse(request_id=offered.request_id)
            assert list(answer.pending.request_ids) == scheduled(ven) == names
            assert replies(town, CreateReport) == [], "no poll asks for it once more"
            orders = await ordered(town)
            assert {one.report_request_id: one.confirmed for one in orders} == dict.fromkeys(names, True)
            assert under(town) == set(names)
            assert await town.dso.readings()

    played(folder, play)


@pytest.mark.proves("ven_asks_metadata_once", "r301", "r303", "r311")
def test_ven_asks_metadata_once(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=45)
            begin_anew(town)
            answer = await in_its_name(town, asking("Q1", wanted("M1", OFFER)), CreatedReport)
            assert answer.response == EiResponse(request_id=RequestId("Q1"))
            assert list(answer.pending.request_ids) == await open_(town) == ["M1"]
            await town.wait(seconds=11)
            (offered,) = replies(town, RegisterReport)
            assert (offered.report_request_id, offered.reports) == ("M1", ())
            (receipt,) = said(town, RegisteredReport)
            assert (receipt.response, receipt.requests) == (EiResponse(request_id=offered.request_id), ())
            assert await open_(town) == []
            await town.wait(minutes=10)
            assert len(replies(town, RegisterReport)) == 1
            assert len(scheduled(ven)) == len(await ordered(town)) == 3, "the other way all goes on"

    played(folder, play)


@pytest.mark.proves("ven_asks_metadata_periodically", "r510")
def test_ven_asks_metadata_periodically(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=45)
            begin_anew(town)
            again = wanted("M1", OFFER, every=60, start=town.clock.now(), lasts=600)
            answer = await in_its_name(town, asking("Q1", again), CreatedReport)
            assert (answer.response.code, answer.pending.request_ids) == ("200", ("M1",))
            await town.wait(minutes=11)
            assert [one.report_request_id for one in replies(town, RegisterReport)] == ["M1"]
            assert len(said(town, RegisteredReport)) == 1
            assert await open_(town) == []

    played(folder, play)


@pytest.mark.proves("several_metadata_requests", "r329")
def test_several_metadata_requests_vtn(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=45)
            begin_anew(town)
            for name, pending in (("M1", ("M1",)), ("M2", ("M1", "M2"))):
                answer = await in_its_name(town, asking(f"Q-{name}", wanted(name, OFFER)), CreatedReport)
                assert (answer.response.code, answer.pending.request_ids) == ("200", pending)
            await town.wait(seconds=11)
            offers = replies(town, RegisterReport)
            assert [one.report_request_id for one in offers] == ["M1", "M2"]
            receipts = [one.response.request_id for one in said(town, RegisteredReport)]
            assert receipts == [one.request_id for one in offers]
            assert await open_(town) == []

    played(folder, play)


@pytest.mark.proves("r306", "r329")
def test_several_metadata_requests_ven(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        start = town.clock.now() + MINUTE
        first = await asker.ask(wanted("RR1", OFFER, every=600, start=start))
        second = await asker.ask(wanted("RR2", OFFER, every=600, start=start))
        assert [one.pending.request_ids for one in (first, second)] == [("RR1",), ("RR1", "RR2")]
        assert asker.offers() == []
        await town.wait(minutes=2)
        assert asker.offers() == ["RR1", "RR2"]
        assert asker.at(RegisterReport) == start
        assert scheduled(ven) == ["RR1", "RR2"], "new metadata end neither"
        await town.wait(minutes=10)
        assert asker.offers() == ["RR1", "RR2"] * 2

    conversation(folder, play)


@pytest.mark.proves("ven_cancels_vtn_report", "r329", "r336")
def test_ven_cancels_vtn_report_vtn(folder: Path) -> None:
    """All that can be asked of our VTN is its metadata, so that is what is cancelled."""

    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=45)
            begin_anew(town)
            nothing = await in_its_name(town, asking("Q1", wanted("U1", USAGE, "P")), CreatedReport)
            assert (nothing.response.code, nothing.pending.request_ids) == ("452", ())
            both = asking("Q2", wanted("M1", OFFER), wanted("M2", OFFER))
            assert (await in_its_name(town, both, CreatedReport)).pending.request_ids == ("M1", "M2")
            for code in ("200", "452"):  # the second time nobody knows it any more
                answer = await in_its_name(town, ending("Q3", "M1"), CanceledReport)
                assert (answer.response.code, answer.pending.request_ids) == (code, ("M2",))
            assert await open_(town) == ["M2"]
            await town.wait(minutes=5)
            assert [one.report_request_id for one in replies(town, RegisterReport)] == ["M2"]

    played(folder, play)


def ending(request_id: str, *names: str) -> CancelReport:
    return CancelReport(
        request_id=RequestId(request_id),
        request_ids=tuple(map(ReportRequestId, names)),
        report_to_follow=False,
        ven_id=HOME,
    )


@pytest.mark.proves("r303")
def test_ven_cancels_vtn_report_ven(folder: Path) -> None:
    """Ours takes whatever a VTN reports with a receipt, never asked for it and has nothing to cancel."""

    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        await asker.ask(wanted("RR1", USAGE, "P", every=60, grain=60))
        offered = RegisterReport(request_id=asker.name(), reports=(metadata(),), ven_id=HOME)
        await asker.say(offered)
        assert asker.heard(RegisteredReport)[-1] == got(offered)
        for count in (1, 2):
            message = told(ReportRequestId("T1"), interval("1", town.clock.now()), start=town.clock.now())
            await asker.say(message)
            taken = asker.heard(UpdatedReport)
            assert len(taken) == count
            assert (taken[-1].response, taken[-1].cancel) == (EiResponse(request_id=message.request_id), None)
        assert scheduled(ven) == ["RR1"]
        assert len(asker.times("RR1")) == 1

    conversation(folder, play)


@pytest.mark.proves("ven_piggyback_cancels_vtn_report", "r328")
def test_ven_piggyback_cancels_vtn_report_vtn(folder: Path) -> None:
    """A receipt for a report that our VTN never made cancels nothing, whatever rides on it."""

    async def play(town: Town) -> None:
        async with ScriptedVen(town) as ven:
            await ven.register()
            reply = await ven.say(ServiceName.REPORT, offer(), RegisteredReport)
            await ven.say(ServiceName.REPORT, asking("Q1", wanted("M1", OFFER)), CreatedReport)
            names = ("M1", reply.requests[0].request_id)
            receipt = UpdatedReport(
                response=EiResponse(request_id=RequestId("T1")), cancel=ending("Q2", *names), ven_id=HOME
            )
            assert (await ven.say(ServiceName.REPORT, receipt, Response)).response.code == "452"
            assert await open_(town) == ["M1"]
            assert [one.report_request_id for one in await ordered(town)] == [reply.requests[0].request_id]
            offered = await ven.poll()
            assert isinstance(offered, RegisterReport)
            assert offered.report_request_id == "M1"

    played(folder, play)


@pytest.mark.proves("ven_piggyback_cancels_vtn_report", "r328")
def test_ven_piggyback_cancels_vtn_report_ven(folder: Path) -> None:
    """Both ends report under one name at a time: a cancellation is about the reports of whoever receives it."""

    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        await asker.ask(wanted("RR1", USAGE, "P", every=60, grain=60, start=town.clock.now() + MINUTE))
        await asker.cancel_on_the_next_receipt("RR1")
        await asker.say(told(ReportRequestId("RR1"), interval("1", town.clock.now()), start=town.clock.now()))
        (receipt,) = asker.heard(UpdatedReport)
        assert (receipt.response.code, receipt.cancel) == ("200", None)
        assert scheduled(ven) == ["RR1"], "its own goes on"
        await town.wait(minutes=3)
        (answer,) = asker.heard(CanceledReport)
        assert (answer.response.code, answer.pending.request_ids) == ("200", ())
        assert (len(asker.times("RR1")), scheduled(ven)) == (1, [])
        await asker.say(told(ReportRequestId("RR1"), interval("1", town.clock.now()), start=town.clock.now()))
        assert len(asker.heard(UpdatedReport)) == 2, "the VTN's is not what was cancelled"

    conversation(folder, play)


@pytest.mark.proves("vtn_republishes_metadata", "r301", "r344")
def test_vtn_republishes_metadata_vtn(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with ScriptedVen(town) as ven:
            await ven.register()
            await ven.say(ServiceName.REPORT, offer(metadata(name="HISTORY_USAGE")), RegisteredReport)
            for name in ("M1", "M2"):
                offered = await ven.poll()
                assert isinstance(offered, RegisterReport)
                riding = got(offered, wanted(name, OFFER))
                answer = await ven.say(ServiceName.REPORT, riding, CreatedReport)
                assert answer.response == EiResponse(request_id=offered.request_id)
                assert list(answer.pending.request_ids) == await open_(town) == [name]
            offered = await ven.poll()
            assert isinstance(offered, RegisterReport)
            assert offered.report_request_id == "M2"
            refused = await ven.say(ServiceName.REPORT, got(offered, wanted("U1", USAGE, "P")), CreatedReport)
            assert (refused.response.code, await open_(town)) == ("452", [])
            assert isinstance(await ven.poll(), Response), "the offer itself has arrived"

    played(folder, play)


@pytest.mark.proves("vtn_republishes_metadata", "r301")
def test_vtn_republishes_metadata_ven(folder: Path) -> None:
    """Our VTN does so when it has lost the receipt; our VEN wants nothing of it, and its own reports go on."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(minutes=2)
            before = scheduled(ven)
            begin_anew(town)
            async with town.dso.at_work() as world:
                async with world.store.writing() as tx:
                    await tx.execute(update(registrations).values(greeted=False))
                world.index.post(HOME)
            await town.wait(minutes=3)
            (offered,) = replies(town, RegisterReport)
            assert (offered.report_request_id, offered.reports) == (None, ())
            assert said(town, RegisteredReport) == [got(offered)]
            assert said(town, CreatedReport) == []
            assert scheduled(ven) == before
            assert under(town) == set(before) == {one.report_request_id for one in await ordered(town)}
            assert len(said(town, UpdateReport)) >= 9

    played(folder, play)
