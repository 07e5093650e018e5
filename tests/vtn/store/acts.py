"""What tests of the store do with it."""

from sqlalchemy import text

from vtn.store import changes
from vtn.store.engine import Store


async def number(store: Store) -> int:
    async with store.reading() as tx:
        return await changes.number(tx)


class Whatever(Exception):
    """Something of the caller's own."""


async def change_and(store: Store, then: BaseException | str) -> None:
    """Raise the number, and go wrong before the transaction is over."""
    async with store.writing() as tx:
        await changes.announce(tx)
        if isinstance(then, BaseException):
            raise then
        await tx.execute(text(then))
