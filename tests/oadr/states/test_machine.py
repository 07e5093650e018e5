from enum import StrEnum

import pytest

from oadr.states import Machine, OutOfTable, Row
from oadr.wire.errors import Misuse


class Door(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    LOCKED = "locked"


class Deed(StrEnum):
    PULL = "pull"
    PUSH = "push"
    LOOK = "look"


ROWS = (
    Row(Door.CLOSED, Deed.PULL, Door.OPEN, "it opens"),
    Row(Door.OPEN, Deed.PUSH, Door.CLOSED, "it closes"),
)


def door(*rows: Row[Door, Deed], anytime: frozenset[Deed] = frozenset()) -> Machine[Door, Deed]:
    return Machine(name="door", says="", start=Door.CLOSED, rows=(*ROWS, *rows), anytime=anytime)


def test_a_row_says_what_comes_of_what_happens() -> None:
    assert door().after(Door.CLOSED, Deed.PULL) is Door.OPEN
    assert door().run((Deed.PULL, Deed.PUSH, Deed.PULL)) is Door.OPEN
    assert door().run(()) is Door.CLOSED


def test_what_has_no_row_is_refused_or_a_bug_of_ours() -> None:
    assert door().maybe_after(Door.CLOSED, Deed.PUSH) is None
    with pytest.raises(OutOfTable, match="door: 'push' does not come in the state 'closed'") as caught:
        door().after(Door.CLOSED, Deed.PUSH)
    assert isinstance(caught.value, Misuse)


def test_two_rows_for_the_same_contradict_each_other() -> None:
    with pytest.raises(OutOfTable, match="two rows for 'pull' in the state 'closed'"):
        door(Row(Door.CLOSED, Deed.PULL, Door.CLOSED, "it is stuck"))


def test_a_state_that_nothing_leads_to_is_a_mistake() -> None:
    with pytest.raises(OutOfTable, match="nothing leads to 'locked'"):
        door(Row(Door.LOCKED, Deed.PULL, Door.LOCKED, "it is locked"))


def test_what_may_come_at_any_time_has_a_row_in_every_state() -> None:
    looked = tuple(Row(state, Deed.LOOK, state, "nothing happens") for state in (Door.CLOSED, Door.OPEN))
    assert door(*looked, anytime=frozenset({Deed.LOOK})).states == (Door.CLOSED, Door.OPEN)
    with pytest.raises(OutOfTable, match="no row for 'look' in the state 'open'"):
        door(looked[0], anytime=frozenset({Deed.LOOK}))
