"""The people of a home: they want to charge now, or not to follow a load shift; and what they may then expect."""

from datetime import datetime, timedelta
from random import Random
from typing import Final

from oadr.charging.signals import Programme
from oadr.wire.ids import EventId, ResourceId
from ven import Ven, calendar_form
from ven.calendar import Calendar
from ven.opts import CannotDecline

HOURS_PERCENT: Final = 70
HOURS: Final = f"""zone = "Europe/London"

[[import]]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
slots = {{ "00:00" = {HOURS_PERCENT} }}
"""
"""The same at every hour: the clocks of the street go wrong, and hours are shown elsewhere."""
BOOST: Final = timedelta(minutes=4)


class Driver:
    def __init__(self, random: Random) -> None:
        self._random = random
        self.calendar: Calendar | None = calendar_form.read(HOURS) if random.random() < 0.2 else None
        self.boosted_until: datetime | None = None
        self.declined: set[EventId] = set()

    def is_boosted(self, now: datetime) -> bool:
        """A second more: what a boost has masked is back at once when it ends."""
        return self.boosted_until is not None and now <= self.boosted_until + timedelta(seconds=1)

    async def wish(self, ven: Ven, outlet: ResourceId, now: datetime) -> str:
        """One wish; what it came to."""
        shifts = [
            each for each in ven.memory.held if each.programme is Programme.LOAD_SHIFT and not each.declined
        ]
        if not shifts or self._random.random() < 0.5:
            self.boosted_until = now + BOOST  # before it is asked for: it acts at once, while others look
            await ven.boost(outlet, BOOST)
            return "wants to charge now"
        chosen = self._random.choice(shifts).event.event_id
        self.declined.add(chosen)
        try:
            await ven.opt_out(chosen)
        except CannotDecline as refusal:
            return f"may not decline {chosen}: {refusal}"
        return f"declines {chosen}"
