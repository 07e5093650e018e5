"""How a server notices what a command line has done: one number, read every moment."""

from sqlalchemy import select, update

from vtn.store.engine import Tx
from vtn.store.tables import changes


async def number(tx: Tx) -> int:
    return int((await tx.execute(select(changes.c.number))).scalar_one())


async def announce(tx: Tx) -> None:
    """Who has mail, or who may call, is different from now on."""
    await tx.execute(update(changes).values(number=changes.c.number + 1))
