"""How a site stands with one of its VTNs: all of a conversation that outlives the process."""

from dataclasses import dataclass

from ven.enrolment import Registration
from ven.events import HeldEvent
from ven.opts import Opt
from ven.orders import Order
from ven.party import Party


@dataclass(frozen=True, slots=True)
class Standing:
    party: Party
    registration: Registration | None = None
    held: tuple[HeldEvent, ...] = ()
    orders: tuple[Order, ...] = ()
    """Reports that it has asked for."""
    opts: tuple[Opt, ...] = ()
