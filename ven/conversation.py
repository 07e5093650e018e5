"""One VTN and all that there is between it and this site: session, reports, transport, and the loop that speaks.

A VEN has one with its grid operator, and may have others beside it. Each goes at its own pace: one that is slow, silent
or broken holds up none of the others, and no limit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from oadr.charging.signals import Programme
from oadr.wire.errors import Unreachable
from oadr.wire.ids import EventId, ResourceId
from ven.clock import Clock, until
from ven.config import VenConfig
from ven.events import HeldEvent
from ven.party import GRID_OPERATOR, Party
from ven.reports import Reports
from ven.samples import Sample
from ven.session import Failure, Request, Session
from ven.standing import Standing
from ven.transport import Transport
from ven.transport.http import failure


@dataclass(frozen=True, slots=True)
class Shell:
    """What a conversation needs of the VEN around it."""

    clock: Clock
    now: Callable[[], datetime]
    act: Callable[[], Awaitable[Collection[ResourceId]]]
    """Brings the limits to where the events want them; the chargepoints that do not take theirs."""
    fault: Callable[[str, str], None]
    """Where something of ours is wrong, and what."""


class Conversation:
    def __init__(
        self,
        party: Party,
        config: VenConfig,
        session: Session,
        reports: Reports,
        transport: Transport,
        shell: Shell,
    ) -> None:
        """`config` is that of a VEN which speaks with this VTN alone."""
        self.party = party
        self.config = config
        self.session = session
        self._reports = reports
        self._transport = transport
        self._shell = shell
        self._has_word = asyncio.Event()

    @property
    def name(self) -> str:
        """For whoever reads what has gone wrong."""
        return "conversation" if self.party == GRID_OPERATOR else f"conversation with {self.party}"

    @property
    def standing(self) -> Standing:
        """What outlives the process."""
        session = self.session
        return Standing(
            self.party, session.registration, session.held, self._reports.orders, session.opts.kept
        )

    def holds(self, event_id: EventId) -> bool:
        return any(each.event.event_id == event_id for each in self.session.held)

    def record(self, sample: Sample, *, boosted: bool) -> None:
        """What was measured; whether somebody has overruled an order is another thing for each VTN."""
        overridden = any(_is_overruled(each, sample, boosted=boosted) for each in self.session.held)
        self._reports.record(replace(sample, overridden=overridden))

    async def run(self) -> None:
        """Ask, listen, act; sleep until there is something to say."""
        shell, session = self._shell, self.session
        while True:
            for request in session.requests_to_send(shell.now()):
                await self._exchange(request)
                unable = await shell.act()
                session.tell_unable(unable, shell.now())
            now = shell.now()
            wake = session.next_wake(now)
            if wake > now:
                await until(shell.clock, wake, self._has_word)
                self._has_word.clear()

    def speak(self) -> None:
        """There is something to say."""
        self._has_word.set()

    async def _exchange(self, request: Request) -> None:
        session, now = self.session, self._shell.now
        try:
            reply = await self._transport.exchange(request)
        except Unreachable as error:
            session.request_failed(now(), str(error), failure(error))
        except Exception as error:  # a request that we cannot even write must not be tried for ever
            where = "transport" if self.party == GRID_OPERATOR else f"transport to {self.party}"
            self._shell.fault(where, f"{type(error).__name__}: {error}")
            session.request_failed(now(), type(error).__name__, Failure.REJECTED)
        else:
            session.receive(reply, now())


def _is_overruled(each: HeldEvent, sample: Sample, *, boosted: bool) -> bool:
    """Whether a person at the site has overruled this event, and it would limit the chargepoint now."""
    resource, now = sample.resource_id, sample.at
    return (
        (resource in each.declined or (boosted and resource in each.resources))
        and each.programme is not Programme.SUPPLY_LIMIT
        and each.start <= now
        and (each.end is None or now < each.end)
    )
