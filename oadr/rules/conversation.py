"""A VEN and its VTN over HTTP PULL, exchange by exchange: what was said decides what may be said next.

    conversation = Conversation()
    conversation, breaches = conversation.step(Exchange(request, reply, now))

It is one end's view. Where messages are lost the ends know different things, and each can only keep the
rules by what it knows: judge the VEN by what it said and heard, the VTN by what arrived and what it answered.
"""

from dataclasses import dataclass, field

from oadr.rules.breach import Breach, Party
from oadr.rules.checking import check
from oadr.rules.exchange import RULES, Exchange
from oadr.rules.reporting import Reporting
from oadr.rules.standing import Standing
from oadr.rules.told import Events
from oadr.wire.ids import EventId


@dataclass(frozen=True, slots=True)
class Conversation:
    standing: Standing = field(default_factory=Standing)
    events: Events = field(default_factory=Events)
    reporting: Reporting = field(default_factory=Reporting)

    def step(self, exchange: Exchange) -> tuple["Conversation", tuple[Breach, ...]]:
        """The conversation after `exchange`, and every rule that either end breaks with it."""
        standing, of_standing = self.standing.step(exchange)
        events, of_events = self.events.step(exchange)
        reporting, of_reporting = self.reporting.step(exchange)
        after = Conversation(standing, events, reporting)
        return after, (*_alone(exchange), *of_standing, *of_events, *of_reporting)

    @property
    def owed(self) -> tuple[EventId, ...]:
        """Events that the VEN has still to answer (r12, r62)."""
        return self.events.owed


def _alone(exchange: Exchange) -> tuple[Breach, ...]:
    """What is wrong whatever was said before."""
    of_request = check(exchange.request, Party.VEN, exchange.at)
    of_reply = check(exchange.reply, Party.VTN, exchange.at) if exchange.reply else ()
    of_both = (breach for one in RULES for breach in one.breaches(exchange, Party.VTN, exchange.at))
    return (*of_request, *of_reply, *of_both)
