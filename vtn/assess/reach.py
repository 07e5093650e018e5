"""How far an order has got, with a site and with each of its chargepoints."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from oadr.wire.ids import ResourceId
from oadr.wire.messages.common import OptType
from vtn.model.delivery import Delivery


class Reach(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    DECLINED = "declined"
    REACHED = "reached"
    """Handed out and not yet answered: that proves nothing."""
    SILENT = "silent"
    """The site has not called since."""


def reach(delivery: Delivery) -> Reach:
    """Of the site: its answer, unless all of its chargepoints have opted apart from it, and all alike."""
    found = {reach_of(delivery, resource_id) for resource_id in delivery.resources}
    return found.pop() if len(found) == 1 else _answered(delivery)


def reach_of(delivery: Delivery, resource_id: ResourceId) -> Reach:
    """Of one chargepoint: what was said of it alone outranks what its site answered (r206)."""
    if (said := delivery.opt_of(resource_id)) is not None:
        return Reach.ACKNOWLEDGED if said.opt is OptType.OPT_IN else Reach.DECLINED
    return _answered(delivery)


def _answered(delivery: Delivery) -> Reach:
    if (answer := delivery.order_answer) is not None:
        return Reach.ACKNOWLEDGED if answer.agreed else Reach.DECLINED
    return Reach.REACHED if delivery.offered_at is not None else Reach.SILENT


def count(deliveries: Iterable[Delivery]) -> Mapping[Reach, int]:
    """Sites, one for each delivery."""
    found = Counter(map(reach, deliveries))
    return {each: found[each] for each in Reach}
