"""Import and export are two scales of one outlet, each from 0 to its own rating, and a limit is on one of them.

A limit is a direction, a unit and a value. The direction stands in the name of the resource that is meant:

    evse-1           what is drawn
    evse-1:export    what is fed back

or in the sign of a set point of LOAD_DISPATCH, which is the operating point of all that the event means:

    +2000 W          2000 W are drawn at most; what is fed back is left alone
    -2000 W          nothing is drawn, and 2000 W are fed back at most

A limit on import never blocks export, so a value without a sign is for the scales that the event names.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from oadr.charging.ceilings import Ceiling, Step, Together
from oadr.wire.ids import ResourceId

_SUFFIX: Final = ":export"


class Direction(StrEnum):
    """Which way electricity flows, as the site's connection sees it."""

    IMPORT = "import"
    EXPORT = "export"


def direction_of(resource_id: ResourceId) -> Direction:
    """The scale that a name stands for."""
    return Direction.EXPORT if resource_id.endswith(_SUFFIX) else Direction.IMPORT


def export_of(resource_id: ResourceId) -> ResourceId:
    """The name of the other scale of a chargepoint, whether or not that can feed back."""
    return ResourceId(resource_id + _SUFFIX)


def is_fed_back(ceiling: Ceiling) -> bool:
    """Whether it is an operating point at which power flows out of the cars."""
    return isinstance(ceiling, Together) and ceiling.value < 0


def on_scale(step: Step, direction: Direction, *, is_named: bool) -> Step:
    """What `step` orders on one scale; `is_named`: the event names the resource, and means it by no group of others."""
    return replace(step, ceilings=tuple(_on_scale(step.ceilings, direction, is_named=is_named)))


def _on_scale(ceilings: tuple[Ceiling, ...], direction: Direction, *, is_named: bool) -> Iterator[Ceiling]:
    for ceiling in ceilings:
        if is_fed_back(ceiling):
            yield Together(-ceiling.value if direction is Direction.EXPORT else Decimal(0))
        elif direction is Direction.IMPORT or is_named:
            yield ceiling
