"""What a play's VEN heard and answered of events, by the wire's memory."""

from oadr.wire.messages import CreatedEvent, DistributeEvent, Message, RequestEvent
from tests.pair.town import Town


def lists(town: Town, asked: type[Message] = RequestEvent) -> list[DistributeEvent]:
    """The lists of events that answered messages of that kind."""
    return [
        one.reply
        for one in town.wire.ven.exchanges
        if isinstance(one.request, asked) and isinstance(one.reply, DistributeEvent)
    ]


def answers(town: Town) -> list[CreatedEvent]:
    return [one for one in town.wire.of(CreatedEvent) if isinstance(one, CreatedEvent)]
