"""Scenarios of reports: how one that was asked for ends, and what was never there to ask for."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update

from oadr.wire.ids import ReportRequestId, ReportSpecifierId
from oadr.wire.messages import (
    CanceledReport,
    CreatedReport,
    CreateReport,
    RegisteredReport,
    RegisterReport,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ServiceName
from oadr.wire.messages.report import METADATA, Report
from tests.pair.asking import Asker, wanted
from tests.pair.reported import conversation, ordered, powers, scheduled, under, watts
from tests.pair.scenarios.scripted import ScriptedVen
from tests.pair.town import Town, played
from tests.vtn.service.offers import interval, metadata, offer
from tests.vtn.service.offers import update as said_update
from tests.vtn.world import HOME
from ven import Ven
from vtn.store.tables import registrations

USAGE, STATUS, HISTORY, OFFER = "TELEMETRY_USAGE", "TELEMETRY_STATUS", "HISTORY_USAGE", "METADATA"
MINUTE = timedelta(minutes=1)


@pytest.mark.proves("cancel_periodic_report", "r329", "r336")
def test_cancel_periodic_report(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        await asker.ask(
            wanted("RR1", USAGE, "P", every=60, grain=60), wanted("RR2", STATUS, "ST", every=60, grain=60)
        )
        await town.wait(minutes=1)
        answer = await asker.cancel("RR1")
        assert (answer.response.code, answer.pending.request_ids) == ("200", ("RR2",))
        assert scheduled(ven) == ["RR2"]
        assert await asker.known() == {"RR2"}
        ended, measured = asker.at(CanceledReport), await powers(town)
        await town.wait(minutes=3)
        assert len(asker.times("RR1")) == len(measured) == 2
        assert max(asker.times("RR1")) < ended
        assert await powers(town) == measured
        assert len(asker.times("RR2")) == 5
        refused = await asker.cancel("RR1", "RR2")
        assert (refused.response.code, refused.pending.request_ids) == ("452", ())
        assert scheduled(ven) == [], "the known one ends all the same"

    conversation(folder, play)


@pytest.mark.proves("cancel_with_last_report", "r345")
def test_cancel_with_last_report(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        town.wire.ven.excused = frozenset({"r306"})  # the last report comes after the word that it has ended
        start = town.clock.now()
        await asker.ask(wanted("RR1", USAGE, "P", every=3600, grain=10, start=start))
        await town.wait(minutes=1)
        assert asker.reports("RR1") == [], "the hour is not over"
        answer = await asker.cancel("RR1", to_follow=True)
        assert (answer.response.code, answer.pending.request_ids) == ("200", ())
        (last,) = asker.reports("RR1")
        assert asker.times("RR1") == [asker.at(CanceledReport)]
        said = [type(message) for _, message in town.wire.said]
        assert said.index(CanceledReport) < said.index(UpdateReport)
        assert watts(last) == ["4600"] * len(last.intervals)
        assert await powers(town) == [(one.start, Decimal(4600)) for one in last.intervals]
        assert len(last.intervals) >= 6
        assert scheduled(ven) == []
        await town.wait(hours=2)
        assert len(asker.reports("RR1")) == 1

    conversation(folder, play)


@pytest.mark.proves("piggyback_cancel", "r328", "r329")
def test_piggyback_cancel(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        soon, later = town.clock.now() + MINUTE, town.clock.now() + 2 * MINUTE
        await asker.ask(
            wanted("RR1", USAGE, "P", every=60, grain=60, start=soon),
            wanted("RR2", STATUS, "ST", every=60, grain=60, start=later),
        )
        await asker.cancel_on_the_next_receipt("RR1")
        await town.wait(minutes=5)
        assert asker.times("RR1") == [soon] == [asker.at(CanceledReport)], (
            "one, and the word that it was the last"
        )
        (answer,) = asker.heard(CanceledReport)
        assert (answer.response.code, answer.pending.request_ids) == ("200", ("RR2",))
        assert scheduled(ven) == ["RR2"]
        assert await asker.known() == {"RR2"}
        assert [at for at, _ in await powers(town)] == asker.times("RR1")
        assert asker.times("RR2")[0] == later

    conversation(folder, play)


@pytest.mark.proves("metadata_request_in_mid_stream", "r306", "r311", "r327", "r329")
def test_metadata_request_in_mid_stream(folder: Path) -> None:
    """Of our VTN's own accord: it has lost the word that the VEN has offered its reports."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(minutes=3)
            before = [one.report_request_id for one in await ordered(town)]
            assert sorted(scheduled(ven)) == before
            town.wire.said.clear()
            async with town.dso.at_work() as world:
                async with world.store.writing() as tx:
                    await tx.execute(update(registrations).values(offered=False))
                world.index.post(HOME)
            await town.wait(seconds=30)
            told = [one for one in town.wire.vtn.exchanges if isinstance(one.reply, CreateReport)]
            (asked,) = [one.reply.requests[0] for one in told if isinstance(one.reply, CreateReport)]
            assert asked.specifier_id == METADATA
            first, second = (one for _, one in town.wire.said if isinstance(one, CreatedReport))
            assert sorted(first.pending.request_ids) == sorted((*before, asked.request_id))
            (described,) = (one for _, one in town.wire.said if isinstance(one, RegisterReport))
            assert described.report_request_id == asked.request_id
            after = [one.report_request_id for one in await ordered(town)]
            assert sorted(second.pending.request_ids) == sorted(scheduled(ven)) == after
            assert set(before).isdisjoint(after)
            assert all(one.confirmed for one in await ordered(town))
            found = len(await town.dso.readings())
            town.wire.said.clear()
            await town.wait(minutes=3)
            assert under(town).isdisjoint(before)
            assert under(town) == set(after)
            assert len(await town.dso.readings()) > found

    played(folder, play)


@pytest.mark.proves("unknown_report_ids", "r304", "r340")
def test_unknown_report_ids_ven(folder: Path) -> None:
    async def play(town: Town, asker: Asker, ven: Ven) -> None:
        await asker.ask(wanted("RR0", USAGE, "P", every=60, grain=60))
        for code, request in (
            ("452", wanted("RR1", "nothing", "P")),
            ("452", wanted("RR2", USAGE, "nothing")),
            ("452", wanted("RR3", USAGE, "ST")),
            ("454", wanted("RR4", USAGE, "P", every=60, grain=1)),
            ("454", wanted("RR5", HISTORY, "history:P", every=60)),
        ):
            answer = await asker.ask(request)
            assert (answer.response.code, answer.pending.request_ids) == (code, ("RR0",))
            assert scheduled(ven) == ["RR0"]
            assert asker.reports(request.request_id) == []
        both = await asker.ask(wanted("RR6", STATUS, "ST"), wanted("RR7", USAGE, "nothing"))
        assert both.response.code == "452"
        await town.wait(minutes=2)
        assert {report.request_id for one in asker.heard(UpdateReport) for report in one.reports} == {"RR0"}

    conversation(folder, play)


@pytest.mark.proves("unknown_report_ids", "r304")
def test_unknown_report_ids_vtn(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with ScriptedVen(town) as ven:
            await ven.register()
            reply = await ven.say(ServiceName.REPORT, offer(metadata()), RegisteredReport)
            (asked,) = reply.requests
            good = said_update(asked.request_id, interval("1", town.clock.now()), start=town.clock.now())
            (report,) = good.reports
            wrong = {
                "reportRequestID": replace(report, request_id=ReportRequestId("nobody's")),
                "reportSpecifierID": replace(report, specifier_id=ReportSpecifierId("nobody's")),
                "rID": replace(report, intervals=(interval("1", town.clock.now(), r_id="nobody's"),)),
            }
            for what, one in wrong.items():
                for sent in ((one,), (report, one)):
                    refused = await answered(ven, sent)
                    assert (refused.code, refused.description) == ("452", what)
            assert await town.dso.readings() == (), "all of a message is taken or none"
            assert [one.report_request_id for one in await ordered(town)] == [asked.request_id]
            assert (await answered(ven, (report,))).accepted
            assert await powers(town) == [(town.clock.now(), Decimal(1000))]

    played(folder, play)


async def answered(ven: ScriptedVen, sent: tuple[Report, ...]) -> EiResponse:
    message = UpdateReport(request_id=ven.name(), reports=sent, ven_id=HOME)
    reply = await ven.say(ServiceName.REPORT, message, UpdatedReport)
    assert reply.response.request_id == message.request_id
    return reply.response
