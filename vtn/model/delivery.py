"""One event for one VEN: what an intervention becomes, and how far it got."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.states.event import DUE, LISTED, Telling
from oadr.wire.ids import EventId, ResourceId, VenId
from oadr.wire.messages.common import OptType
from vtn.model.intervention import LONGEST, LONGEST_RANDOM, Intervention
from vtn.model.opt import ResourceOpt

CANCEL_PATIENCE: Final = timedelta(hours=1)
"""A cancellation that nobody confirms is repeated this long after the event would have ended (r52)."""
LISTED_AFTER_START: Final = LONGEST + LONGEST_RANDOM + CANCEL_PATIENCE
"""No event that has an end is listed longer than this after its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The VEN's word on one modification of its event."""

    modification_number: int
    opt: OptType
    code: str
    answered_at: datetime

    @property
    def agreed(self) -> bool:
        """An error code counts as a refusal, whatever the opt beside it says."""
        return self.opt is OptType.OPT_IN and self.code.startswith("2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    event_id: EventId
    ven_id: VenId
    intervention: Intervention
    resources: tuple[ResourceId, ...]
    is_whole_site: bool = False
    """Whether these are all chargepoints of the site; only then may a feeder's name stand for them."""
    created_at: datetime
    """Of the event's newest modification."""
    offered_at: datetime | None = None
    """When it was first handed out; that proves nothing, only an answer does."""
    handed_out: bool = False
    """Whether its newest modification was, where no answer is wanted: no more will be known of it."""
    answer: Answer | None = None
    """The newest, which may be about a cancellation."""
    order_answer: Answer | None = None
    """The newest to the order itself, as it is or was before a change: whether the site agreed to be limited."""
    opts: tuple[ResourceOpt, ...] = ()
    """Of single chargepoints, by EiOpt: each outranks the site's answer there (r206)."""

    def opt_of(self, resource_id: ResourceId) -> ResourceOpt | None:
        return next((one for one in self.opts if one.resource_id == resource_id), None)

    @property
    def settled(self) -> bool:
        """Answered in its newest modification, or handed out if it wants no answer: not offered again (r36, r502)."""
        if not self.intervention.order.wants_answer and self.handed_out:
            return True
        return self.answer is not None and (
            self.answer.modification_number == self.intervention.modification_number
        )

    def state(self, now: datetime) -> Telling:
        """How far it has got in the table, by what is known of it and by the time.

        A randomised event is not over before its latest end (r66), nor a cancelled one before it is confirmed (r52).
        """
        if cancelled_at := self.intervention.cancelled_at:
            is_over = self.settled or now >= self._given_up(cancelled_at)
            return Telling.OVER if is_over else Telling.WITHDRAWN
        if now >= self.intervention.latest_end:
            return Telling.OVER
        if not self.settled:
            return Telling.OPEN
        if self.answer is None:
            return Telling.SAID
        return Telling.AGREED if self.answer.agreed else Telling.DECLINED

    def listed(self, now: datetime) -> bool:
        """Whether a complete list of events holds it at `now`."""
        return self.state(now) in LISTED

    def due(self, now: datetime) -> bool:
        """Whether it must still reach its VEN."""
        return self.state(now) in DUE

    def _given_up(self, cancelled_at: datetime) -> datetime:
        """When nobody waits any more for a cancellation to be confirmed."""
        end = self.intervention.latest_end
        if self.intervention.order.is_open_ended:
            end = max(self.intervention.order.start, cancelled_at) + LONGEST
        return end + CANCEL_PATIENCE
