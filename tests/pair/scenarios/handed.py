"""Lists of events as a scripted VTN hands them to the town's VEN, word for word, and what that makes of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from oadr.wire.ids import EventId, RequestId
from oadr.wire.messages import CreatedEvent, DistributeEvent, Message
from oadr.wire.messages.event import Event, EventResponse, EventStatus
from tests.pair.scenarios.heard import answers
from tests.pair.town import Town
from tests.vtn import written
from tests.vtn.world import TERMS
from ven import Ven

T = TypeVar("T")

AHEAD: Final = timedelta(minutes=10)
HELD: Final = written.share("0.3").intervals[0].value * 32
"""A at the 30 % that a written event orders."""


def worded(
    town: Town,
    name: str = "E1",
    number: int = 0,
    status: EventStatus = EventStatus.ACTIVE,
    *,
    after: timedelta = timedelta(),
    descriptor: dict[str, Any] | None = None,
    **changes: Any,
) -> Event:
    """An event from now on, or `after` so long, under a name, a modification and a status of the test's choice."""
    now = town.clock.now()
    own = {"event_id": EventId(name), "modification_number": number, "created_at": now, "status": status}
    return written.event(
        *changes.pop("signals", ()), start=now + after, descriptor=own | (descriptor or {}), **changes
    )


def renumbered(event: Event, number: int, status: EventStatus = EventStatus.ACTIVE) -> Event:
    """The same event at another modification."""
    return replace(event, descriptor=replace(event.descriptor, modification_number=number, status=status))


def listing(*events: Event, request_id: str = "L1", **changes: Any) -> DistributeEvent:
    plain = DistributeEvent(request_id=RequestId(request_id), vtn_id=TERMS.vtn_id, events=events)
    return replace(plain, **changes)


def words(answer: CreatedEvent) -> list[tuple[str, int, str, str]]:
    """Event, modification, code, opt."""
    return [_word(one) for one in answer.event_responses]


def all_words(town: Town) -> list[tuple[int, str, str]]:
    """Modification, code and opt of each word that was said of events, whichever."""
    return [_word(one)[1:] for each in answers(town) for one in each.event_responses]


def _word(said: EventResponse) -> tuple[str, int, str, str]:
    return said.event.event_id, said.event.modification_number, said.code, str(said.opt)


def without(event_id: EventId) -> Any:
    """An alteration on the wire: the event is missing from every list."""

    def alter(reply: Message) -> Message:
        if not isinstance(reply, DistributeEvent):
            return reply
        kept = tuple(one for one in reply.events if one.descriptor.event_id != event_id)
        return replace(reply, events=kept)

    return alter


def followed(ven: Ven) -> list[EventId]:
    return [one.event.descriptor.event_id for one in ven.memory.held if one.obeyed]


def told(ven: Ven, kind: type[T]) -> list[T]:
    """The news of that kind; all news are forgotten then."""
    news = [ven.news.get_nowait() for _ in range(ven.news.qsize())]
    return [one for one in news if isinstance(one, kind)]
