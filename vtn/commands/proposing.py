"""What came of an order or a change: an intervention, or a proposal that waits for a second person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import typer

from vtn.commands import listing, shown
from vtn.commands.shown import Shown
from vtn.delivery.release import Came
from vtn.model.proposal import Proposal

WAITS: Final = 3
"""Exit code: nothing is wrong, and nothing is ordered either."""


def tell(came: Came, done: str, now: datetime, *, as_json: bool, beside: Mapping[str, Shown]) -> None:
    """`done` says what was done where nobody else is needed. Raises `typer.Exit` where somebody is."""
    given, waiting = came.intervention, came.proposal
    if as_json:
        shown.as_json(
            {
                "intervention": None if given is None else listing.intervention(given, now),
                "proposal": None if waiting is None else proposal(waiting, now),
                **beside,
            }
        )
    elif given is not None:
        typer.echo(f"{given.intervention_id} {done}")
    elif waiting is not None:
        typer.echo(_waits(waiting))
    if given is None:
        raise typer.Exit(WAITS)


def proposal(one: Proposal, now: datetime) -> dict[str, Shown]:
    order = one.order
    return {
        "proposal": one.number,
        "stage": one.stage(now),
        "changes": None if one.amends is None else one.amends.intervention_id,
        "programme": order.programme,
        "feeders": list(order.feeder_ids),
        "content": listing.content(order),
        "percent": shown.number(order.percent),
        "start": shown.moment(order.start),
        "at_once": one.is_at_once,
        "seconds": None if order.is_open_ended else shown.seconds(order.duration),
        "randomise_s": shown.seconds(order.randomise),
        "test": order.is_test,
        "reason": order.reason,
        "ordered_by": order.ordered_by,
        "digest": one.digest,
        "author": one.author,
        "written_at": shown.moment(one.written_at),
        "expires_at": shown.moment(one.expires_at),
        "two_people": list(one.reasons),
        "decided_by": one.decided_by,
        "decided_at": shown.moment(one.decided_at),
        "decision": one.decision,
        "break_glass": one.broke_glass,
        "intervention": one.became,
    }


def summary(one: Proposal) -> str:
    """What is ordered, when and for whom, in a line."""
    order = one.order
    begins = "at once" if one.is_at_once else f"from {shown.clock(order.start)}"
    what = f"{', '.join(order.feeder_ids)}: {listing.content(order)} {begins}"
    return what if one.amends is None else f"change {one.amends.intervention_id} to {what}"


def _waits(one: Proposal) -> str:
    return "\n".join(
        (
            f"Nothing is ordered yet: this takes two people, since {'; '.join(one.reasons)}.",
            f"Proposal {one.number} waits until {shown.clock(one.expires_at)}. An approver releases it with: "
            f"vtn second {one.number}",
            f"Only in an emergency, with an alarm: vtn break-glass {one.number} --reason WHY",
        )
    )
