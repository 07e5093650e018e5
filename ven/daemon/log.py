"""The log: for each thing that happens one line of chosen words. No message, no certificate, no registration id."""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TextIO

from ven.clock import SystemClock
from ven.daemon.config import LogForm
from ven.daemon.shown import moment, number, words
from ven.failsafe import Link
from ven.news import (
    BelowMinimum,
    ClockDoubted,
    Conflict,
    ContactLost,
    ContactMade,
    Declined,
    DeclineRefused,
    Deregistered,
    Enforced,
    EventArrived,
    EventEnded,
    FloorKept,
    FromParty,
    GaveUp,
    LinkMoved,
    News,
    PeerComplained,
    Registered,
    RegistrationRefused,
)
from ven.party import named
from ven.ven import LimitChanged, Trouble
from ven.verify import Finding

Happening = News | LimitChanged | Trouble
Field = str | float | int | bool | None
INFO: Final = "info"
WARNING: Final = "warning"


@dataclass(frozen=True, slots=True)
class Line:
    level: str
    what: str
    fields: dict[str, Field]


class Log:
    """Writes lines to a stream, as JSON or for eyes."""

    def __init__(self, form: LogForm, stream: TextIO = sys.stderr) -> None:
        for_eyes = form is LogForm.TEXT or (form is LogForm.AUTO and stream.isatty())
        self._stream = stream
        self._written = _for_eyes(colours=stream.isatty()) if for_eyes else _as_json

    def write(self, line: Line) -> None:
        fields = {
            name: words(value) if isinstance(value, str) else value for name, value in line.fields.items()
        }
        at = SystemClock().now().isoformat().replace("+00:00", "Z")
        told = {**fields, "event": words(line.what), "level": line.level, "timestamp": at}
        with suppress(OSError):  # whoever reads the log may be gone; control goes on
            self._stream.write(f"{self._written(told)}\n")
            self._stream.flush()

    def info(self, what: str, **fields: Field) -> None:
        self.write(Line(INFO, what, fields))

    def warning(self, what: str, **fields: Field) -> None:
        self.write(Line(WARNING, what, fields))


def _as_json(told: Mapping[str, Field]) -> str:
    return json.dumps(told, ensure_ascii=False)


def _for_eyes(*, colours: bool) -> Callable[[Mapping[str, Field]], str]:
    """As structlog has it. It brings megabytes along, which a program without a terminal is spared."""
    import structlog

    renderer = structlog.dev.ConsoleRenderer(colors=colours)
    return lambda told: str(renderer(None, "", dict(told)))


def line(item: Happening) -> Line:
    """What is said of `item`: the fields named here and no others."""
    match item:
        case LimitChanged():
            return _limit(item)
        case EventArrived():
            return _event(item)
        case EventEnded(event_id, implied):
            return Line(
                INFO, "event ended", {"event_id": event_id, "how": "missing" if implied else "cancelled"}
            )
        case Declined(event_id, resources):
            return Line(
                INFO, "declined", {"event_id": event_id, "chargepoints": ", ".join(sorted(resources))}
            )
        case DeclineRefused(event_id, why):
            return Line(WARNING, "cannot be declined", {"event_id": event_id, "why": why})
        case ClockDoubted(event_id, off_by):
            seconds = round(off_by.total_seconds())
            return Line(WARNING, "the clock is wrong", {"event_id": event_id, "ahead_by_seconds": seconds})
        case Registered(ven_id, _, vtn_id, anew):
            return Line(INFO, "registered", {"ven_id": ven_id, "vtn_id": vtn_id, "anew": anew})
        case RegistrationRefused(code, why):
            return Line(WARNING, "registration refused", {"code": code, "why": why})
        case Deregistered(why):
            return Line(WARNING, "registration ended", {"why": why})
        case PeerComplained(about, code, why):
            return Line(WARNING, "the VTN complains", {"about": about, "code": code, "why": why})
        case GaveUp(about):
            return Line(WARNING, "an answer was given up", {"about": about})
        case ContactLost(why):
            return Line(WARNING, "contact lost", {"why": why})
        case ContactMade():
            return Line(INFO, "contact made", {})
        case Enforced(resource_id, finding, measure, excess):
            level = (
                INFO if item.finding in (Finding.HOLDS, Finding.ALREADY_BELOW, Finding.SETTLING) else WARNING
            )
            fields: dict[str, Field] = {"chargepoint": resource_id, "measure": measure.name.lower()}
            return Line(
                level, f"the limit: {finding}", fields | ({"excess_amps": number(excess)} if excess else {})
            )
        case BelowMinimum():
            return _below_minimum(item)
        case FloorKept(resource_id, because, ordered, kept):
            fields = {"chargepoint": resource_id, "because": because}
            return Line(
                INFO, "authority_floor", fields | {"ordered_amps": number(ordered), "amps": number(kept)}
            )
        case LinkMoved(before, after):
            is_well = after in (Link.LIMITED, Link.CONTROLLED)
            return Line(INFO if is_well else WARNING, "link", {"before": before, "after": after})
        case Conflict():
            return _conflict(item)
        case FromParty(party, news):
            said = line(news)
            return Line(said.level, said.what, {**said.fields, "party": party})
        case Trouble(what):
            return Line(WARNING, what, {})


def _limit(change: LimitChanged) -> Line:
    limit = change.limit
    if limit is None:
        return Line(INFO, "no limit", {"chargepoint": change.resource_id})
    return Line(
        INFO,
        "limit",
        {
            "chargepoint": change.resource_id,
            "amps": number(limit.amps),
            "percent": number(limit.percent),
            **({"phases": limit.phases} if limit.phases else {}),
            "source": limit.source,
            **({"party": limit.party} if limit.party else {}),
            "because": limit.because,
            "until": moment(limit.until),
        },
    )


def _below_minimum(news: BelowMinimum) -> Line:
    found = news.undercut
    fields: dict[str, Field] = {
        "chargepoint": news.resource_id,
        "because": news.because,
        "owed_watts": number(found.owed),
        "commanded_watts": number(found.commanded),
        "cause": found.cause,
    }
    return Line(WARNING, "below_minimum", fields)


def _conflict(news: Conflict) -> Line:
    """What holds, and beside it what somebody else wants."""
    holds, *others = news.limits
    wanted = (f"{number(one.amps):g} A by {named(one.party)} for {one.because}" for one in others)
    fields: dict[str, Field] = {
        "chargepoint": news.resource_id,
        "amps": number(holds.amps),
        "party": named(holds.party),
        "because": holds.because,
        "beside": ", ".join(wanted),
    }
    return Line(WARNING, "two VTNs order at once, the smaller limit holds", fields)


def _event(news: EventArrived) -> Line:
    held = news.held
    return Line(
        INFO if held.obeyed else WARNING,
        "event",
        {
            "event_id": held.event.event_id,
            "modification": held.modification_number,
            "start": moment(held.start),
            "end": moment(held.end),
            "answer": held.opt,
            "code": held.code,
            "why": held.why,
        },
    )
