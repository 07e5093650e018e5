"""A state machine as a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Generic, TypeVar

from oadr.wire.errors import Misuse

State = TypeVar("State", bound=StrEnum)
Trigger = TypeVar("Trigger", bound=StrEnum)


class OutOfTable(Misuse):
    """A table that contradicts itself, or a step that it does not have: a bug of ours."""


@dataclass(frozen=True, slots=True)
class Row(Generic[State, Trigger]):
    """In `state` comes `trigger`; `after` is what it comes to, which may be the same state."""

    state: State
    trigger: Trigger
    after: State
    says: str
    """What that means to both ends, in a sentence."""
    rules: tuple[str, ...] = ()
    """The profile's numbered rules that it follows from; none: our reading."""


@dataclass(frozen=True)
class Machine(Generic[State, Trigger]):
    """Raises `OutOfTable` when it is made of rows that cannot be right."""

    name: str
    says: str
    start: State
    rows: tuple[Row[State, Trigger], ...]
    anytime: frozenset[Trigger] = frozenset()
    """What may come in every state, so that there must be a row for each."""

    def __post_init__(self) -> None:
        steps = [(row.state, row.trigger) for row in self.rows]
        for step in steps:
            if steps.count(step) > 1:
                raise OutOfTable(f"{self.name}: two rows for '{step[1]}' in the state '{step[0]}'")
        if lost := {row.state for row in self.rows} - set(self.states):
            raise OutOfTable(f"{self.name}: nothing leads to {_listed(lost)}")
        for state in self.states:
            if missing := self.anytime - {trigger for its, trigger in steps if its == state}:
                raise OutOfTable(f"{self.name}: no row for {_listed(missing)} in the state '{state}'")

    @cached_property
    def states(self) -> tuple[State, ...]:
        """All that can be reached, in the order in which the table comes to them."""
        found = [self.start]
        for state in found:  # it grows meanwhile
            for row in self.rows:
                if row.state == state and row.after not in found:
                    found.append(row.after)
        return tuple(found)

    @property
    def ends(self) -> tuple[State, ...]:
        """The states that nothing leads out of."""
        left = {row.state for row in self.rows if row.after != row.state}
        return tuple(state for state in self.states if state not in left)

    def row(self, state: State, trigger: Trigger) -> Row[State, Trigger] | None:
        return self._steps.get((state, trigger))

    def maybe_after(self, state: State, trigger: Trigger) -> State | None:
        """The state that `trigger` leads to from `state`; None: it cannot come there, and is to be refused."""
        row = self.row(state, trigger)
        return row.after if row else None

    def after(self, state: State, trigger: Trigger) -> State:
        """The state that `trigger` leads to from `state`. Raises `OutOfTable`."""
        after = self.maybe_after(state, trigger)
        if after is None:
            raise OutOfTable(f"{self.name}: '{trigger}' does not come in the state '{state}'")
        return after

    def run(self, triggers: Iterable[Trigger]) -> State:
        """The state after all of these from the start on. Raises `OutOfTable`."""
        state = self.start
        for trigger in triggers:
            state = self.after(state, trigger)
        return state

    @cached_property
    def _steps(self) -> Mapping[tuple[State, Trigger], Row[State, Trigger]]:
        return {(row.state, row.trigger): row for row in self.rows}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(f"'{name}'" for name in names))
