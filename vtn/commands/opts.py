"""`vtn opts`: who has declined what, and who is out when."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vtn.commands import shown
from vtn.commands.options import ConfigFile, Json, Overrides, opened, settings
from vtn.commands.shown import Shown
from vtn.config import Settings
from vtn.model.opt import KeptOpt, is_without_effect
from vtn.store import opts as store


class Standing(StrEnum):
    IN_FORCE = "in force"
    OVER = "over"
    REPLACED = "replaced"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Known:
    kept: KeptOpt
    standing: Standing


def opts(as_json: Json = False, file: ConfigFile = None, overrides: Overrides = None) -> None:
    """What sites have said about events and in schedules, the newest first."""
    found = asyncio.run(_found(settings(file, overrides)))
    if as_json:
        shown.as_json([_opt(one) for one in found])
        return
    shown.table(
        ("site", "chargepoints", "opt", "reason", "about", "periods", "from", "to", "standing"),
        (_line(one) for one in found),
    )


async def _found(given: Settings) -> tuple[Known, ...]:
    async with opened(given) as office, office.store.reading() as tx:
        kept = await store.load(tx)
    sites: dict[str, list[KeptOpt]] = {}
    for one in kept:
        sites.setdefault(one.opt.ven_id, []).append(one)
    known = (
        Known(one, _standing(one, its[place + 1 :], office.now))
        for its in sites.values()
        for place, one in enumerate(its)
    )
    return tuple(sorted(known, key=lambda one: -one.kept.number))


def _standing(one: KeptOpt, later: Sequence[KeptOpt], now: datetime) -> Standing:
    if one.cancelled_at is not None:
        return Standing.CANCELLED
    if is_without_effect(one, later):
        return Standing.REPLACED
    ends = [period.end for period in one.opt.periods]
    is_over = bool(ends) and all(end is not None and end <= now for end in ends)
    return Standing.OVER if is_over else Standing.IN_FORCE


def _opt(one: Known) -> Shown:
    opt = one.kept.opt
    return {
        "opt_id": opt.opt_id,
        "site": opt.ven_id,
        "chargepoints": None if opt.resources is None else sorted(opt.resources),
        "opt": opt.opt,
        "reason": opt.reason,
        "event": opt.event_id,
        "programme": opt.programme,
        "periods": [
            {"start": shown.moment(period.start), "end": shown.moment(period.end)} for period in opt.periods
        ],
        "created_at": shown.moment(opt.created_at),
        "taken_at": shown.moment(one.kept.taken_at),
        "cancelled_at": shown.moment(one.kept.cancelled_at),
        "standing": one.standing,
    }


def _line(one: Known) -> tuple[str, ...]:
    opt = one.kept.opt
    ends = [period.end for period in opt.periods]
    last = max((end for end in ends if end), default=None) if None not in ends else None
    return (
        opt.ven_id,
        "all" if opt.resources is None else ", ".join(sorted(opt.resources)),
        opt.opt,
        opt.reason,
        opt.event_id or opt.programme or "every programme",
        str(len(opt.periods) or "-"),
        shown.clock(min((period.start for period in opt.periods), default=None)),
        shown.clock(last),
        one.standing,
    )
