"""How far a site's own word has got, and whose word counts for a chargepoint."""

from enum import StrEnum
from typing import Final

from oadr.states.machine import Machine, Row


class Stage(StrEnum):
    """Of one oadrCreateOpt; the values are kept on disk."""

    OWED = "owed"
    TOLD = "told"
    REFUSED = "refused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FORGOTTEN = "forgotten"


class Trigger(StrEnum):
    TAKEN = "taken"
    REFUSED = "not taken"
    CANCEL = "this end cancels"
    CANCELLED = "the other end cancels"
    ANSWERED = "cancellation answered"
    ANEW = "new registration"
    EVENT_GONE = "its event is gone"
    PAST = "nothing to come of it"
    REPLACED = "replaced by a later one"


S, T = Stage, Trigger

WORD: Final = Machine(
    name="Opt",
    says="A word is about an event or it is a schedule. What it says holds at the site from the moment at which it is "
    "stated, whatever the other end makes of it. Several may bear one optID, and a cancellation means them all.",
    start=S.OWED,
    anytime=frozenset({T.ANEW}),
    rows=(
        Row(S.OWED, T.TAKEN, S.TOLD, "oadrCreatedOpt, with the requestID", ("r207",)),
        Row(
            S.OWED,
            T.REFUSED,
            S.REFUSED,
            "about an event it is said once more, as an answer to the event",
            ("r17",),
        ),
        Row(S.OWED, T.CANCEL, S.CANCELLING, "a schedule only; it may have arrived unheard", ("r204", "r211")),
        Row(S.OWED, T.PAST, S.FORGOTTEN, "nothing can come of it any more"),
        Row(S.OWED, T.REPLACED, S.FORGOTTEN, "the later schedule says all that counts", ("r203",)),
        Row(S.OWED, T.ANEW, S.OWED, "still to be said", ("r406",)),
        Row(S.TOLD, T.CANCEL, S.CANCELLING, "oadrCancelOpt, for a schedule only", ("r204", "r211")),
        Row(S.TOLD, T.CANCELLED, S.CANCELLED, "all schedules of that optID end", ("r204", "r208")),
        Row(S.TOLD, T.EVENT_GONE, S.FORGOTTEN, "it outranked the answers to its event until then", ("r206",)),
        Row(S.TOLD, T.PAST, S.FORGOTTEN, "unless it still stands before something older of its kind"),
        Row(
            S.TOLD,
            T.REPLACED,
            S.FORGOTTEN,
            "by a schedule for the same chargepoints and programme",
            ("r203", "r205"),
        ),
        Row(S.TOLD, T.ANEW, S.OWED, "the other end has forgotten it, and hears it again", ("r406",)),
        Row(S.REFUSED, T.CANCEL, S.CANCELLED, "there is nobody to tell"),
        Row(S.REFUSED, T.EVENT_GONE, S.FORGOTTEN, "nothing can come of it any more"),
        Row(S.REFUSED, T.PAST, S.FORGOTTEN, "nothing can come of it any more"),
        Row(S.REFUSED, T.REPLACED, S.FORGOTTEN, "the later schedule says all that counts", ("r203",)),
        Row(S.REFUSED, T.ANEW, S.OWED, "asked once more", ("r406",)),
        Row(
            S.CANCELLING,
            T.ANSWERED,
            S.CANCELLED,
            "refused or not, the other end has it no more",
            ("r208", "r211"),
        ),
        Row(S.CANCELLING, T.ANEW, S.CANCELLING, "still to be said", ("r406",)),
        Row(S.CANCELLED, T.CANCELLED, S.CANCELLED, "to cancel what is cancelled is no error", ("r211",)),
        Row(S.CANCELLED, T.PAST, S.FORGOTTEN, "it stood in the place of what it had replaced", ("r203",)),
        Row(S.CANCELLED, T.REPLACED, S.FORGOTTEN, "the later schedule says all that counts", ("r203",)),
        Row(S.CANCELLED, T.ANEW, S.CANCELLED, "there is nothing to say", ("r406",)),
        Row(S.FORGOTTEN, T.ANEW, S.FORGOTTEN, "there is nothing to say", ("r406",)),
    ),
)


class Voice(StrEnum):
    """Whose word counts for one chargepoint in one event."""

    SITE = "the site's answer"
    OWN = "its own opt"


class Said(StrEnum):
    ANSWER = "answer to the event"
    OPT = "opt on the event"
    CHANGE = "the event is changed"


RANK: Final = Machine(
    name="Precedence",
    says="Two things can be said about a chargepoint in an event: what its site answers to the event, and an opt that "
    "names it. The newest of the same kind counts.",
    start=Voice.SITE,
    anytime=frozenset(Said),
    rows=(
        Row(Voice.SITE, Said.ANSWER, Voice.SITE, "oadrCreatedEvent, also a later one", ("r17",)),
        Row(Voice.SITE, Said.OPT, Voice.OWN, "oadrCreateOpt outranks the answer", ("r206",)),
        Row(Voice.SITE, Said.CHANGE, Voice.SITE, "the new modification is to be answered", ("r5",)),
        Row(Voice.OWN, Said.ANSWER, Voice.OWN, "an answer does not lift an opt, even a later one", ("r206",)),
        Row(Voice.OWN, Said.OPT, Voice.OWN, "the newest opt", ("r206",)),
        Row(Voice.OWN, Said.CHANGE, Voice.OWN, "opts survive modifications", ("r206",)),
    ),
)
