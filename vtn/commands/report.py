"""`vtn report`: who complied with an intervention, how fast, and how much load it took off."""

import asyncio
from typing import Annotated

import typer

from oadr.charging.compliance import Compliance
from vtn.assess import gathering
from vtn.assess.outcome import Outcome, Result, outcome
from vtn.assess.reach import Reach
from vtn.commands import listing, shown
from vtn.commands.options import ConfigFile, Json, Overrides, opened, settings
from vtn.commands.shown import Shown
from vtn.config import Settings
from vtn.model.errors import NotNow
from vtn.store import interventions


def report(
    intervention: Annotated[str, typer.Argument(metavar="INTERVENTION")],
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """What an intervention did, or has done so far: each chargepoint, and all together."""
    found = asyncio.run(_found(settings(file, overrides), intervention))
    if as_json:
        shown.as_json(_report(found))
        return
    order = found.intervention.order
    typer.echo(
        f"{found.intervention.intervention_id}, {found.state}: {', '.join(order.feeder_ids)} to "
        f"{listing.what(order)} from {shown.clock(order.start)} to {listing.end(found.intervention)}"
        f"\nbecause {shown.words(order.reason)}"
    )
    for number, change in enumerate(found.intervention.changes, start=1):
        typer.echo(
            f"change {number}, {shown.clock(change.at)}: no longer {listing.content(change.before)}, "
            f"because {shown.words(change.reason)}"
        )
    shown.table(
        (
            "chargepoint",
            "site",
            "answer",
            "acted",
            "limit A",
            "held %",
            "measured %",
            "after s",
            "worst +A",
            "curtailed Wh",
        ),
        (_line(result) for result in found.results),
    )
    typer.echo("\n".join(_sentences(found)))


async def _found(given: Settings, intervention_id: str) -> Outcome:
    async with opened(given) as office, office.store.reading() as tx:
        found = await interventions.find(tx, intervention_id)
        if found is None:
            raise NotNow(f"there is no intervention {intervention_id}; see them with: vtn events")
        evidence = await gathering.evidence(tx, found)
    return outcome(evidence, given.report_every, office.now)


def _sentences(found: Outcome) -> list[str]:
    summary, counts = found.summary, found.counts
    lines = [
        ", ".join(f"{counts[each]} {each}" for each in Reach),
        f"{summary.commanded} came down, {summary.already_below} were below already, {summary.failed} failed, "
        f"{summary.unverifiable} cannot be verified",
    ]
    if summary.compliance_percent is not None:
        lines.append(f"The limit held for {shown.plain(summary.compliance_percent)} % of the measured time.")
    if found.relief_watts is not None and summary.curtailed_wh is not None:
        lines.append(
            f"It took off {shown.kilowatts(found.relief_watts)} kW in the mean, "
            f"{shown.kilowatts(summary.curtailed_wh)} kWh, against the 15 minutes before, "
            f"by the meters of {summary.credited} chargepoints."
        )
    if (why := found.intervention.word.broke_glass) is not None:
        lines.insert(0, shown.words(f"BREAK-GLASS: released by one person alone: {why}"))
    silent = [one.chargepoint.resource_id for one in found.results if one.reach is Reach.SILENT]
    if silent:
        lines.append(shown.words(f"Not reached: {', '.join(silent)}"))
    if found.intervention.order.written is not None:
        lines.append("A written event is not judged: it says other things than a share of the rated current.")
    elif found.intervention.changes:
        lines.append("Until a site had answered a change, the milder limit was what counted.")
    recorded = found.intervention.outcome_at
    lines.append(f"In the record since {shown.clock(recorded)}." if recorded else "Not yet in the record.")
    return lines


def _line(result: Result) -> tuple[str, ...]:
    found = result.compliance
    return (
        result.chargepoint.resource_id,
        result.chargepoint.ven_id,
        result.reach,
        "-" if found is None else found.acted.replace("_", " "),
        shown.plain(result.limit.amps if result.limit else None),
        shown.plain(found.compliance_percent if found else None),
        shown.plain(found.coverage_percent if found else None),
        f"{found.response.total_seconds():.0f}" if found and found.response is not None else "-",
        shown.plain(found.worst_overshoot_amps if found else None),
        shown.plain(found.curtailed_wh if found else None),
    )


def _report(found: Outcome) -> Shown:
    summary, counts = found.summary, found.counts
    return {
        **listing.intervention(found.intervention, found.at),
        "at": shown.moment(found.at),
        "summary": {
            **{each: counts[each] for each in Reach},
            "commanded": summary.commanded,
            "already_below": summary.already_below,
            "unverifiable": summary.unverifiable,
            "failed": summary.failed,
            "compliance_percent": shown.number(summary.compliance_percent),
            "relief_w": shown.number(found.relief_watts),
            "curtailed_wh": shown.number(summary.curtailed_wh),
            "credited": summary.credited,
            "returning_w": shown.number(found.returning_watts),
        },
        "chargepoints": [_result(result) for result in found.results],
    }


def _result(result: Result) -> Shown:
    return {
        "chargepoint": result.chargepoint.resource_id,
        "site": result.chargepoint.ven_id,
        "reach": result.reach,
        "opt": result.opt,
        "opt_reason": result.why,
        "offered_at": shown.moment(result.offered_at),
        "answered_at": shown.moment(result.answered_at),
        "limit_a": shown.number(result.limit.amps if result.limit else None),
        "compliance": None if result.compliance is None else _compliance(result.compliance),
    }


def _compliance(found: Compliance) -> Shown:
    return {
        "acted": found.acted,
        "compliance_percent": shown.number(found.compliance_percent),
        "coverage_percent": shown.number(found.coverage_percent),
        "response_s": shown.seconds(found.response),
        "worst_overshoot_a": shown.number(found.worst_overshoot_amps),
        "over_limit_wh": shown.number(found.over_limit_wh),
        "longest_excursion_s": shown.seconds(found.longest_excursion),
        "baseline_w": shown.number(found.baseline_watts),
        "curtailed_wh": shown.number(found.curtailed_wh),
    }
