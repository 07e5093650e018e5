"""A chargepoint that can feed back is two outlets, one for each scale: each has a limit, a name and readings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from oadr.charging.electricity import Rating
from oadr.charging.limit import Limit
from oadr.charging.scale import Direction, direction_of, export_of
from oadr.wire.ids import ResourceId
from ven.driver import Bidirectional, Chargepoint


@dataclass(frozen=True, slots=True)
class ExportOutlet:
    """The other way. It is not switched off, nor told in another manner: both would end the charging as well."""

    chargepoint: Bidirectional

    @property
    def resource_id(self) -> ResourceId:
        return export_of(self.chargepoint.resource_id)

    @property
    def rating(self) -> Rating:
        return self.chargepoint.export_rating

    async def apply(self, limit: Limit | None) -> None:
        await self.chargepoint.apply_export(limit)


def outlets(chargepoints: Iterable[Chargepoint]) -> Iterator[Chargepoint]:
    """Each chargepoint, and beside it the other way of one that has one.

    Raises `ValueError` for a name that would be taken for a scale of another chargepoint.
    """
    for one in chargepoints:
        if direction_of(one.resource_id) is Direction.EXPORT:
            raise ValueError(f"{one.resource_id} is the name of an export scale, not of a chargepoint")
        yield one
        if isinstance(one, Bidirectional):
            yield ExportOutlet(one)


def behind(outlet: Chargepoint) -> Chargepoint:
    """The chargepoint that an outlet is one way of; its meter counts both."""
    return outlet.chargepoint if isinstance(outlet, ExportOutlet) else outlet
