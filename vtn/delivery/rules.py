"""Which rules hold: those of the settings, but never looser ones than were noted, unless an admin brings them.

Settings are whatever a program was started with, and whoever starts it chooses them. So the store remembers what held,
a looser rule takes an admin, and each change of the rules is an entry of the record; a looser one is an alarm as well.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from vtn.model.people import Person, Role
from vtn.model.release import Rules
from vtn.store import alarms, record, rules
from vtn.store.engine import Tx

LOOSER: Final = "looser rules"
DEFAULT: Final = Rules()
"""Hold until others are noted."""


async def holding(tx: Tx, given: Rules, person: Person | None) -> Rules:
    """For `person` now. None: somebody who has done nothing yet."""
    if person is not None and Role.ADMIN in person.roles:
        return given
    return given.no_looser_than(await rules.noted(tx) or DEFAULT)


async def in_force(tx: Tx, given: Rules, person: Person, now: datetime) -> Rules:
    """As `holding`, noted where that is this person's to do: in the transaction of what is done by them."""
    noted = replace(await rules.noted(tx) or DEFAULT, wait=given.wait)
    hold = await holding(tx, given, person)
    if hold != noted and Role.ADMIN in person.roles:
        await rules.note(tx, hold)
        body: dict[str, Value] = {
            "what": "release rules",
            "above_kw": hold.above_watts // 1000,
            "above_sites": hold.above_sites,
            "most_half_hours": hold.most_half_hours,
            "by": person.person_id,
        }
        await record.append(tx, EntryType.CONFIG_CHANGE, body, now)
    if hold != hold.no_looser_than(noted):
        text = f"{hold.above_watts // 1000} kW, {hold.above_sites} sites, {hold.most_half_hours} half-hours"
        await alarms.sound(tx, LOOSER, f"{text}, by {person.person_id}", now)
    return hold
