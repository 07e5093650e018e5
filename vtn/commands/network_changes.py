"""What an import does to the network that is known already."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeVar

from vtn.model.network import Chargepoint, Feeder, Network, Site

T = TypeVar("T", Feeder, Site)
_KEYS: Final = {Feeder: "feeder_id", Site: "ven_id", Chargepoint: "resource_id"}
_NOT_SHOWN: Final = frozenset({"pseudonym"})
"""Who knew both names of a site could read the record."""


@dataclass(frozen=True, slots=True)
class Change:
    """`was` is empty for what is new."""

    kind: str
    name: str
    was: Mapping[str, str]
    now: Mapping[str, str]


def completed(found: Network, known: Network) -> Network:
    """What a file leaves empty stays as it is known."""
    return Network(
        _completed(found.feeders, known.feeders), _completed(found.sites, known.sites), found.chargepoints
    )


def changes(before: Network, after: Network) -> tuple[Change, ...]:
    return (
        *_changes("feeder", before.feeders, after.feeders),
        *_changes("site", before.sites, after.sites),
        *_changes("chargepoint", before.chargepoints, after.chargepoints),
    )


def _completed(found: tuple[T, ...], known: tuple[T, ...]) -> tuple[T, ...]:
    before = {_key(one): one for one in known}
    return tuple(replace(one, **dict(_empty(one, before.get(_key(one))))) for one in found)


def _empty(one: T, known: T | None) -> Iterable[tuple[str, Any]]:
    """The fields that only the known one has."""
    for each in fields(one):
        if known is not None and getattr(one, each.name) in (None, ""):
            yield each.name, getattr(known, each.name)


def _changes(kind: str, before: Iterable[Any], after: Iterable[Any]) -> Iterable[Change]:
    known = {_key(one): _facts(one) for one in before}
    for one in after:
        was, now = known.get(_key(one)), _facts(one)
        if was is None:
            yield Change(kind, _key(one), {}, now)
        elif was != now:
            differing = [name for name in now if was[name] != now[name]]
            yield Change(
                kind,
                _key(one),
                {name: was[name] for name in differing},
                {name: now[name] for name in differing},
            )


def _key(one: Feeder | Site | Chargepoint) -> str:
    return str(getattr(one, _KEYS[type(one)]))


def _facts(one: Feeder | Site | Chargepoint) -> Mapping[str, str]:
    facts: dict[str, str] = {}
    for each in fields(one):
        value = getattr(one, each.name)
        if each.name == "rating":
            facts |= {"amps": str(value.amps), "phases": str(value.phases), "step": str(value.step)}
        elif each.name not in _NOT_SHOWN:
            facts[each.name] = "" if value is None else str(value)
    return facts
