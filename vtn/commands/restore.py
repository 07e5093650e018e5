"""`vtn restore`: an older store takes the place of what there is, and no number in it goes back."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from vtn import clock
from vtn.commands.options import ConfigFile, Overrides, Yes, settings, somebody_is_there
from vtn.config import Settings
from vtn.model.errors import NotNow
from vtn.model.intervention import Intervention, State
from vtn.store import backup, interventions, ledger_key, migrating, restoring, witness
from vtn.store.engine import Store
from vtn.store.restoring import PutBack

OPEN = (State.PLANNED, State.RUNNING)


def restore(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", show_default=False, help="None: the database was put back by other means."
        ),
    ] = None,
    yes: Yes = False,
    file: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Put back what `vtn backup` wrote, while no server runs. Sites answer every order anew."""
    given = settings(file, overrides)
    if not yes:
        if not somebody_is_there():
            raise NotNow("restoring replaces the store; if it is to be so without a question, add --yes")
        typer.confirm(f"Replace the store with {path or 'an older one, as it is now'}?", abort=True)
    done, open_ = asyncio.run(_restored(given, path))
    typer.echo(f"The store is as it was after {done.entries} entries of its record; {done.lost} came later.")
    for one in open_:
        typer.echo(
            f"  {one.intervention_id} stands again, modification {one.modification_number}: {one.order.reason}"
        )
    typer.echo(
        "What was ordered, changed or cancelled since is not known here: sites drop orders that are missing, and hold "
        "these again. Look at them, vtn events, and cancel what is over, before: vtn serve"
    )


async def _restored(given: Settings, path: Path | None) -> tuple[PutBack, tuple[Intervention, ...]]:
    now = clock.now()
    if not (given.state / ledger_key.FILE).exists():
        raise NotNow(f"put the key of the record back first: {given.state / ledger_key.FILE}")
    key = ledger_key.load_or_make(given.state)
    if path is not None:
        await backup.bring_back(given.state, given.store, path)
    store = await Store.found(given.state, given.store)
    try:
        await migrating.bring_up(store)
        done = await restoring.put_back(store, given.state, key, now)
        async with store.reading() as tx:
            await witness.follow(tx, given.state)
            known = await interventions.load(tx)
    finally:
        await store.close()
    return done, tuple(one for one in known if one.state(now) in OPEN)
