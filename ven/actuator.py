"""Carries the newest limit to one chargepoint, and keeps at it until the charger has taken it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from enum import Enum, auto
from typing import Final

from oadr.charging.limit import Limit
from ven.driver import Chargepoint, Phased, Switchable, Versatile
from ven.verify import Measure

DEADLINE: Final = 5.0
RETRY_AFTER: Final = 1.0
"""Seconds: how long a charger may take, and the pause before it is asked again."""
GRACE: Final = 0.02
"""Seconds that a driver has to let go of a call that was cancelled, before the next one is made."""
MAX_STUCK: Final = 5
"""Calls that may hang for good; a driver with so many is not called again until one comes back."""


class Supply(Enum):
    """The outlet's, as far as it was switched from here; one that cannot be switched is on."""

    UNKNOWN = auto()
    ON = auto()
    OFF = auto()


class Actuator:
    """The latest wish wins: one that was overtaken while the charger was busy is abandoned at once."""

    def __init__(
        self,
        chargepoint: Chargepoint,
        tell: Callable[[str], None] = lambda _: None,
        *,
        phase_switch: bool = False,
    ) -> None:
        """`tell` hears each new trouble once; `phase_switch`: more phases may come while a car is plugged in."""
        self.chargepoint = chargepoint
        self.wanted: Limit | None = None
        self.measure = Measure.ASK
        self.phases: int | None = None
        """On how many it should charge; None: it is not asked to change them."""
        self.applied = False
        self.trouble: str | None = None
        self.at_most = chargepoint.rating.amps
        """A per phase that the charger may draw: by what it took last, or by what it was asked for since."""
        self._tell = tell
        self._phase_switch = phase_switch
        self._phases: int | None = None
        """As it was told last; None: not known."""
        self._is_asked = False
        self._supply = Supply.ON if not isinstance(chargepoint, Switchable) else Supply.UNKNOWN
        self._asked_at = 0.0
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()
        self._calls: set[asyncio.Task[None]] = set()

    def left_off(self) -> None:
        """An outlet that the program before this one has switched off, and that is not to be switched on at once."""
        if isinstance(self.chargepoint, Switchable):
            self._supply = Supply.OFF

    def want(self, limit: Limit | None, measure: Measure = Measure.ASK, phases: int | None = None) -> bool:
        """Ask for `limit`, as insistently as `measure`; False if that is what was wanted already."""
        wish = (limit, measure, phases)
        if self._is_asked and wish == (self.wanted, self.measure, self.phases):
            return False
        self.wanted, self.measure, self.phases = wish
        self._is_asked = True
        self.at_most = max(self.at_most, self._wanted_amps)
        self._asked_at = asyncio.get_running_loop().time()
        self._ask()
        return True

    @property
    def is_waiting(self) -> bool:
        """The charger has not taken the newest wish yet."""
        return self._is_asked and not self.applied

    @property
    def waits(self) -> float:
        """Seconds since the newest wish, as long as the charger has not taken it; else 0."""
        return asyncio.get_running_loop().time() - self._asked_at if self.is_waiting else 0.0

    @property
    def _wanted_amps(self) -> Decimal:
        return self.wanted.amps if self.wanted else self.chargepoint.rating.amps

    async def settled(self) -> None:
        """Returns when the newest wish has been taken by the charger."""
        await self._settled.wait()

    async def run(self) -> None:
        """Apply wishes for ever. A charger's failure is remembered, never raised: the limit stays wanted."""
        if self._is_asked and not self.applied:
            self._changed.set()
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                failure = await self._call(self.wanted, self.measure)
                if self._changed.is_set():
                    continue
                self._note(failure)
                if failure is None:
                    self.applied, self.at_most = True, self._wanted_amps
                    self._settled.set()
                else:
                    await self._pause()
        finally:
            for call in self._calls:
                call.cancel()

    def _ask(self) -> None:
        self.applied = False
        self._settled.clear()
        self._changed.set()

    async def _call(self, limit: Limit | None, measure: Measure) -> str | None:
        """One attempt, cut short by a newer wish; what went wrong, or None."""
        if len(self._calls) >= MAX_STUCK:
            return "the driver does not return"
        call = asyncio.create_task(self._attempt(limit, measure))
        self._calls.add(call)
        newer = asyncio.create_task(self._changed.wait())
        try:
            await asyncio.wait((call, newer), timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            newer.cancel()
        if call.done():
            self._calls.discard(call)
            return _outcome(call)
        call.cancel()
        await asyncio.wait((call,), timeout=GRACE)
        if call.done():
            self._calls.discard(call)
            _outcome(call)
        else:  # it may still write its old limit: when it has, the newest is sent again
            call.add_done_callback(self._came_late)
        return f"no answer within {DEADLINE:g} s"

    async def _attempt(self, limit: Limit | None, measure: Measure) -> None:
        """The limit, and the supply: off as the last resort, on again only once the charger has its limit.

        An outlet that somebody may have switched off before we started is switched on, once.
        """
        point = self.chargepoint
        if isinstance(point, Switchable) and (measure is Measure.DISABLE or self._stays_off(measure)):
            self._supply = Supply.OFF
            await point.disable()
            return
        phases = self.phases
        refusal = await self._use_fewer(phases)
        if refusal and limit is not None:  # its amps are meant for fewer phases, so there are none
            limit = replace(limit, amps=Decimal(0), percent=Decimal(0))
        if limit is not None and measure >= Measure.OTHER_METHOD and isinstance(point, Versatile):
            await _apply_otherwise(point, limit, measure)
        else:
            await point.apply(limit)
        if refusal:
            raise refusal
        await self._use_more(phases)
        if isinstance(point, Switchable) and self._supply is not Supply.ON:
            await point.enable()
            self._supply = Supply.ON

    async def _use_fewer(self, phases: int | None) -> Exception | None:
        """Before the amps that they make room for; what went wrong, or None."""
        point = self.chargepoint
        if not isinstance(point, Phased) or phases is None or phases >= (self._phases or point.rating.phases):
            return None
        self._phases = None
        try:
            await point.use_phases(phases, at_once=True)
        except Exception as error:  # whatever a driver raises is its own trouble, and told as such
            return error
        self._phases = phases
        return None

    async def _use_more(self, phases: int | None) -> None:
        """After the amps that are right for more; at once only for whom we have seen on fewer long enough."""
        point, before = self.chargepoint, self._phases
        if isinstance(point, Phased) and phases is not None and phases != before:
            self._phases = None
            await point.use_phases(phases, at_once=self._phase_switch and before is not None)
            self._phases = phases

    def _stays_off(self, measure: Measure) -> bool:
        """Who was switched off stays so while it is insisted on, also when that has not helped."""
        return measure is Measure.GIVEN_UP and self._supply is Supply.OFF

    def _came_late(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        _outcome(call)
        self._ask()

    def _note(self, failure: str | None) -> None:
        if failure and failure != self.trouble:
            self._tell(f"{self.chargepoint.resource_id} does not take its limit: {failure}")
        self.trouble = failure

    async def _pause(self) -> None:
        """Before the next attempt; a newer wish does not wait."""
        newer = asyncio.create_task(self._changed.wait())
        await asyncio.wait((newer,), timeout=RETRY_AFTER)
        newer.cancel()
        self._changed.set()


async def _apply_otherwise(point: Versatile, limit: Limit, measure: Measure) -> None:
    """A pause is asked for in both ways; the charger need take only one."""
    if measure is Measure.OTHER_METHOD:
        await point.apply_otherwise(limit)
        return
    try:
        await point.apply_otherwise(limit)
    except Exception:  # whatever that was, the usual way is left
        await point.apply(limit)
    else:
        with suppress(Exception):  # it has the pause already
            await point.apply(limit)


def _outcome(call: asyncio.Task[None]) -> str | None:
    """Whatever a driver raises is its own trouble; an end by cancellation too."""
    if call.cancelled():
        return "the driver cancelled itself"
    error = call.exception()
    return f"{type(error).__name__}: {error}" if error else None
