"""Who may order what here: the grid operator, and beside it others, each with a role and a floor of its own. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NewType

from oadr.charging.signals import Programme
from oadr.wire.errors import Refused, ResponseCode

Party = NewType("Party", str)
"""The name that the settings of a site give to one of its VTNs."""
GRID_OPERATOR: Final = Party("")
"""The only one that limits in emergencies, and the one whose silence counts."""
DSO: Final = "dso"
"""The grid operator's name where others stand beside it; nobody else's."""
PLANNED: Final = frozenset({Programme.LOAD_SHIFT, Programme.PRICE})
"""What an aggregator or a supplier may order: all that the people of a site may decline."""


@dataclass(frozen=True, slots=True)
class Role:
    """What one party may order at this site."""

    party: Party = GRID_OPERATOR
    programmes: frozenset[Programme] = frozenset(Programme)
    least: Decimal | None = None
    """Percent of the rated current, and 6 A at the least, below which nothing that it orders limits anybody."""

    def check(self, programme: Programme) -> None:
        """Raises `Refused` (451) for what is not this party's to order."""
        if programme not in self.programmes:
            raise Refused(f"{programme} is not yours to order at this site", ResponseCode.NOT_ALLOWED)


def named(party: str) -> str:
    """For people and for programs."""
    return party or DSO
