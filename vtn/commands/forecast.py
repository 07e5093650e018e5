"""A preview, for people and for programs."""

from collections.abc import Iterable
from typing import Final

import typer

from vtn.assess.preview import Preview, Row, Standing
from vtn.commands import shown
from vtn.commands.shown import Shown

FUTILE: Final = "This signal would deliver no benefit."
UNCERTAIN: Final = "Not enough is known: more than 30 % of the chargepoints are offline or not measured."
MOST_SHOWN: Final = 20


def show(found: Preview, steps: tuple[Preview, ...], warnings: Iterable[str]) -> None:
    """`steps` are the previews of other percents; empty: not asked for."""
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
    for text in (*_verdicts(found), *warnings):
        typer.echo(f"NOTE: {text}")


def as_json(found: Preview, steps: tuple[Preview, ...], warnings: Iterable[str]) -> dict[str, Shown]:
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
        "warnings": list(warnings),
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
