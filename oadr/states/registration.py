"""How the registration of a VEN with a VTN stands, as either of the two sees it."""

from enum import StrEnum
from typing import Final

from oadr.states.machine import Machine, Row


class State(StrEnum):
    UNREGISTERED = "unregistered"
    REGISTERED = "registered"
    IN_DOUBT = "in doubt"
    """There are identifiers, and they are to be confirmed before they count."""
    LEAVING = "leaving"
    """This end wants no registration any more, and the other has not yet said that it knows."""


class Trigger(StrEnum):
    QUERY = "query"
    REGISTER = "new registration"
    RENEW = "re-registration"
    REFUSED = "registration refused"
    RESTART = "restart"
    DOUBTED = "not known to the other"
    LOST_AGAIN = "lost again at once"
    ASKED = "re-registration asked for"
    DECLINED = "re-registration declined"
    CANCEL = "this end cancels"
    CANCELLED = "the other end cancels"
    ENDED = "cancellation answered or overdue"


S, T = State, Trigger

REGISTRATION: Final = Machine(
    name="Registration",
    says="Identity comes from the certificates, so a refusal changes nothing for the end that refuses.",
    start=S.UNREGISTERED,
    anytime=frozenset({T.QUERY, T.REGISTER}),
    rows=(
        Row(
            S.UNREGISTERED,
            T.QUERY,
            S.UNREGISTERED,
            "profiles and transports are told, no identifiers",
            ("r404",),
        ),
        Row(
            S.UNREGISTERED,
            T.REGISTER,
            S.REGISTERED,
            "oadrCreatePartyRegistration without registrationID, with a venID if one was agreed before; the answer "
            "gives both. Then both offer what they can report, and the VEN asks for its events",
            ("r301", "r309", "r401", "r403", "r405"),
        ),
        Row(S.UNREGISTERED, T.REFUSED, S.UNREGISTERED, "it is tried again, each time after a longer pause"),
        Row(S.REGISTERED, T.QUERY, S.REGISTERED, "the identifiers are told as well", ("r404",)),
        Row(
            S.REGISTERED,
            T.REGISTER,
            S.REGISTERED,
            "all that belonged to the registration before is erased, and what runs is offered afresh",
            ("r406",),
        ),
        Row(S.REGISTERED, T.RENEW, S.REGISTERED, "nothing but how the VEN is reached may change", ("r402",)),
        Row(S.REGISTERED, T.RESTART, S.IN_DOUBT, "identifiers, events, opts and reports were kept on disk"),
        Row(
            S.REGISTERED,
            T.DOUBTED,
            S.IN_DOUBT,
            "463, or 452 about who we are: tried with our identifiers",
            ("r517",),
        ),
        Row(S.REGISTERED, T.LOST_AGAIN, S.UNREGISTERED, "confirmed, and still not known: tried without them"),
        Row(S.REGISTERED, T.ASKED, S.IN_DOUBT, "oadrRequestReregistration, and oadrResponse to it"),
        Row(S.REGISTERED, T.CANCEL, S.LEAVING, "oadrCancelPartyRegistration, said until it is answered"),
        Row(
            S.REGISTERED,
            T.CANCELLED,
            S.UNREGISTERED,
            "the identifiers are validated, and then all that hangs on them is erased; a limit ends when it was to end",
            ("r400", "r407"),
        ),
        Row(S.IN_DOUBT, T.QUERY, S.IN_DOUBT, "the identifiers are told as well", ("r404",)),
        Row(
            S.IN_DOUBT,
            T.RENEW,
            S.REGISTERED,
            "the same identifiers: metadata and events are known",
            ("r402",),
        ),
        Row(
            S.IN_DOUBT,
            T.REGISTER,
            S.REGISTERED,
            "other identifiers were asked for or given: afresh",
            ("r406",),
        ),
        Row(S.IN_DOUBT, T.REFUSED, S.UNREGISTERED, "the identifiers are worth nothing any more", ("r400",)),
        Row(S.IN_DOUBT, T.DECLINED, S.REGISTERED, "oadrResponse with an error: it stays as it is"),
        Row(S.IN_DOUBT, T.CANCEL, S.LEAVING, "nobody waits for the confirmation any more"),
        Row(S.IN_DOUBT, T.CANCELLED, S.UNREGISTERED, "instead of being confirmed it ends", ("r400", "r407")),
        Row(S.LEAVING, T.QUERY, S.LEAVING, "the identifiers are told as well", ("r404",)),
        Row(S.LEAVING, T.RENEW, S.LEAVING, "it may be confirmed, and ends all the same", ("r402",)),
        Row(S.LEAVING, T.DECLINED, S.LEAVING, "whether it would or not, it ends"),
        Row(S.LEAVING, T.REGISTER, S.REGISTERED, "what was to end is replaced", ("r406",)),
        Row(S.LEAVING, T.CANCELLED, S.UNREGISTERED, "both want the same", ("r407",)),
        Row(
            S.LEAVING,
            T.ENDED,
            S.UNREGISTERED,
            "oadrCanceledPartyRegistration, or silence for long",
            ("r407",),
        ),
    ),
)
