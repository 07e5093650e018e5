"""The state machines of `oadr.states` as a page: a picture and a table of each, from the rows that the code uses."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from docs.traceability.pages import table
from oadr.states import Machine, event, opt, registration, report
from ven.failsafe import LINK
from vtn.model import release

TARGET: Final = "states.md"
MACHINES: Final[tuple[Machine[Any, Any], ...]] = (
    registration.REGISTRATION,
    event.COURSE,
    event.TELLING,
    event.HOLDING,
    opt.WORD,
    opt.RANK,
    report.OFFERING,
    report.ASKING,
    report.OWING,
    LINK,
    release.RELEASE,
    release.COURSE,
)
INTRODUCTION: Final = (
    "What may happen in which state, and what comes of it, as tables that both ends follow. A table does not know "
    "whether its reader is the VEN or the VTN: it says which of the two sides of a matter it is about, where they "
    "differ. What has no row does not happen, or is refused. The pictures leave out what changes nothing. The last "
    "three are of one end alone: what a site does in silence, and how an operator's order comes to hold and ends."
)


def render() -> str:
    parts = [
        "# State machines",
        "<!-- Made by `make docs` from oadr/states, ven/failsafe.py and vtn/model/release.py. Do not edit. -->",
        INTRODUCTION,
    ]
    for machine in MACHINES:
        parts += [f"## {machine.name}", machine.says, f"```mermaid\n{_picture(machine)}\n```", _rows(machine)]
    return "\n\n".join(parts) + "\n"


def rules_cited() -> Iterator[tuple[str, str]]:
    """Each numbered rule that a machine refers to, and which machine that is."""
    for machine in MACHINES:
        for rule in re.findall(r"\br[0-9]+\b", machine.says):
            yield rule, machine.name
        for row in machine.rows:
            yield from ((rule, machine.name) for rule in row.rules)


def _picture(machine: Machine[Any, Any]) -> str:
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state}" as {_identifier(state)}' for state in machine.states]
    lines.append(f"    [*] --> {_identifier(machine.start)}")
    for state in machine.states:
        for after in machine.states:
            triggers = [row.trigger for row in machine.rows if (row.state, row.after) == (state, after)]
            if triggers and state != after:
                lines.append(f"    {_identifier(state)} --> {_identifier(after)} : {' / '.join(triggers)}")
    return "\n".join(lines)


def _identifier(state: StrEnum) -> str:
    return re.sub("[^a-z]", "_", state.name.lower())


def _rows(machine: Machine[Any, Any]) -> str:
    return table(
        ("State", "What happens", "Next", "What it means", "Rules"),
        (
            (row.state, row.trigger, _next(row.state, row.after), row.says, ", ".join(row.rules))
            for state in machine.states
            for row in machine.rows
            if row.state == state
        ),
    )


def _next(state: StrEnum, after: StrEnum) -> str:
    return f"**{after}**" if after != state else str(after)
