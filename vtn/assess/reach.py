"""How far an order has got with a site."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from vtn.model.delivery import Delivery


class Reach(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    DECLINED = "declined"
    REACHED = "reached"
    """Handed out and not yet answered: that proves nothing."""
    SILENT = "silent"
    """The site has not called since."""


def reach(delivery: Delivery) -> Reach:
    if (answer := delivery.order_answer) is not None:
        return Reach.ACKNOWLEDGED if answer.agreed else Reach.DECLINED
    return Reach.REACHED if delivery.offered_at is not None else Reach.SILENT


def count(deliveries: Iterable[Delivery]) -> Mapping[Reach, int]:
    """Sites, one for each delivery."""
    found = Counter(map(reach, deliveries))
    return {each: found[each] for each in Reach}
