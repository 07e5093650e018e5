"""`vtn sites reregister` and `vtn sites deregister`."""

import pytest

from oadr.ledger.entry import EntryType
from tests.vtn.commands.room import Room
from tests.vtn.commands.test_sites import S1, register
from vtn.model.wish import WishKind
from vtn.store import changes, wishes
from vtn.store.engine import Store


def wanted(room: Room) -> dict[str, str]:
    async def do(store: Store) -> dict[str, str]:
        async with store.reading() as tx:
            return {kind.value: wish.request_id for kind, wish in (await wishes.of(tx, S1)).items()}

    return room.in_store(do)


def number(room: Room) -> int:
    async def do(store: Store) -> int:
        async with store.reading() as tx:
            return await changes.number(tx)

    return room.in_store(do)


@pytest.mark.parametrize("words", [("reregister", "S1"), ("deregister", "S1", "--yes")])
def test_a_wish_is_kept_and_recorded_and_the_server_learns_of_it(room: Room, words: tuple[str, ...]) -> None:
    room.furnish()
    register(room)
    before = number(room)
    said = room.say("sites", *words, "--as", "duty engineer")
    assert said.code == 0
    assert "at its next poll" in said.out
    assert list(wanted(room)) == [words[0]]
    assert number(room) == before + 1
    entry = room.entries()[-1]
    assert entry.type is EntryType.CONFIG_CHANGE
    assert (entry.body["what"], entry.body["changed_by"]) == (f"to {words[0]}", "duty engineer")
    assert "S1" not in entry.raw.decode()


def test_the_same_wish_again_is_the_same_wish(room: Room) -> None:
    room.furnish()
    register(room)
    room.say("sites", "reregister", "S1")
    first = wanted(room)
    room.say("sites", "reregister", "S1")
    assert wanted(room) == first
    assert set(first) == {WishKind.REREGISTER}


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("reregister", "S9"), 1, "there is no site S9; see them with: vtn sites list"),
        (("reregister", "S2"), 1, "S2 is not registered"),
        (("deregister", "S2", "--yes"), 1, "S2 is not registered"),
        (
            ("deregister", "S1"),
            2,
            "there is no terminal to ask at; --yes ends the registration without asking",
        ),
        (("reregister", "S1", "--as", "two\nlines"), 2, "--as must be one line"),
    ],
)
def test_what_cannot_be_wanted_stores_nothing(
    room: Room, words: tuple[str, ...], code: int, why: str
) -> None:
    room.furnish()
    register(room)
    before = len(room.entries())
    said = room.say("sites", *words)
    assert said.code == code
    assert said.err.startswith(f"vtn: {why}")
    assert wanted(room) == {}
    assert len(room.entries()) == before
