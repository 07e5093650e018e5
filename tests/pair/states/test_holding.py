"""What a VEN makes of an event: of each way in which a list may have it, and of each wish of its people."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.states.event import HOLDING, Held, Seen
from oadr.wire.ids import EventId
from oadr.wire.messages.common import OptType
from oadr.wire.messages.event import Event, EventStatus
from oadr.wire.scalars import Duration
from tests.pair.states.walk import Walk
from tests.ven.stage import EVSE_1, SITE, VEN, Loaded, event, listing
from tests.ven.virtual import START
from ven.book import Book
from ven.opts import CannotDecline, Reason
from ven.outbox import Outbox

E1 = EventId("E1")
LISTED = (Seen.SERVABLE, Seen.UNSERVABLE, Seen.SAME, Seen.LOWER, Seen.CANCELLED)
COVER = """
    SERVABLE SERVABLE SAME LOWER OPT_IN OPT_OUT OPT_OUT SAME LOWER OPT_IN OPT_OUT SERVABLE CANCELLED CANCELLED
    SERVABLE OPT_OUT CANCELLED   SERVABLE CANCELLED   SERVABLE OPT_OUT MISSING   SERVABLE MISSING
    UNSERVABLE UNSERVABLE SAME LOWER SERVABLE MISSING   UNSERVABLE CANCELLED   UNSERVABLE MISSING
    SERVABLE UNSERVABLE UNSERVABLE SAME LOWER OPT_OUT OPT_IN SERVABLE UNSERVABLE CANCELLED
    SERVABLE OPT_OUT UNSERVABLE MISSING
"""


class Site:
    """A VEN's book with at most one event, and what was said to it."""

    def __init__(self, walk: Walk[Held, Seen]) -> None:
        ids = map(str, range(10_000))
        self._book = Book(SITE, lambda: next(ids), Outbox(lambda: next(ids)), Loaded())
        self._walk = walk
        self._number = 0

    @property
    def state(self) -> Held:
        return self._book.held[0].state if self._book.held else Held.UNKNOWN

    def play(self, acts: Iterable[Seen]) -> None:
        for act in acts:
            before = self.state
            if before is Held.UNKNOWN and act in (Seen.SAME, Seen.LOWER, Seen.MISSING):
                continue  # there is nothing that it could be like
            if act in (Seen.OPT_OUT, Seen.OPT_IN) and HOLDING.maybe_after(before, act) is None:
                with pytest.raises(CannotDecline):
                    self._decide(act)
                continue
            outlasts = act is Seen.SERVABLE and self._all_have_declined()
            self._perform(act)
            again = (Seen.OPT_OUT,) if outlasts else ()
            self._walk.step(before, act, *again, after=self.state)

    def _perform(self, act: Seen) -> None:
        if act in (Seen.OPT_OUT, Seen.OPT_IN):
            self._decide(act)
            return
        listed = (self._event(act),) if act in LISTED else ()
        self._book.take(listing(*listed), VEN, START)

    def _all_have_declined(self) -> bool:
        return any(each.obeyed and each.declined == each.resources for each in self._book.held)

    def _decide(self, act: Seen) -> None:
        """Whoever follows after all may be one of them only."""
        opt, who = (OptType.OPT_OUT, ()) if act is Seen.OPT_OUT else (OptType.OPT_IN, (EVSE_1,))
        self._book.decide(E1, opt, Reason.OVERRIDE, who, START)

    def _event(self, act: Seen) -> Event:
        self._number += act in (Seen.SERVABLE, Seen.UNSERVABLE, Seen.CANCELLED)
        number = self._number - (act is Seen.LOWER)
        programme = "cookery" if act is Seen.UNSERVABLE else "load-shift"
        made = event("E1", number, programme=programme, start_after=Duration())
        if act is not Seen.CANCELLED:
            return made
        return replace(made, descriptor=replace(made.descriptor, status=EventStatus.CANCELLED))


def test_every_row_of_holding_an_event_is_taken() -> None:
    walk = Walk(HOLDING)
    Site(walk).play(Seen[name] for name in COVER.split())
    walk.assert_whole()


@given(st.lists(st.sampled_from(Seen), max_size=30))
def test_a_ven_does_with_an_event_what_the_table_says_and_nothing_else(acts: list[Seen]) -> None:
    Site(Walk(HOLDING)).play(acts)
