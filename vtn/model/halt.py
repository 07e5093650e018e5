"""The kill switch: what it lets go, and what may not be ordered until it is lifted.

It can only release. No halt ever limits anybody, and lifting one orders nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn.model.errors import NotNow
from vtn.model.intervention import Order
from vtn.model.people import PersonId

HaltId = NewType("HaltId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A feeder, a programme, or, where neither is named, everything."""

    feeder_id: GroupId | None = None
    programme: Programme | None = None

    def binds(self, order: Order) -> bool:
        """Tests too: whoever stops everything wants to hear nothing."""
        return (self.feeder_id is None or self.feeder_id in order.feeder_ids) and (
            self.programme is None or self.programme is order.programme
        )

    def __str__(self) -> str:
        if self.feeder_id is not None:
            return f"feeder {self.feeder_id}"
        return f"programme {self.programme}" if self.programme is not None else "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    number: HaltId
    scope: Scope
    since: datetime
    by: PersonId
    reason: str


def refuse_halted(order: Order, halts: tuple[Halt, ...]) -> None:
    """Raises `NotNow` for what may not be ordered now, by nobody and with no glass broken."""
    for halt in halts:
        if halt.scope.binds(order):
            raise NotNow(
                f"{halt.scope} is halted since {halt.since:%Y-%m-%d %H:%M} UTC ({halt.reason}); "
                f"an admin lifts it with: vtn lift {halt.number}"
            )
