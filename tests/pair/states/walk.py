"""A walk through a table: what an end was seen to do must be its rows, and in the end every row was seen."""

from enum import StrEnum
from typing import Generic, TypeVar

from oadr.states import Machine

State = TypeVar("State", bound=StrEnum)
Trigger = TypeVar("Trigger", bound=StrEnum)


class Walk(Generic[State, Trigger]):
    def __init__(self, machine: Machine[State, Trigger]) -> None:
        self.machine = machine
        self._taken: set[tuple[State, Trigger]] = set()

    def step(self, before: State, *triggers: Trigger, after: State) -> None:
        """These happened in turn, in the state `before`, and `after` is what was seen then."""
        state = before
        for trigger in triggers:
            self._taken.add((state, trigger))
            state = self.machine.after(state, trigger)
        happened = ", ".join(triggers)
        assert state == after, f"'{before}', then {happened}: '{after}' instead of '{state}'"

    def assert_whole(self) -> None:
        never = [
            f"{row.state}: {row.trigger}"
            for row in self.machine.rows
            if (row.state, row.trigger) not in self._taken
        ]
        assert not never, f"rows that nobody takes: {never}"
