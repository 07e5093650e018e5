"""What somebody asks of the local API, read strictly out of JSON: each key has a kind, and one too many is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from oadr.charging.signals import Programme
from oadr.opting import Period
from oadr.wire.ids import EventId, ResourceId
from oadr.wire.messages.common import OptType
from ven.daemon.refusal import Refusal
from ven.opts import Reason

LONGEST_NAME: Final = 256
MOST_PERIODS: Final = 100
MOST_NAMES: Final = 1000
FARTHEST: Final = timedelta(days=3660)
"""Periods lie within so much of now."""

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class OptOut:
    event_id: EventId
    resources: frozenset[ResourceId]
    reason: Reason
    party: str | None = None
    """Whose event it is, where several VTNs have one of that name."""


@dataclass(frozen=True, slots=True)
class OptIn:
    event_id: EventId
    resources: frozenset[ResourceId]
    party: str | None = None


@dataclass(frozen=True, slots=True)
class OptSchedule:
    periods: tuple[Period, ...]
    opt: OptType
    programme: Programme | None
    resources: frozenset[ResourceId]


@dataclass(frozen=True, slots=True)
class Boosting:
    resource_id: ResourceId
    duration: timedelta


class Fields:
    """The keys of a JSON object, each to be taken once. Everything here raises `Refusal`."""

    def __init__(self, values: Mapping[str, Any], place: str = "") -> None:
        self._left = dict(values)
        self._place = place

    def text(self, key: str, *, most: int = LONGEST_NAME) -> str:
        value = self._left.pop(key, None)
        if not isinstance(value, str) or not value.strip() or len(value) > most:
            raise self._wrong(key, f"is text of at most {most} letters, and not empty")
        return value

    def maybe_text(self, key: str) -> str | None:
        if self._left.get(key) is None:
            self._left.pop(key, None)
            return None
        return self.text(key)

    def choice(self, key: str, options: type[E], default: E) -> E:
        return self.maybe_choice(key, options) or default

    def maybe_choice(self, key: str, options: type[E]) -> E | None:
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, str) or value not in tuple(options):
            raise self._wrong(key, f"is one of {', '.join(options)}")
        return options(value)

    def minutes(self, key: str, most: int) -> timedelta:
        value = self._left.pop(key, None)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
            raise self._wrong(key, f"is a number above 0 and at most {most}")
        return timedelta(minutes=value)

    def names(self, key: str) -> frozenset[ResourceId]:
        value = self._left.pop(key, None) or []
        if not isinstance(value, list) or len(value) > MOST_NAMES:
            raise self._wrong(key, f"is a list of at most {MOST_NAMES} names")
        if not all(isinstance(one, str) and 0 < len(one) <= LONGEST_NAME for one in value):
            raise self._wrong(key, "is a list of names")
        return frozenset(ResourceId(one) for one in value)

    def objects(self, key: str, most: int) -> list["Fields"]:
        value = self._left.pop(key, None)
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise self._wrong(key, f"is a list of 1 to {most}")
        if not all(isinstance(one, dict) for one in value):
            raise self._wrong(key, "is a list of objects")
        return [Fields(one, f"{key} {count}: ") for count, one in enumerate(value, 1)]

    def moment(self, key: str, now: datetime) -> datetime:
        found = self.maybe_moment(key, now)
        if found is None:
            raise self._wrong(key, "is missing")
        return found

    def maybe_moment(self, key: str, now: datetime) -> datetime | None:
        value = self._left.pop(key, None)
        if value is None:
            return None
        try:
            found = datetime.fromisoformat(value)
            if found.tzinfo is not None and abs(found.astimezone(UTC) - now) <= FARTHEST:
                return found.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            pass
        raise self._wrong(key, "is a time with its zone, such as 2026-12-24T18:00:00Z, within ten years")

    def finish(self) -> None:
        for key in sorted(self._left):
            raise self._wrong(key, "is not known")

    def _wrong(self, key: str, what: str) -> Refusal:
        return Refusal(400, f"{self._place}{key} {what}")


def fields(raw: bytes) -> Fields:
    """Raises `Refusal` for anything but one JSON object."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "the body is not JSON as it has to be") from error
    if not isinstance(found, dict):
        raise Refusal(400, "the body has to be a JSON object")
    return Fields(found)


def opt_out(body: Fields) -> OptOut:
    found = OptOut(
        EventId(body.text("event_id")),
        body.names("resources"),
        body.choice("reason", Reason, Reason.OVERRIDE),
        body.maybe_text("party"),
    )
    body.finish()
    return found


def opt_in(body: Fields) -> OptIn:
    found = OptIn(EventId(body.text("event_id")), body.names("resources"), body.maybe_text("party"))
    body.finish()
    return found


def opt_schedule(body: Fields, now: datetime) -> OptSchedule:
    found = OptSchedule(
        tuple(_period(one, now) for one in body.objects("periods", MOST_PERIODS)),
        body.choice("opt", OptType, OptType.OPT_OUT),
        body.maybe_choice("programme", Programme),
        body.names("resources"),
    )
    body.finish()
    return found


def boosting(body: Fields, most: timedelta) -> Boosting:
    found = Boosting(
        ResourceId(body.text("resource_id")), body.minutes("minutes", int(most / timedelta(minutes=1)))
    )
    body.finish()
    return found


def _period(body: Fields, now: datetime) -> Period:
    found = Period(body.moment("start", now), body.maybe_moment("end", now))
    body.finish()
    return found


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A key that stands there twice would be read one way here and another way elsewhere."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found
