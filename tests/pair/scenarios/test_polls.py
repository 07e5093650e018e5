"""Scenarios of the poll: one thing at a time, until there is nothing more."""

from dataclasses import replace
from pathlib import Path

import pytest

from oadr.wire.ids import NO_REQUEST, ReportRequestId
from oadr.wire.messages import (
    CreatedEvent,
    CreatedReport,
    CreateReport,
    DistributeEvent,
    Message,
    Poll,
    Response,
)
from oadr.wire.messages.common import EiResponse
from tests.pair.town import LIMITED, Town, played
from tests.vtn.world import HOME
from vtn.store import reports

ONE_MORE = ReportRequestId("one-more")


def polled(town: Town) -> list[Message | None]:
    """What the VEN's polls brought."""
    return [one.reply for one in town.wire.ven.exchanges if isinstance(one.request, Poll)]


@pytest.mark.proves("empty_poll", "r500", "r502")
def test_empty_poll(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=9)
            before, known = len(polled(town)), ven.memory
            await town.wait(seconds=50)
            nothing = Response(response=EiResponse(request_id=NO_REQUEST), ven_id=HOME)
            assert polled(town)[before:] == [nothing] * 5, "each ten seconds, and not once more"
            assert ven.memory == known
        assert town.charger.course == [(0, None)]

    played(folder, play)


async def ask_for_one_more_report(town: Town) -> None:
    """The operator wants what it has already once more, under another name."""
    async with town.dso.at_work() as world:
        async with world.store.writing() as tx:
            (known, *_) = await reports.orders(tx, HOME)
            await reports.ask(tx, [replace(known, report_request_id=ONE_MORE, confirmed=False)])
        world.index.post(HOME)


@pytest.mark.proves("poll_drains_in_order", "r500")
def test_poll_drains_in_order(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=35)
            town.wire.said.clear()
            before = len(polled(town))
            await town.dso.limit()
            await ask_for_one_more_report(town)
            await town.wait(seconds=6)
            brought = [type(reply) for reply in polled(town)[before:]]
            assert brought == [DistributeEvent, CreateReport, Response]
            said = [type(message) for _, message in town.wire.said]
            assert said == [Poll, CreatedEvent, Poll, CreatedReport, Poll]
            assert (await town.dso.delivery()).settled
            assert len(ven.memory.held) == 1
            assert [one.request.request_id for one in ven.memory.orders].count(ONE_MORE) == 1
            async with town.dso.at_work() as world, world.store.reading() as tx:
                assert all(order.confirmed for order in await reports.orders(tx, HOME))
                assert world.index.ticket(HOME) is None, "there is no mail left"
        assert town.amps == LIMITED

    played(folder, play)
