"""`vtn kill`, `vtn lift` and `vtn halts`: let go of everything, and order nothing until that is lifted."""

import asyncio
from typing import Annotated

import typer

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn import clock
from vtn.commands import account, shown, typed
from vtn.commands.options import (
    ConfigFile,
    Json,
    Overrides,
    Who,
    Yes,
    opened,
    settings,
    somebody_is_there,
)
from vtn.commands.shown import Shown
from vtn.delivery import halting
from vtn.delivery.halting import Halted
from vtn.model.errors import Impossible, NotNow
from vtn.model.halt import Halt, Scope
from vtn.model.intervention import check_reason
from vtn.store import halts as kept

Reason = Annotated[
    str, typer.Option("--reason", help="Why; it goes to the sites and into the public record.")
]


def kill(
    reason: Reason,
    feeder: Annotated[
        str | None, typer.Option("--feeder", show_default=False, help="Only what limits this feeder.")
    ] = None,
    programme: Annotated[
        Programme | None,
        typer.Option("--programme", show_default=False, help="Only what is of this programme."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All interventions.")] = False,
    yes: Yes = False,
    who: Who = "operator",
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Cancel every intervention of a feeder, of a programme, or all of them, and allow no new one.

    It can only release, so one person may do it at any time. An intervention that limits other feeders too ends there
    as well. An admin lifts it; that brings nothing back.
    """
    given = settings(file, overrides)
    check_reason(reason, typed.role(who))
    scope = _scope(feeder, programme, everything=everything)
    if not yes and not somebody_is_there():
        raise Impossible("there is no terminal to ask at; --yes does it without asking")
    if not yes and not typer.confirm(f"Let go of {scope}, and allow nothing new?", err=True):
        raise NotNow("nothing was let go")

    async def run() -> Halted:
        async with opened(given) as office:
            return await halting.kill(office.store, account.here(), scope, reason, who, clock.now())

    done = asyncio.run(run())
    if as_json:
        shown.as_json(
            {"halt": _halt(done.halt), "cancelled": [one.intervention_id for one in done.cancelled]}
        )
        return
    names = ", ".join(one.intervention_id for one in done.cancelled) or "none"
    typer.echo(f"Cancelled: {names}.")
    typer.echo(
        f"Halt {done.halt.number}: {scope}. An admin lifts it with: vtn lift {done.halt.number} --reason WHY"
    )


def lift(
    number: Annotated[int, typer.Argument(metavar="HALT", min=1, show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the public record.")],
    who: Who = "admin",
    as_json: Json = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Allow orders again where a kill switch was pulled; this takes an admin, and brings nothing back."""
    given = settings(file, overrides)
    check_reason(reason, typed.role(who))

    async def run() -> Halt:
        async with opened(given) as office:
            return await halting.lift(office.store, account.here(), number, reason, who, office.now)

    halt = asyncio.run(run())
    if as_json:
        shown.as_json(_halt(halt))
    else:
        typer.echo(f"Halt {halt.number} is lifted: {halt.scope}.")


def halts(as_json: Json = False, file: ConfigFile = None, overrides: Overrides = None) -> None:
    """The kill switches that are pulled."""
    given = settings(file, overrides)

    async def run() -> tuple[Halt, ...]:
        async with opened(given) as office, office.store.reading() as tx:
            return await kept.pulled(tx)

    found = asyncio.run(run())
    if as_json:
        shown.as_json([_halt(one) for one in found])
        return
    shown.table(
        ("halt", "of", "since", "by", "reason"),
        ((str(one.number), f"{one.scope}", shown.clock(one.since), one.by, one.reason) for one in found),
    )


def _scope(feeder: str | None, programme: Programme | None, *, everything: bool) -> Scope:
    if (feeder is not None) + (programme is not None) + everything != 1:
        raise Impossible("say of what: one of --feeder FEEDER, --programme PROGRAMME and --all")
    return Scope(feeder_id=None if feeder is None else GroupId(feeder), programme=programme)


def _halt(one: Halt) -> dict[str, Shown]:
    return {
        "halt": one.number,
        "feeder": one.scope.feeder_id,
        "programme": one.scope.programme,
        "since": shown.moment(one.since),
        "by": one.by,
        "reason": one.reason,
    }
