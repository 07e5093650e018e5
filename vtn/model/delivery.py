"""One event for one VEN: what an intervention becomes, and how far it got."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.wire.ids import EventId, ResourceId, VenId
from oadr.wire.messages.common import OptType
from vtn.model.intervention import LONGEST, LONGEST_RANDOM, Intervention
from vtn.model.opt import ResourceOpt

CANCEL_PATIENCE: Final = timedelta(hours=1)
"""A cancellation that nobody confirms is repeated this long after the event would have ended (r52)."""
LISTED_AFTER_START: Final = LONGEST + LONGEST_RANDOM + CANCEL_PATIENCE
"""No event is listed longer than this after its start."""


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
    answer: Answer | None = None
    """The newest, which may be about a cancellation."""
    order_answer: Answer | None = None
    """The newest to the order itself: whether the site agreed to be limited."""
    opts: tuple[ResourceOpt, ...] = ()
    """Of single chargepoints, by EiOpt: each outranks the site's answer there (r206)."""

    def opt_of(self, resource_id: ResourceId) -> ResourceOpt | None:
        return next((one for one in self.opts if one.resource_id == resource_id), None)

    @property
    def settled(self) -> bool:
        """Answered in its newest modification: it need not be offered again (r36)."""
        return self.answer is not None and (
            self.answer.modification_number == self.intervention.modification_number
        )

    def listed(self, now: datetime) -> bool:
        """Whether a complete list of events holds it at `now`.

        Everything that is not over is listed (r50); a randomised event until its latest end (r66); a cancelled
        one until it is confirmed (r52).
        """
        end = self.intervention.latest_end
        if self.intervention.cancelled_at is not None:
            return not self.settled and now < end + CANCEL_PATIENCE
        return now < end

    def due(self, now: datetime) -> bool:
        """Whether it must still reach its VEN."""
        return not self.settled and self.listed(now)
