"""What becomes of an event: by itself, at the end that obeys it, and at the end that tells of it."""

from enum import StrEnum
from typing import Final

from oadr.states.machine import Machine, Row
from oadr.wire.messages.event import EventStatus


class Moment(StrEnum):
    RAMP_UP = "ramp-up begins"
    START = "start"
    END = "end"
    CHANGE = "changed"
    CANCEL = "cancelled"


E, M = EventStatus, Moment

COURSE: Final = Machine(
    name="Event status",
    says="What an event is by its published period. Nobody stores it: each end reckons it from the period and the "
    "time, and a status that has changed is no reason to send the event again (r502).",
    start=E.FAR,
    rows=(
        Row(E.FAR, M.RAMP_UP, E.NEAR, "only an event with a ramp-up is ever near", ("r13", "r31")),
        Row(E.FAR, M.START, E.ACTIVE, "without a ramp-up", ("r13",)),
        Row(E.FAR, M.CHANGE, E.FAR, "another period is reckoned from its beginning", ("r5",)),
        Row(E.FAR, M.CANCEL, E.CANCELLED, "a modification of its own", ("r10",)),
        Row(E.NEAR, M.START, E.ACTIVE, "the published start, whatever delay a VEN has drawn", ("r13", "r30")),
        Row(E.NEAR, M.CHANGE, E.FAR, "another period is reckoned from its beginning", ("r5",)),
        Row(E.NEAR, M.CANCEL, E.CANCELLED, "a modification of its own", ("r10",)),
        Row(
            E.ACTIVE,
            M.END,
            E.COMPLETED,
            "the published end; with an open end it never comes. A randomised event stays on the list as completed, "
            "for it may still run somewhere",
            ("r47", "r66"),
        ),
        Row(E.ACTIVE, M.CHANGE, E.FAR, "another period is reckoned from its beginning", ("r5",)),
        Row(E.ACTIVE, M.CANCEL, E.CANCELLED, "who had drawn a delay lets go after one", ("r10", "r65")),
        Row(E.COMPLETED, M.CANCEL, E.CANCELLED, "what may still run somewhere can be cancelled", ("r66",)),
    ),
)


class Held(StrEnum):
    """How the end that obeys has an event."""

    UNKNOWN = "unknown"
    FOLLOWED = "followed"
    DECLINED = "declined"
    REFUSED = "refused"
    OUTRUN = "followed as it was"
    """Its newest modification cannot be served, so the one before goes on."""


class Seen(StrEnum):
    """What the newest list has of it, or what the people there say."""

    SERVABLE = "new or higher number"
    UNSERVABLE = "new or higher number, cannot be served"
    SAME = "same number"
    LOWER = "lower number"
    CANCELLED = "cancelled"
    MISSING = "missing"
    OPT_OUT = "all of it declined"
    OPT_IN = "followed after all"


H, L = Held, Seen

HOLDING: Final = Machine(
    name="Event at the end that obeys",
    says="A list is complete, and each event in it is judged alone (r19, r50). It is answered if it asks for that with "
    "`always`, under the list's requestID and even if nothing has changed, and never if it says `never` (r12, r42, "
    "r62). A test event takes the same road and moves no load (r6).",
    start=H.UNKNOWN,
    anytime=frozenset({L.SERVABLE, L.UNSERVABLE, L.CANCELLED}),
    rows=(
        Row(H.UNKNOWN, L.SERVABLE, H.FOLLOWED, "optIn; a delay is drawn once and kept", ("r30", "r56")),
        Row(
            H.UNKNOWN, L.UNSERVABLE, H.REFUSED, "optOut with the code that says why", ("r48", "r109", "r112")
        ),
        Row(H.UNKNOWN, L.CANCELLED, H.UNKNOWN, "ignored, but confirmed if it asks for that", ("r36", "r60")),
        Row(H.FOLLOWED, L.SERVABLE, H.FOLLOWED, "the modification replaces what was held", ("r57",)),
        Row(H.FOLLOWED, L.UNSERVABLE, H.OUTRUN, "optOut; a limit does not end because its change is wrong"),
        Row(H.FOLLOWED, L.SAME, H.FOLLOWED, "nothing has changed, whatever it says", ("r5", "r62")),
        Row(H.FOLLOWED, L.LOWER, H.FOLLOWED, "450; the higher one stays", ("r58",)),
        Row(
            H.FOLLOWED,
            L.CANCELLED,
            H.UNKNOWN,
            "optIn confirms it. Its limit rises at once or, if starts were random, after a random while",
            ("r36", "r59", "r65"),
        ),
        Row(H.FOLLOWED, L.MISSING, H.UNKNOWN, "cancelled by that, or over", ("r61",)),
        Row(
            H.FOLLOWED,
            L.OPT_OUT,
            H.DECLINED,
            "said at any time, by an opt or a later answer",
            ("r17", "r206"),
        ),
        Row(H.FOLLOWED, L.OPT_IN, H.FOLLOWED, "or only a part of it is declined", ("r206",)),
        Row(
            H.DECLINED,
            L.SERVABLE,
            H.FOLLOWED,
            "and declined again at once by whoever had: a word outlasts a change",
            ("r206",),
        ),
        Row(H.DECLINED, L.UNSERVABLE, H.OUTRUN, "optOut in any case"),
        Row(H.DECLINED, L.SAME, H.DECLINED, "still optOut", ("r5", "r62")),
        Row(H.DECLINED, L.LOWER, H.DECLINED, "450", ("r58",)),
        Row(
            H.DECLINED,
            L.CANCELLED,
            H.UNKNOWN,
            "optIn: the cancellation is confirmed, not the event",
            ("r36", "r59"),
        ),
        Row(H.DECLINED, L.MISSING, H.UNKNOWN, "cancelled by that, or over", ("r61",)),
        Row(H.DECLINED, L.OPT_OUT, H.DECLINED, "said once more", ("r206",)),
        Row(H.DECLINED, L.OPT_IN, H.FOLLOWED, "all of it or a part", ("r17", "r206")),
        Row(H.REFUSED, L.SERVABLE, H.FOLLOWED, "the modification can be served", ("r57",)),
        Row(H.REFUSED, L.UNSERVABLE, H.REFUSED, "optOut once more", ("r48",)),
        Row(H.REFUSED, L.SAME, H.REFUSED, "the same answer", ("r62",)),
        Row(H.REFUSED, L.LOWER, H.REFUSED, "450", ("r58",)),
        Row(H.REFUSED, L.CANCELLED, H.UNKNOWN, "confirmed", ("r36", "r59")),
        Row(H.REFUSED, L.MISSING, H.UNKNOWN, "nothing ends by that", ("r61",)),
        Row(H.OUTRUN, L.SERVABLE, H.FOLLOWED, "the next modification can be served", ("r57",)),
        Row(H.OUTRUN, L.UNSERVABLE, H.OUTRUN, "optOut once more", ("r48",)),
        Row(H.OUTRUN, L.SAME, H.OUTRUN, "the same answer", ("r62",)),
        Row(H.OUTRUN, L.LOWER, H.OUTRUN, "450", ("r58",)),
        Row(H.OUTRUN, L.CANCELLED, H.UNKNOWN, "as if it had been followed", ("r36", "r59", "r65")),
        Row(H.OUTRUN, L.MISSING, H.UNKNOWN, "cancelled by that, or over", ("r61",)),
        Row(
            H.OUTRUN,
            L.OPT_OUT,
            H.OUTRUN,
            "what goes on is declined; the answer was optOut already",
            ("r206",),
        ),
        Row(H.OUTRUN, L.OPT_IN, H.OUTRUN, "what goes on is followed; the answer stays optOut", ("r206",)),
    ),
)


class Telling(StrEnum):
    """How the end that orders has an event towards one that shall obey it."""

    OPEN = "open"
    """To be handed out, and again until it is answered."""
    AGREED = "agreed to"
    DECLINED = "declined"
    SAID = "said"
    """It wants no answer, and was handed out."""
    WITHDRAWN = "withdrawn"
    """Cancelled, and that is to be confirmed."""
    OVER = "over"
    """No complete list holds it any more."""


class Heard(StrEnum):
    HANDED_OUT = "handed out"
    SAID_ENOUGH = "handed out, no answer wanted"
    OPT_IN = "optIn"
    OPT_OUT = "optOut or an error"
    CHANGE = "changed"
    CANCEL = "cancelled"
    ANEW = "new registration"
    TIME = "its time is over"


T, W = Telling, Heard

TELLING: Final = Machine(
    name="Event at the end that orders",
    says="A list holds every event that is not over, what has started by priority and the rest by start, and at most "
    "as many as were asked for with replyLimit (r15, r27, r50). A poll brings it as long as an event in it is open or "
    "withdrawn. An HTTP reply proves no arrival, only an answer does.",
    start=T.OPEN,
    rows=(
        Row(T.OPEN, W.HANDED_OUT, T.OPEN, "and again until it is answered", ("r12", "r502")),
        Row(T.OPEN, W.SAID_ENOUGH, T.SAID, "`never`: no answer is to come", ("r62",)),
        Row(T.OPEN, W.OPT_IN, T.AGREED, "oadrCreatedEvent of this modification", ("r25", "r48")),
        Row(T.OPEN, W.OPT_OUT, T.DECLINED, "an error counts as optOut, whatever stands beside it", ("r48",)),
        Row(T.OPEN, W.CHANGE, T.OPEN, "only the newest modification can be answered: 450", ("r5", "r48")),
        Row(T.OPEN, W.CANCEL, T.WITHDRAWN, "also where it may never have arrived", ("r10", "r60")),
        Row(T.OPEN, W.ANEW, T.OPEN, "still to be handed out", ("r406",)),
        Row(T.OPEN, W.TIME, T.OVER, "after its latest end; unanswered is not agreed", ("r66",)),
        Row(T.AGREED, W.HANDED_OUT, T.AGREED, "each complete list holds it", ("r50",)),
        Row(T.AGREED, W.OPT_IN, T.AGREED, "said once more", ("r17",)),
        Row(T.AGREED, W.OPT_OUT, T.DECLINED, "late, which is allowed until it is over", ("r17",)),
        Row(T.AGREED, W.CHANGE, T.OPEN, "a new modification is to be answered", ("r5",)),
        Row(T.AGREED, W.CANCEL, T.WITHDRAWN, "its number rises once more", ("r10",)),
        Row(T.AGREED, W.ANEW, T.OPEN, "who registers anew has forgotten it", ("r406",)),
        Row(T.AGREED, W.TIME, T.OVER, "after the latest end that a delay may come to", ("r66",)),
        Row(T.DECLINED, W.HANDED_OUT, T.DECLINED, "each complete list holds it", ("r50",)),
        Row(T.DECLINED, W.OPT_IN, T.AGREED, "follows after all", ("r17",)),
        Row(T.DECLINED, W.OPT_OUT, T.DECLINED, "said once more", ("r17",)),
        Row(T.DECLINED, W.CHANGE, T.OPEN, "a new modification is to be answered", ("r5",)),
        Row(T.DECLINED, W.CANCEL, T.WITHDRAWN, "its number rises once more", ("r10",)),
        Row(T.DECLINED, W.ANEW, T.OPEN, "who registers anew has forgotten it", ("r406",)),
        Row(T.DECLINED, W.TIME, T.OVER, "after its latest end", ("r66",)),
        Row(T.SAID, W.HANDED_OUT, T.SAID, "each complete list holds it", ("r50",)),
        Row(T.SAID, W.OPT_IN, T.AGREED, "nobody has asked, but it is heard"),
        Row(T.SAID, W.OPT_OUT, T.DECLINED, "nobody has asked, but it is heard", ("r17",)),
        Row(T.SAID, W.CHANGE, T.OPEN, "to be said again", ("r5",)),
        Row(T.SAID, W.ANEW, T.OPEN, "who registers anew has forgotten it", ("r406",)),
        Row(T.SAID, W.CANCEL, T.WITHDRAWN, "its number rises once more", ("r10",)),
        Row(T.SAID, W.TIME, T.OVER, "after its latest end", ("r66",)),
        Row(
            T.WITHDRAWN,
            W.HANDED_OUT,
            T.WITHDRAWN,
            "a cancellation is repeated until it is confirmed",
            ("r52",),
        ),
        Row(T.WITHDRAWN, W.SAID_ENOUGH, T.OVER, "`never`: no answer is to come", ("r52", "r62")),
        Row(T.WITHDRAWN, W.OPT_IN, T.OVER, "confirmed, and not listed any more", ("r36",)),
        Row(T.WITHDRAWN, W.OPT_OUT, T.OVER, "it cannot be undone there; not repeated either", ("r36",)),
        Row(T.WITHDRAWN, W.ANEW, T.WITHDRAWN, "still to be confirmed", ("r52", "r406")),
        Row(T.WITHDRAWN, W.TIME, T.OVER, "an hour after its end nobody waits any more", ("r52",)),
        Row(T.OVER, W.OPT_IN, T.OVER, "late, kept for the record"),
        Row(T.OVER, W.OPT_OUT, T.OVER, "late, kept for the record"),
    ),
)

LISTED: Final = frozenset(set(TELLING.states) - {Telling.OVER})
"""A complete list holds these (r50)."""
DUE: Final = frozenset({Telling.OPEN, Telling.WITHDRAWN})
"""A poll brings the list for the sake of these."""
