"""Scenarios of the VEN: what it refuses and under which code, and that nothing else is spoilt by it."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.wire.ids import MarketContext, RequestId, Token, VenId, VtnId
from oadr.wire.messages import (
    CreatedEvent,
    CreatePartyRegistration,
    Message,
    Poll,
    RequestEvent,
    Response,
)
from oadr.wire.messages.common import EiResponse, OptType, Target
from oadr.wire.messages.event import EventStatus
from tests.pair.scenarios.calling import said
from tests.pair.scenarios.handed import (
    AHEAD,
    HELD,
    all_words,
    followed,
    listing,
    renumbered,
    told,
    without,
    worded,
    words,
)
from tests.pair.scenarios.heard import answers
from tests.pair.scenarios.scripted import ScriptedVtn
from tests.pair.town import LIMITED, Town, played
from tests.vtn import written
from ven import Ven
from ven.news import EventEnded, PeerComplained
from vtn.assess.reach import Reach, reach

OUT = OptType.OPT_OUT


@pytest.mark.proves("ven_target_mismatch", "r48", "r112")
def test_ven_target_mismatch(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(
                written.event(start=town.clock.now(), target=Target(ven_ids=(VenId("park"),)))
            )
            await refused(town, ven, "462")

    played(folder, play)


@pytest.mark.proves("ven_market_context_mismatch", "r48", "r112")
def test_ven_market_context_mismatch(folder: Path) -> None:
    async def play(town: Town) -> None:
        other = {"market_context": MarketContext(Token("http://other.example/load-shift"))}
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(written.event(start=town.clock.now(), descriptor=other))
            await refused(town, ven, "462")

    played(folder, play)


async def refused(town: Town, ven: Ven, code: str) -> None:
    """The one event is, for good, and moves nothing."""
    await town.wait(minutes=1)
    (answer,) = answers(town)
    assert answer.response.accepted, "the message was understood"
    assert all_words(town) == [(0, code, "optOut")]
    assert followed(ven) == []
    delivery = await town.dso.delivery()
    assert said(delivery) == (0, OUT, code)
    assert (delivery.settled, reach(delivery)) == (True, Reach.DECLINED)
    assert town.charger.changes == [(0, None)]


@pytest.mark.proves("ven_application_error_code", "r33")
@pytest.mark.parametrize("about", [Poll, CreatedEvent, RequestEvent])
def test_ven_application_error_code(folder: Path, about: type[Message]) -> None:
    """Once, in answer to one kind of message."""

    async def play(town: Town) -> None:
        left = [about]

        def refuse_once(reply: Message) -> Message:
            _, request = town.wire.said[-1]
            if not left or not isinstance(request, left[0]):
                return reply
            left.clear()
            error = EiResponse(code="459", description="missing", request_id=RequestId(""))
            return Response(response=error)

        async with town.ven() as ven:
            if about is not RequestEvent:
                await town.wait(seconds=12)
            town.wire.alter = refuse_once
            await town.dso.send(written.event(start=town.clock.now()))
            await town.wait(seconds=65)
            assert left == []
            assert [(one.about, one.code) for one in told(ven, PeerComplained)] == [(about.__name__, "459")]
            assert followed(ven) == [(await town.dso.delivery()).event_id]
            assert said(await town.dso.delivery()) == (0, OptType.OPT_IN, "200")
            assert town.amps == HELD
            assert len(town.wire.of(CreatePartyRegistration)) == 1, "nobody is out for one error"
            polls = len(town.wire.of(Poll))
            await town.wait(minutes=1)
            assert len(town.wire.of(Poll)) == polls + 6

    played(folder, play)


@pytest.mark.proves("ven_expired_and_current_event", "r12")
def test_ven_expired_and_current_event(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven():
            await town.wait(seconds=5)
            over = worded(
                town, "over", status=EventStatus.COMPLETED, after=-2 * AHEAD, lasts=AHEAD, signals=(LOWEST,)
            )
            answer = await ScriptedVtn(town).hand_out(listing(over, worded(town, "runs")), CreatedEvent)
            assert words(answer) == [("over", 0, "200", "optIn"), ("runs", 0, "200", "optIn")]
            await town.wait(minutes=1)
        assert town.charger.changes == [(0, None), (10, HELD)]

    played(folder, play)


LOWEST = written.share("0.2")


@pytest.mark.proves("ven_unknown_cancelled_event", "r60")
def test_ven_unknown_cancelled_event(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            vtn = ScriptedVtn(town)
            off = worded(town, "off", 4, EventStatus.CANCELLED)
            silent = worded(town, "silent", 4, EventStatus.CANCELLED, never=True)
            answer = await vtn.hand_out(listing(off, silent), CreatedEvent)
            assert words(answer) == [("off", 4, "200", "optIn")], "where an answer is wanted"
            assert ven.memory.held == ()
            await vtn.pass_on(listing())
            assert told(ven, EventEnded) == [], "nothing has ended here"
        assert town.charger.changes == [(0, None)]

    played(folder, play)


@pytest.mark.proves("ven_valid_and_invalid_event", "r19", "r48")
def test_ven_valid_and_invalid_event(folder: Path) -> None:
    """Whichever comes first, and whatever is wrong."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            custom = replace(LOWEST, name=Token("x-heatPump"))
            senseless = worded(
                town, "senseless", signals=(replace(LOWEST, intervals=written.intervals(("1.3",), AHEAD)),)
            )
            unknown = worded(town, "unknown", signals=(custom,))
            sound = worded(town, "sound")
            answer = await ScriptedVtn(town).hand_out(listing(senseless, sound, unknown), CreatedEvent)
            assert answer.response.accepted
            assert words(answer) == [
                ("senseless", 0, "454", "optOut"),
                ("sound", 0, "200", "optIn"),
                ("unknown", 0, "460", "optOut"),
            ]
            assert followed(ven) == ["sound"]
            assert town.charger.changes == [(0, None), (10, HELD)]

    played(folder, play)


@pytest.mark.proves("ven_event_missing_from_payload", "r61")
def test_ven_event_missing_from_payload(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            await town.dso.send(written.event(LOWEST, start=town.clock.now()))
            await town.wait(seconds=10)
            gone = (await town.dso.delivery()).event_id
            town.wire.alter = without(gone)
            await town.dso.limit()
            await town.wait(seconds=10)
            (other,) = followed(ven)
            assert other != gone
            assert told(ven, EventEnded) == [EventEnded(gone, implied=True)]
            assert [number for number, *_ in all_words(town)] == [0, 0], "and nobody is told that"
            await town.wait(minutes=10)
        assert town.charger.changes == [
            (0, None),
            (10, Decimal("6.4")),
            (70, Decimal("9.6")),
            (80, LIMITED),
        ], "released, down to what still holds"

    played(folder, play)


@pytest.mark.proves("ven_wrong_vtnid", "r21", "r35")
def test_ven_wrong_vtnid(folder: Path) -> None:
    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            vtn = ScriptedVtn(town)
            await vtn.hand_out(listing(worded(town, "ours")), CreatedEvent)
            other = VtnId("somebody-else")
            stricter = worded(town, "theirs", signals=(LOWEST,))
            for theirs in ((), (stricter,)):
                answer = await vtn.hand_out(listing(*theirs, vtn_id=other, request_id="L2"), CreatedEvent)
                assert (answer.response.code, answer.response.request_id) == ("452", "L2")
                assert answer.event_responses == ()
                assert followed(ven) == ["ours"], "neither added to nor taken from"
            await town.wait(minutes=5)
        assert town.charger.changes == [(0, None), (10, HELD)]

    played(folder, play)


@pytest.mark.proves("ven_lower_mod_number", "r58")
def test_ven_lower_mod_number(folder: Path) -> None:
    """Also when it says that the event is called off."""

    async def play(town: Town) -> None:
        async with town.ven() as ven:
            await town.wait(seconds=5)
            vtn = ScriptedVtn(town)
            current = worded(town, number=3)
            await vtn.hand_out(listing(current), CreatedEvent)
            for status in (EventStatus.ACTIVE, EventStatus.CANCELLED):
                older = replace(renumbered(current, 2, status), signals=(LOWEST,))
                answer = await vtn.hand_out(listing(older), CreatedEvent)
                assert answer.response.accepted
                assert words(answer) == [("E1", 2, "450", "optOut")]
                (kept,) = ven.memory.held
                assert (kept.event, kept.modification_number, kept.opt) == (current, 3, OptType.OPT_IN)
            await town.wait(minutes=5)
        assert town.charger.changes == [(0, None), (10, HELD)]

    played(folder, play)
