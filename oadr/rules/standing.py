"""Whether a VEN is registered, under which names, and what it owes since."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from oadr.rules.breach import Breach, Party
from oadr.rules.exchange import Exchange, accepted, response_of
from oadr.rules.registration import ANONYMOUS
from oadr.wire.errors import ResponseCode
from oadr.wire.ids import RegistrationId, VenId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CancelOpt,
    CancelPartyRegistration,
    CreatedEvent,
    CreatedPartyRegistration,
    CreateOpt,
    CreatePartyRegistration,
    Message,
    Poll,
    QueryRegistration,
    RegisterReport,
    RequestEvent,
    Response,
)

PATIENCE: Final = 3
"""So many polls may bring nothing before the VTN's own offer has come (r301)."""

NOT_CHECKED: Final[dict[type[Message], str]] = {
    RequestEvent: "r21",
    CreatedEvent: "r21",
    CreateOpt: "r208",
    CancelOpt: "r208",
    CancelPartyRegistration: "r400",
    Poll: "r500",
}
"""Which rule is broken when such a message is accepted from a wrong venID; for all about reports it is r304."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    ven_id: VenId | None = None
    registration_id: RegistrationId | None = None
    """None: not registered."""
    poll_every: timedelta | None = None
    polls_at: datetime | None = None
    """When the next poll may come at the earliest (r500)."""
    has_offered: bool = True
    has_requested: bool = True
    """What a new registration makes the VEN do first: oadrRegisterReport, oadrRequestEvent."""
    vtn_has_offered: bool = True
    empty_polls: int = 0

    @property
    def is_registered(self) -> bool:
        return self.registration_id is not None

    def step(self, exchange: Exchange) -> tuple["Standing", tuple[Breach, ...]]:
        after = self._said(exchange)._heard(exchange)
        return after, (*self._on_request(exchange), *self._on_reply(exchange), *after._on_waiting(exchange))

    # --- what becomes of it ---

    def _said(self, exchange: Exchange) -> "Standing":
        """A failure on the way excuses the order of requests: a poll may then have to come before the rest."""
        request = exchange.request
        return replace(
            self,
            has_offered=self.has_offered or isinstance(request, RegisterReport),
            has_requested=self.has_requested or isinstance(request, RequestEvent) or exchange.reply is None,
        )

    def _heard(self, exchange: Exchange) -> "Standing":
        match exchange.request, exchange.reply:
            case CreatePartyRegistration(), CreatedPartyRegistration() as reply if accepted(reply):
                return self._registered(reply)
            case Poll(), reply:
                return self._polled(reply, exchange.at)
            case CancelPartyRegistration(), CanceledPartyRegistration() as reply if accepted(reply):
                return Standing()
            case CanceledPartyRegistration() as answer, _ if accepted(answer):
                return Standing()
        return self._dismissed(exchange.reply)

    def _registered(self, reply: CreatedPartyRegistration) -> "Standing":
        every = (
            reply.poll_frequency.span if reply.poll_frequency and not reply.poll_frequency.months else None
        )
        if (reply.ven_id, reply.registration_id) == (self.ven_id, self.registration_id):
            return replace(self, poll_every=every, polls_at=None)
        return Standing(
            ven_id=reply.ven_id,
            registration_id=reply.registration_id,
            poll_every=every,
            has_offered=False,
            has_requested=False,
            vtn_has_offered=False,
        )

    def _polled(self, reply: Message | None, at: datetime) -> "Standing":
        is_empty = isinstance(reply, Response) and accepted(reply)
        return replace(
            self._dismissed(reply),
            polls_at=at + self.poll_every if is_empty and self.poll_every else None,
            vtn_has_offered=self.vtn_has_offered or isinstance(reply, RegisterReport),
            empty_polls=self.empty_polls + is_empty if not self.vtn_has_offered else 0,
        )

    def _dismissed(self, reply: Message | None) -> "Standing":
        """Who is told 463 is registered no more."""
        response = response_of(reply)
        is_dismissed = response is not None and response.code == ResponseCode.NOT_REGISTERED
        return replace(self, registration_id=None) if is_dismissed else self

    # --- what is wrong with it ---

    def _on_request(self, exchange: Exchange) -> Iterator[Breach]:
        request, name = exchange.request, type(exchange.request).__name__
        if isinstance(request, ANONYMOUS):
            return
        if not self.is_registered:
            yield Breach("r401", Party.VEN, name, "before a registration")
            return
        if getattr(request, "ven_id", None) not in (None, self.ven_id):
            yield Breach("r508", Party.VEN, name, f"with another venID than {self.ven_id}")
        if not self.has_offered and not isinstance(request, RegisterReport | RequestEvent):
            yield Breach("r309", Party.VEN, name, "before oadrRegisterReport")
        if not self.has_requested and isinstance(request, Poll):
            yield Breach("r405", Party.VEN, name, "before oadrRequestEvent")
        if isinstance(request, Poll) and self.polls_at and exchange.at < self.polls_at:
            yield Breach("r500", Party.VEN, name, f"sooner than every {self.poll_every}")

    def _on_reply(self, exchange: Exchange) -> Iterator[Breach]:
        request, reply = exchange.request, exchange.reply
        if not accepted(reply):
            return
        name = type(reply).__name__
        if not isinstance(request, ANONYMOUS):
            if not self.is_registered:
                yield Breach("r517", Party.VTN, name, "answers a VEN that is not registered")
            elif getattr(request, "ven_id", None) not in (None, self.ven_id):
                number = NOT_CHECKED.get(type(request), "r304")
                yield Breach(number, Party.VTN, name, "accepts another venID")
        elif isinstance(request, CreatePartyRegistration) and self.is_registered:
            if request.registration_id not in (None, self.registration_id):
                yield Breach("r400", Party.VTN, name, "accepts another registrationID")
        elif isinstance(request, QueryRegistration) and not self.is_registered and _names(reply):
            yield Breach("r404", Party.VTN, name, "identifiers for a VEN that is not registered")

    def _on_waiting(self, exchange: Exchange) -> Iterator[Breach]:
        if isinstance(exchange.request, Poll) and not self.vtn_has_offered and self.empty_polls > PATIENCE:
            yield Breach("r301", Party.VTN, "oadrPoll", "nothing to say, and its oadrRegisterReport is owed")


def _names(reply: Message | None) -> bool:
    return isinstance(reply, CreatedPartyRegistration) and bool(reply.ven_id or reply.registration_id)
