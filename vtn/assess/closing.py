"""Into the record with what is over: the entry by which anyone can see how often, how deep and with what effect."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.charging.compliance import Compliance
from oadr.ledger.canonical import LARGEST, Value
from oadr.ledger.entry import EntryType
from oadr.ledger.scalars import write_time
from vtn.assess import gathering
from vtn.assess.outcome import Outcome, Result, outcome
from vtn.assess.reach import Reach
from vtn.model.intervention import Intervention
from vtn.store import interventions, record
from vtn.store.engine import Store

PER_ENTRY: Final = 1000
"""Chargepoints; more need another entry, since one is bounded by 2^20 bytes."""


def over(given: Iterable[Intervention], patience: timedelta, now: datetime) -> tuple[Intervention, ...]:
    """Those that have ended, whose late reports were waited for, and whose result is not yet recorded."""
    return tuple(
        one
        for one in given
        if one.outcome_at is None and (one.cancelled_at or one.latest_end) + patience <= now
    )


async def due(store: Store, patience: timedelta, now: datetime) -> tuple[Intervention, ...]:
    """The interventions whose result has to be recorded now."""
    async with store.reading() as tx:
        return over(await interventions.load(tx), patience, now)


async def close(
    store: Store, intervention: Intervention, report_every: timedelta, now: datetime
) -> Outcome | None:
    """Record the result of an intervention, once; None: it is recorded already.

    Nobody waits for the arithmetic: it is done beside the loop.
    """
    async with store.reading() as tx:
        evidence = await gathering.evidence(tx, intervention)
    found = await asyncio.to_thread(outcome, evidence, report_every, now)
    async with store.writing() as tx:
        current = await interventions.find(tx, intervention.intervention_id)
        if current is None or current.outcome_at is not None:
            return None
        for body in bodies(found):
            await record.append(tx, EntryType.OUTCOME, body, now)
        await interventions.recorded(tx, intervention.intervention_id, now)
    return found


def bodies(found: Outcome) -> tuple[Mapping[str, Value], ...]:
    """The public side of an outcome: whole numbers of small units, and chargepoints by pseudonym only.

    The figures of the fleet are in each part; usually there is one.
    """
    rows = tuple(_row(result) for result in found.results)
    parts = [rows[start : start + PER_ENTRY] for start in range(0, len(rows), PER_ENTRY)] or [()]
    fleet = _fleet(found)
    return tuple(
        {**fleet, "part": number, "parts": len(parts), "chargepoints": part}
        for number, part in enumerate(parts, start=1)
    )


def _fleet(found: Outcome) -> Mapping[str, Value]:
    summary, counts = found.summary, found.counts
    return {
        "intervention": found.intervention.intervention_id,
        "state": found.state,
        "test": found.intervention.order.is_test,
        "changes": len(found.intervention.changes),
        "start": write_time(found.intervention.order.start),
        "end": write_time(found.intervention.end),
        **{each: counts[each] for each in Reach},
        "commanded": summary.commanded,
        "already_below": summary.already_below,
        "unverifiable": summary.unverifiable,
        "failed": summary.failed,
        "compliance_permille": _whole(summary.compliance_percent, 10),
        "curtailed_wh": _whole(summary.curtailed_wh),
        "baseline": "mean power of the 15 minutes before receipt",
        "credited": summary.credited,
    }


def _row(result: Result) -> Mapping[str, Value]:
    row: dict[str, Value] = {
        "chargepoint": result.chargepoint.pseudonym,
        "reach": result.reach,
        "opt": result.opt,
        "limit_ma": None if result.limit is None else _whole(result.limit.amps, 1000),
    }
    return row if result.compliance is None else row | _judged(result.compliance)


def _judged(found: Compliance) -> dict[str, Value]:
    return {
        "acted": found.acted,
        "compliance_permille": _whole(found.compliance_percent, 10),
        "coverage_permille": _whole(found.coverage_percent, 10),
        "response_ms": None if found.response is None else found.response // timedelta(milliseconds=1),
        "overshoot_ma": _whole(found.worst_overshoot_amps, 1000),
        "over_limit_wh": _whole(found.over_limit_wh),
        "curtailed_wh": _whole(found.curtailed_wh),
        "baseline_w": _whole(found.baseline_watts),
    }


def _whole(quantity: Decimal | None, units: int = 1) -> int | None:
    """Rounded down. A broken meter's figure is cut off where the record's numbers end: it spoils no entry."""
    if quantity is None:
        return None
    return int(max(Decimal(-LARGEST), min(quantity * units, Decimal(LARGEST))))
