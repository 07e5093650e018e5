"""A preview, for people and for programs."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import typer

from vtn.assess.preview import Preview, Row, Standing
from vtn.commands import account, shown
from vtn.commands.options import Office
from vtn.commands.shown import Shown
from vtn.delivery.weighing import Weighed
from vtn.model.intervention import Intervention, InterventionId, Order
from vtn.model.rarity import Counter
from vtn.service.foresight import Asker, Foreseen, foresee

FUTILE: Final = "This signal would deliver no benefit."
UNCERTAIN: Final = "Not enough is known: more than 30 % of the chargepoints are offline or not measured."
MOST_SHOWN: Final = 20


async def of(
    office: Office,
    order: Order,
    *,
    need: Decimal | None = None,
    with_steps: bool = False,
    before: InterventionId | None = None,
) -> Foreseen:
    """For whoever types. `need` is in W, `before` what the order would take the place of."""
    terms, rules = office.settings.terms, office.settings.rules
    asker = Asker(account=account.here(), terms=terms, rules=rules, now=office.now)
    async with office.store.reading() as tx:
        return await foresee(tx, asker, order, need=need, with_steps=with_steps, before=before)


def show(foreseen: Foreseen) -> None:
    if foreseen.preview is not None:
        _show(foreseen.preview, foreseen.steps)
    for text in (*foreseen.warnings, *_notes(foreseen.weighed)):
        typer.echo(f"NOTE: {text}")


def _show(found: Preview, steps: tuple[Preview, ...]) -> None:
    counts = found.counts
    typer.echo(
        f"{len(found.rows)} chargepoints: "
        + ", ".join(f"{counts[each]} {_words(each)}" for each in Standing if counts[each])
    )
    typer.echo(
        f"They draw {shown.kilowatts(found.watts_now)} kW now; {shown.plain(found.percent)} % would take off "
        f"{shown.kilowatts(found.expected)} kW ({shown.kilowatts(found.lower)} to {shown.kilowatts(found.upper)} kW)."
    )
    shown.table(
        ("chargepoint", "site", "class", "now kW", "limit A", "limit %", "relief kW"),
        (_line(row) for row in _largest(found)),
    )
    if len(found.rows) > MOST_SHOWN:
        typer.echo(f"and {len(found.rows) - MOST_SHOWN} more: --json names them all")
    if steps:
        shown.table(
            ("percent", "expected kW", "at most kW"),
            (
                (shown.plain(one.percent), shown.kilowatts(one.expected), shown.kilowatts(one.upper))
                for one in steps
            ),
        )
    for text in _verdicts(found):
        typer.echo(f"NOTE: {text}")


def _notes(weighed: Weighed) -> Iterable[str]:
    """What stands in its way, and whose word it needs."""
    for other in weighed.conflicts:
        yield f"{_conflict(other)}: this would be refused."
    for halt in weighed.halts:
        yield f"{halt.scope} is halted ({halt.reason}): this would be refused."
    for text in weighed.reasons:
        yield f"A second person is needed: {text}."


def as_json(foreseen: Foreseen) -> dict[str, Shown]:
    told = {} if foreseen.preview is None else _preview(foreseen.preview, foreseen.steps)
    return {**told, "warnings": list(foreseen.warnings), **_at_stake(foreseen.weighed)}


def _preview(found: Preview, steps: tuple[Preview, ...]) -> dict[str, Shown]:
    return {
        "percent": shown.number(found.percent),
        "counts": {each: found.counts[each] for each in Standing},
        "power_now_w": shown.number(found.watts_now),
        "expected_w": shown.number(found.expected),
        "lower_w": shown.number(found.lower),
        "upper_w": shown.number(found.upper),
        "need_w": shown.number(found.need),
        "futile": found.is_futile,
        "uncertain": found.is_uncertain,
        "chargepoints": [_row(row) for row in found.rows],
        "curve": [
            {
                "percent": shown.number(one.percent),
                "expected_w": shown.number(one.expected),
                "upper_w": shown.number(one.upper),
            }
            for one in steps
        ],
    }


def _at_stake(weighed: Weighed) -> dict[str, Shown]:
    """What hangs on an order, and what stands in its way."""
    return {
        "at_stake_w": shown.number(weighed.facts.watts),
        "sites": weighed.facts.sites,
        "whole_substations": list(weighed.facts.substations),
        "half_hours": [_counter(one) for one in weighed.counters],
        "conflicts": [one.intervention_id for one in weighed.conflicts],
        "halts": [halt.number for halt in weighed.halts],
        "two_people": list(weighed.reasons),
    }


def _counter(one: Counter) -> Shown:
    return {"feeder": one.feeder_id, "so_far": one.so_far, "with_it": one.with_it, "most": one.most}


def _conflict(other: Intervention) -> str:
    until = "its cancellation" if other.order.is_open_ended else shown.clock(other.latest_end)
    return f"{other.intervention_id} limits {', '.join(other.order.feeder_ids)} in the same programme until {until}"


def _largest(found: Preview) -> list[Row]:
    """Who would give most stands first; a screen has no room for a district."""
    return sorted(found.rows, key=lambda row: -row.relief)[:MOST_SHOWN]


def _verdicts(found: Preview) -> Iterable[str]:
    if found.is_uncertain:
        yield UNCERTAIN
    if found.is_futile:
        yield FUTILE


def _row(row: Row) -> Shown:
    return {
        "chargepoint": row.chargepoint.resource_id,
        "site": row.chargepoint.ven_id,
        "feeder": row.chargepoint.feeder_id,
        "class": row.standing,
        "power_now_w": shown.number(row.watts),
        "limit_a": shown.number(row.limit.amps),
        "limit_percent": shown.number(row.limit.percent),
        "relief_w": shown.number(row.relief),
    }


def _line(row: Row) -> tuple[str, ...]:
    return (
        row.chargepoint.resource_id,
        row.chargepoint.ven_id,
        _words(row.standing),
        shown.kilowatts(row.watts),
        shown.plain(row.limit.amps),
        shown.plain(row.limit.percent),
        shown.kilowatts(row.relief),
    )


def _words(standing: Standing) -> str:
    return standing.replace("_", " ")
