"""What an intervention did: the figures of `vtn report`."""

import asyncio
from typing import Final

from oadr.charging.compliance import Acted, Compliance
from oadr.wire.messages.common import OptType
from vtn.api import orders as forms
from vtn.api.forms import Form, Moment, Name, Nothing, number, seconds
from vtn.api.orders import Intervention
from vtn.api.paging import Table
from vtn.api.problems import unknown
from vtn.api.route import Answer, AnyRoute, Call, Reply, Route
from vtn.api.table import Rows
from vtn.assess import gathering
from vtn.assess.outcome import Outcome, Result, outcome
from vtn.assess.reach import Reach
from vtn.model.keys import KeyScope
from vtn.store import interventions

TAG: Final = "Interventions"


class Summary(Form):
    acknowledged: int
    declined: int
    reached: int
    silent: int
    commanded: int
    """Chargepoints that came down to the limit."""
    already_below: int
    unverifiable: int
    failed: int
    compliance_percent: float | None
    """Of the measured time, in which the limit held."""
    relief_w: float | None
    """In the mean, against the 15 minutes before."""
    curtailed_wh: float | None
    credited: int
    """Chargepoints by whose meters that is known."""
    returning_w: float | None
    """What comes back if it ends now."""


class Held(Form):
    acted: Acted
    compliance_percent: float | None
    coverage_percent: float | None
    response_s: float | None
    worst_overshoot_a: float | None
    over_limit_wh: float | None
    longest_excursion_s: float | None
    baseline_w: float | None
    curtailed_wh: float | None


class Judged(Form):
    chargepoint: str
    site: str
    reach: Reach
    opt: OptType | None
    opt_reason: str | None
    offered_at: Moment | None
    answered_at: Moment | None
    limit_a: float | None
    compliance: Held | None
    """Null: not judged."""


class Report(Rows):
    rows_in = "chargepoints"

    intervention: Intervention
    at: Moment
    summary: Summary
    chargepoints: tuple[Judged, ...]


class Asked(Table):
    intervention: Name


async def report(call: Call, asked: Asked, _: Nothing) -> Reply:
    async with call.store.reading() as tx:
        found = await interventions.find(tx, asked.intervention)
        if found is None:
            raise unknown(f"intervention {asked.intervention}")
        evidence = await gathering.evidence(tx, found)
    every = call.office.settings.report_every
    return Reply(form=_report(await asyncio.to_thread(outcome, evidence, every, call.now)))


def _report(found: Outcome) -> Report:
    return Report(
        intervention=forms.intervention(found.intervention, found.at),
        at=found.at,
        summary=_summary(found),
        chargepoints=tuple(_judged(one) for one in found.results),
    )


def _summary(found: Outcome) -> Summary:
    summary, counts = found.summary, found.counts
    return Summary(
        **{each.value: counts[each] for each in Reach},
        commanded=summary.commanded,
        already_below=summary.already_below,
        unverifiable=summary.unverifiable,
        failed=summary.failed,
        compliance_percent=number(summary.compliance_percent),
        relief_w=number(found.relief_watts),
        curtailed_wh=number(summary.curtailed_wh),
        credited=summary.credited,
        returning_w=number(found.returning_watts),
    )


def _judged(one: Result) -> Judged:
    return Judged(
        chargepoint=one.chargepoint.resource_id,
        site=one.chargepoint.ven_id,
        reach=one.reach,
        opt=one.opt,
        opt_reason=one.why,
        offered_at=one.offered_at,
        answered_at=one.answered_at,
        limit_a=number(one.limit.amps if one.limit else None),
        compliance=None if one.compliance is None else _held(one.compliance),
    )


def _held(found: Compliance) -> Held:
    return Held(
        acted=found.acted,
        compliance_percent=number(found.compliance_percent),
        coverage_percent=number(found.coverage_percent),
        response_s=seconds(found.response),
        worst_overshoot_a=number(found.worst_overshoot_amps),
        over_limit_wh=number(found.over_limit_wh),
        longest_excursion_s=seconds(found.longest_excursion),
        baseline_w=number(found.baseline_watts),
        curtailed_wh=number(found.curtailed_wh),
    )


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        method="GET",
        path="/interventions/{intervention}/report",
        name="reportIntervention",
        summary="Who complied, how fast, and how much load it took off, or has so far",
        tag=TAG,
        scopes=(KeyScope.READ,),
        asked=Asked,
        body=Nothing,
        handle=report,
        answers=(Answer(status=200, says="The report.", form=Report),),
    ),
)
