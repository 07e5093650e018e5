"""A written event is read by the schema and by the numbered rules before it is taken: what a VEN would refuse."""

from datetime import datetime
from typing import Final

from oadr.charging.signals import Programme
from oadr.rules import Party, check
from oadr.wire import envelope
from oadr.wire.errors import Misuse, PeerError
from oadr.wire.ids import EventId, RequestId, ResourceId, VenId, VtnId
from oadr.wire.messages import DistributeEvent
from oadr.wire.schema import Schema
from vtn.delivery import event_list
from vtn.model.delivery import Delivery
from vtn.model.errors import Impossible
from vtn.model.intervention import Intervention, InterventionId, Order

_NAME: Final = "event"


def proofread(order: Order, schema: Schema, now: datetime, *, as_is: bool = False) -> None:
    """Raises `Impossible` for a written event that cannot be sent, with the number of the rule that it breaks.

    With `as_is` it may break numbered rules, as tests of the other end want it to; never the schema, for one
    event that is not valid would keep a site from all the others.
    """
    if order.written is None:
        return
    if as_is and order.programme is Programme.SUPPLY_LIMIT:
        raise Impossible("a supply limitation breaks no rule on purpose: --as-is is for tests elsewhere")
    for moment in (now, max(now, order.start)):
        message = _message(order, moment)
        try:
            envelope.read(envelope.write(message), schema, limit=envelope.REPORT_LIMIT)
        except (Misuse, PeerError) as error:
            raise Impossible(f"the event cannot be sent: {error}") from error
        breaches = () if as_is else check(message, Party.VTN, moment)
        if breaches:
            raise Impossible(f"the event breaks a rule of the profile: {breaches[0]}")


def _message(order: Order, moment: datetime) -> DistributeEvent:
    """The event as a site would get it."""
    given = Intervention(intervention_id=InterventionId(_NAME), order=order, ordered_at=moment)
    delivery = Delivery(
        event_id=EventId(_NAME),
        ven_id=VenId(_NAME),
        intervention=given,
        resources=(ResourceId(_NAME),),
        created_at=moment,
    )
    events = event_list.render((delivery,), "http://base.invalid", moment)
    return DistributeEvent(request_id=RequestId("1"), vtn_id=VtnId("V"), events=events)
