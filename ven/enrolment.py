"""Who the VEN is to its VTN: the registration, whether it stands, and how the VEN comes by it. Sans-IO.

The table of it is `oadr.states.registration.REGISTRATION`. A registration that the VTN does not know any more is
first renewed with its IDs; if they are refused, or the renewal does not last, the VEN registers anew, each time
after a longer pause.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from oadr.states.registration import REGISTRATION, State, Trigger
from oadr.wire.errors import ResponseCode
from oadr.wire.ids import NO_REQUEST, RegistrationId, RequestId, VenId, VtnId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    Message,
    Poll,
    RequestEvent,
    RequestReregistration,
    Response,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ProfileName, ServiceName, TransportName
from ven.news import Deregistered, Registered, RegistrationRefused
from ven.outbox import Outbox, Request
from ven.pace import Pace, poll_interval

NO_REGISTRATION: Final = RegistrationId("")


@dataclass(frozen=True, slots=True)
class Registration:
    """Without a `registration_id` one that has ended; its venID still tells which running events were ours."""

    ven_id: VenId
    registration_id: RegistrationId
    vtn_id: VtnId
    poll_every: timedelta
    offered: bool = False
    """Whether the VTN has our list of reports; a restart in between must not leave it without."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a VEN says of itself when it registers."""

    name: str
    ven_id: VenId | None
    vtn_id: VtnId | None
    signs: bool = False
    """Whether its messages are signed."""


class Enrolment:
    """`known` is the newest registration that there was; it stands once the VTN has confirmed it.

    Neither events nor limits are touched here: a limit does not end because a registration did.
    """

    def __init__(
        self, introduction: Introduction, pace: Pace, outbox: Outbox, known: Registration | None
    ) -> None:
        self.known = known
        self.state = REGISTRATION.start
        if known and known.registration_id:
            self.state = REGISTRATION.after(State.REGISTERED, Trigger.RESTART)
        self._introduction = introduction
        self._pace = pace
        self._outbox = outbox
        self._unanswered: RequestId | None = None

    @property
    def stands(self) -> bool:
        return self.state is State.REGISTERED

    def request(self, request_id: RequestId) -> CreatePartyRegistration:
        """With the IDs that we have: a re-registration (r402). Until it is answered a retry says the same."""
        self._unanswered = request_id = self._unanswered or request_id
        known = self.known if self.known and self.known.registration_id else None
        return CreatePartyRegistration(
            request_id=request_id,
            registration_id=known.registration_id if known else None,
            ven_id=known.ven_id if known else self._introduction.ven_id,
            profile=ProfileName.B,
            transport=TransportName.SIMPLE_HTTP,
            xml_signature=self._introduction.signs,
            ven_name=self._introduction.name or None,
            http_pull=True,
        )

    def take(
        self, reply: Message | None, sent: CreatePartyRegistration, now: datetime
    ) -> Registered | RegistrationRefused:
        """What the answer to `sent` comes to; whatever is no answer is a refusal."""
        self._unanswered = None
        match reply:
            case CreatedPartyRegistration(
                response=response, ven_id=str(ven_id), registration_id=str(registration_id)
            ) if response.accepted:
                if self._introduction.vtn_id not in (None, reply.vtn_id):
                    return self._refused("", "another VTN than the one configured", now)
                if self._introduction.ven_id not in (None, ven_id):
                    return self._refused("", "the VTN wants to give this VEN another venID", now)
                return self._accepted(reply, VenId(ven_id), RegistrationId(registration_id), sent)
            case CreatedPartyRegistration(response=response) | Response(response=response):
                return self._refused(response.code, response.description or "not accepted", now)
        return self._refused("", "no answer to a registration", now)

    # --- what the VTN says of it ---

    def on_complaint(self, response: EiResponse, request: Request, now: datetime) -> None:
        """An error code that may mean that the VTN does not know us: 463 always, 452 where it can only be about us."""
        is_about_us = isinstance(request.message, Poll | RequestEvent)
        is_unknown = response.code == ResponseCode.NOT_REGISTERED or (
            response.code == ResponseCode.INVALID_ID and is_about_us
        )
        if is_unknown and self.stands:
            self._outbox.tell(Deregistered(f"the VTN answers {response.code}"))
            self._outbox.clear()
            self._again(Trigger.DOUBTED, now)

    def on_wish(self, wish: RequestReregistration, registered: Registration, now: datetime) -> None:
        """The VTN wants our registration confirmed: oadrResponse first, then we register again."""
        ven_id = registered.ven_id
        if wish.ven_id != ven_id:
            wrong = EiResponse(code=ResponseCode.INVALID_ID, description="venID", request_id=NO_REQUEST)
            self._outbox.owe(ServiceName.REGISTER_PARTY, Response(response=wrong, ven_id=ven_id))
            return
        heard = Response(response=EiResponse(request_id=NO_REQUEST), ven_id=ven_id)
        self._outbox.owe(ServiceName.REGISTER_PARTY, heard)
        self._again(Trigger.ASKED, now)

    def on_cancellation(
        self, message: CancelPartyRegistration, registered: Registration, now: datetime
    ) -> bool:
        """Whether it ends our registration, for the identifiers are validated (r400).

        What runs is held to its end; then nobody limits (r407).
        """
        is_ours = message.ven_id in (None, registered.ven_id)
        matches = is_ours and message.registration_id == registered.registration_id
        if matches:
            self._outbox.tell(Deregistered("cancelled by the VTN"))
            self._outbox.clear()
            self._step(Trigger.CANCELLED)
            self._pace.sent_away(
                now
            )  # it comes back after a long pause, as one that was never registered (r401)
        code = ResponseCode.OK if matches else ResponseCode.INVALID_ID
        answer = CanceledPartyRegistration(
            response=EiResponse(code=code, request_id=message.request_id),
            registration_id=registered.registration_id,
            ven_id=registered.ven_id,
        )
        self._outbox.owe(ServiceName.REGISTER_PARTY, answer)
        return matches

    def offered(self, arrived: bool) -> None:
        """Our list of reports has reached the VTN, or the VTN has lost it."""
        self.known = self.known and replace(self.known, offered=arrived)

    def _again(self, why: Trigger, now: datetime) -> None:
        """The registration does not stand any more: with our IDs once, anew if that did not last."""
        self._step(Trigger.LOST_AGAIN if self._pace.setbacks else why)
        self._pace.set_back(now)

    def _step(self, trigger: Trigger) -> None:
        """The venID outlasts the registration: it tells which running events were ours."""
        self.state = REGISTRATION.after(self.state, trigger)
        if self.state is State.UNREGISTERED:
            self.known = self.known and replace(self.known, registration_id=NO_REGISTRATION)

    def _accepted(
        self,
        reply: CreatedPartyRegistration,
        ven_id: VenId,
        registration_id: RegistrationId,
        sent: CreatePartyRegistration,
    ) -> Registered:
        anew = (sent.ven_id, sent.registration_id) != (ven_id, registration_id)
        poll_every = poll_interval(reply.poll_frequency)
        offered = not anew and self.known is not None and self.known.offered
        self.known = Registration(ven_id, registration_id, reply.vtn_id, poll_every, offered)
        self._step(Trigger.REGISTER if anew else Trigger.RENEW)
        self._pace.registered(poll_every)
        return Registered(ven_id, registration_id, reply.vtn_id, anew)

    def _refused(self, code: str, why: str, now: datetime) -> RegistrationRefused:
        self._step(Trigger.REFUSED)
        self._pace.set_back(now)
        return RegistrationRefused(code, why)
