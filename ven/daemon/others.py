"""The tables `[other.NAME]`: VTNs beside the grid operator's, an aggregator's for instance."""

from pathlib import Path
from typing import Final

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId, VenId, VtnId
from oadr.wire.signature import SignaturePolicy
from ven.config import OtherVtn
from ven.daemon.contract import agreed
from ven.daemon.table import FLAG, HTTPS, NAMES, TEXT, BadSetting, Kind, choice, inner, number
from ven.party import PLANNED

PERCENT: Final = number("1", "100", "percent")


def others(path: Path, tables: object) -> tuple[OtherVtn, ...]:
    """In the order of their names. Raises `BadSetting`."""
    place = f"{path}: other"
    if not isinstance(tables, dict) or not all(isinstance(one, dict) for one in tables.values()):
        raise BadSetting(f"{place} is written as [other.NAME], a table for each VTN")
    return tuple(_other(path, name, dict(values)) for name, values in sorted(tables.items()))


def _other(path: Path, name: str, values: dict[str, object]) -> OtherVtn:
    place = f"{path}: other.{name}"
    read = agreed(inner(values.pop("agreed", {}), f"{place}.agreed", path.parent))
    table = inner(values, place, path.parent)
    try:
        found = OtherVtn(
            name=name,
            vtn_url=table.take("vtn_url", HTTPS),
            certificate=table.file("certificate"),
            trust=table.file("trust"),
            market_contexts=table.take("market_contexts", TEXT),
            programmes=table.take("programmes", Kind(_programmes), PLANNED),
            least_percent=table.maybe("least_percent", PERCENT),
            ven_id=table.maybe("ven_id", Kind(lambda value: VenId(TEXT.read(value)))),
            vtn_id=table.maybe("vtn_id", Kind(lambda value: VtnId(TEXT.read(value)))),
            groups=frozenset(GroupId(group) for group in table.take("groups", NAMES, frozenset())),
            check_host_name=table.take("check_host_name", FLAG, True),
            signatures=table.take("signatures", choice(SignaturePolicy), SignaturePolicy.OFF),
            agreed=read,
        )
    except ValueError as error:
        raise BadSetting(f"{place}: {error}") from error
    table.finish()
    return found


def _programmes(value: object) -> frozenset[Programme]:
    names = NAMES.read(value)
    if not names or not names <= PLANNED:
        raise ValueError(
            f"must be a list of {' and '.join(sorted(PLANNED))}; emergencies are the grid operator's"
        )
    return frozenset(Programme(name) for name in names)
