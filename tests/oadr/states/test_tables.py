"""Of each table: that it is whole, and that it can be read."""

import re
from enum import StrEnum

import pytest

from docs.traceability.machines import MACHINES
from oadr import states
from oadr.states import Machine
from oadr.wire.messages.event import EventStatus
from ven.failsafe import LINK
from vtn.model import release

every_machine = pytest.mark.parametrize("machine", MACHINES, ids=[machine.name for machine in MACHINES])


def test_every_table_is_on_the_page() -> None:
    modules = (states.registration, states.event, states.opt, states.report)
    there = {id(one) for module in modules for one in vars(module).values() if isinstance(one, Machine)}
    own = (LINK, release.RELEASE, release.COURSE)
    assert there | {id(machine) for machine in own} == {id(machine) for machine in MACHINES}


@every_machine
def test_every_state_can_be_reached_and_every_trigger_comes_somewhere(
    machine: Machine[StrEnum, StrEnum],
) -> None:
    unused = {EventStatus.NONE}  # on the wire only
    assert set(machine.states) == set(type(machine.start)) - unused
    assert {row.trigger for row in machine.rows} == set(type(machine.rows[0].trigger))


@every_machine
def test_rows_stand_together_by_state_and_say_something(machine: Machine[StrEnum, StrEnum]) -> None:
    order = [row.state for row in machine.rows]
    assert [state for count, state in enumerate(order) if not count or order[count - 1] != state] == list(
        dict.fromkeys(order)
    )
    assert all(row.says and not row.says.endswith(".") for row in machine.rows)
    assert machine.says.endswith(".")
    assert all(re.fullmatch("r[1-9][0-9]*", rule) for row in machine.rows for rule in row.rules)
