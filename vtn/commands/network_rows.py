"""From the rows of a file to a network; what contradicts itself is named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from certs import Sha256
from oadr.charging.electricity import Rating
from oadr.wire.ids import GroupId, ResourceId, VenId
from vtn.commands.network_cells import COLUMNS, OF_FEEDER, OF_SITE
from vtn.model.errors import Impossible
from vtn.model.network import Chargepoint, Feeder, Network, Site

MOST_NAMED: Final = 20
"""Complaints that are printed; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as text, and where it stands."""

    place: str
    cells: Mapping[str, str]


def network(rows: Iterable[Row]) -> Network:
    """All of the rows, or `Impossible`, which names each cell that is wrong."""
    gathered = _Gathered()
    for row in rows:
        gathered.take(row)
    if gathered.wrong:
        more = len(gathered.wrong) - MOST_NAMED
        rest = (f"and {more} more",) if more > 0 else ()
        raise Impossible("\n".join((*gathered.wrong[:MOST_NAMED], *rest, "nothing was imported")))
    return gathered.network()


@dataclass(slots=True)
class _Gathered:
    """What the rows so far have said, and what is wrong with them."""

    feeders: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    sites: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    owners: dict[Sha256, str] = field(default_factory=dict)
    chargepoints: dict[str, Chargepoint] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def take(self, row: Row) -> None:
        values: dict[str, Any] = {}
        for name, parse in COLUMNS.items():
            try:
                values[name] = parse(row.cells.get(name, ""))
            except ValueError as error:
                self.wrong.append(f"{row.place}: {name}: {error}")
        if len(values) == len(COLUMNS):
            self._same(row, self.feeders, "feeder", values, OF_FEEDER)
            self._same(row, self.sites, "site", values, OF_SITE)
            self._own(row, values)
            self._add(row, values)

    def _same(
        self,
        row: Row,
        known: dict[str, Mapping[str, Any]],
        key: str,
        values: Mapping[str, Any],
        names: Iterable[str],
    ) -> None:
        """What is told in several rows must be the same in each; an empty cell tells nothing."""
        before = known.get(values[key], {})
        for name in names:
            if before.get(name) and values[name] and before[name] != values[name]:
                self.wrong.append(f"{row.place}: {name}: differs from an earlier row of {values[key]}")
        known[values[key]] = {name: before.get(name) or values[name] for name in names}

    def _own(self, row: Row, values: Mapping[str, Any]) -> None:
        if (certificate := values["certificate"]) is not None:
            owner = self.owners.setdefault(certificate, values["site"])
            if owner != values["site"]:
                self.wrong.append(f"{row.place}: certificate: is {owner}'s already")

    def _add(self, row: Row, values: Mapping[str, Any]) -> None:
        resource_id = ResourceId(values["chargepoint"])
        if resource_id in self.chargepoints:
            self.wrong.append(f"{row.place}: chargepoint: {resource_id} is in an earlier row already")
        self.chargepoints[resource_id] = Chargepoint(
            resource_id=resource_id,
            ven_id=VenId(values["site"]),
            feeder_id=GroupId(values["feeder"]),
            rating=Rating(values["rated_amps"], values["phases"], values["step"]),
        )

    def network(self) -> Network:
        return Network(
            tuple(
                Feeder(
                    feeder_id=GroupId(feeder),
                    name=one["feeder_name"],
                    rating_watts=one["feeder_rating_kw"],
                    substation=one["substation"],
                )
                for feeder, one in self.feeders.items()
            ),
            tuple(
                Site(
                    ven_id=VenId(site),
                    name=one["site_name"],
                    certificate=one["certificate"],
                    signatures=one["signatures"],
                )
                for site, one in self.sites.items()
            ),
            tuple(self.chargepoints.values()),
        )
