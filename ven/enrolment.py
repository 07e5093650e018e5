"""Who the VEN is to its VTN: the registration, whether it stands, and how the VEN comes by it. Sans-IO.

A registration that the VTN does not know any more is first renewed with its IDs; if they are refused, or
the renewal does not last, the VEN registers anew, each time after a longer pause.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from oadr.wire.ids import RegistrationId, RequestId, VenId, VtnId
from oadr.wire.messages import CreatedPartyRegistration, CreatePartyRegistration, Message, Response
from oadr.wire.messages.registration import ProfileName, TransportName
from ven.news import Registered, RegistrationRefused
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
    """`known` is the newest registration that there was; `stands` is whether the VTN has confirmed it since.

    Neither events nor limits are touched here: a limit does not end because a registration did.
    """

    def __init__(self, introduction: Introduction, pace: Pace, known: Registration | None) -> None:
        self.known = known
        self.stands = False
        self._introduction = introduction
        self._pace = pace
        self._unanswered: RequestId | None = None

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

    def again(self, now: datetime) -> None:
        """The registration does not stand any more: with our IDs once, anew if that did not last."""
        if self._pace.setbacks:
            self._forget()
        self.stands = False
        self._pace.set_back(now)

    def ended(self, now: datetime) -> None:
        """By the VTN, on purpose: after a long pause the VEN offers itself as one that was never registered (r401)."""
        self._forget()
        self.stands = False
        self._pace.sent_away(now)

    def offered(self, arrived: bool) -> None:
        """Our list of reports has reached the VTN, or the VTN has lost it."""
        self.known = self.known and replace(self.known, offered=arrived)

    def _forget(self) -> None:
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
        self.stands = True
        self._pace.registered(poll_every)
        return Registered(ven_id, registration_id, reply.vtn_id, anew)

    def _refused(self, code: str, why: str, now: datetime) -> RegistrationRefused:
        self._forget()
        self.again(now)
        return RegistrationRefused(code, why)
