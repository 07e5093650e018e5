"""What becomes of a report: at the end that owes it, at the end that asked for it, and of the offer before it.

Either end may ask and either may owe (r301): the tables say which of the two they are, not which end.
"""

from enum import StrEnum
from typing import Final

from oadr.states.machine import Machine, Row


class Offer(StrEnum):
    """Whether the other end has an end's list of what it can report."""

    UNTOLD = "untold"
    TOLD = "told"


class Offering(StrEnum):
    ANEW = "new registration"
    TAKEN = "taken"
    NOT_TAKEN = "not taken"
    ASKED = "asked for"
    LOST = "lost there"


F, G = Offer, Offering

OFFERING: Final = Machine(
    name="Metadata",
    says="Each end tells the other by oadrRegisterReport what it can report, without a report if that is nothing "
    "(r301). What is told replaces all that was told before, and ends the reports that were asked of it (r306).",
    start=F.UNTOLD,
    anytime=frozenset({G.ANEW, G.TAKEN}),
    rows=(
        Row(F.UNTOLD, G.ANEW, F.UNTOLD, "the first thing after a registration", ("r301", "r309")),
        Row(
            F.UNTOLD,
            G.TAKEN,
            F.TOLD,
            "oadrRegisteredReport, perhaps with requests, which are accepted",
            ("r344",),
        ),
        Row(F.UNTOLD, G.NOT_TAKEN, F.UNTOLD, "with an error: told again with the next registration"),
        Row(F.TOLD, G.ANEW, F.UNTOLD, "the other end has erased it", ("r406",)),
        Row(F.TOLD, G.TAKEN, F.TOLD, "told once more, because it has changed or was asked for", ("r306",)),
        Row(
            F.TOLD,
            G.ASKED,
            F.TOLD,
            "oadrCreateReport for METADATA; it bears the name of the request",
            ("r311", "r327"),
        ),
        Row(F.TOLD, G.LOST, F.UNTOLD, "452 to a report that it had asked for: told again", ("r304",)),
    ),
)


class Owed(StrEnum):
    """A report as the end has it that is to make it."""

    WAITING = "waiting"
    DUE = "due"
    SENT = "sent"
    """Not acknowledged yet."""
    OVER = "over"


class Doing(StrEnum):
    TIME = "its time comes"
    SEND = "oadrUpdateReport"
    TAKEN = "taken, and more later"
    PART = "taken, and more at once"
    LAST = "taken, the last one"
    ASKED_AGAIN = "asked for again"
    CANCEL = "cancelled"
    REPLACED = "offer replaced"
    ENDED = "registration ended or new"
    UNKNOWN = "not known to the asker"


D, N = Owed, Doing

OWING: Final = Machine(
    name="Report at the end that owes it",
    says="Taken on with oadrCreatedReport, or refused as a whole: 452 for what is not offered, 454 for more than is "
    "offered (r304, r340). oadrPendingReports always names all that are taken on (r329).",
    start=D.WAITING,
    rows=(
        Row(
            D.WAITING,
            N.TIME,
            D.DUE,
            "one-shot and history at once; periodic, and with granularity 0 on change, at start + k * reportBack",
            ("r317", "r324"),
        ),
        Row(
            D.WAITING,
            N.ASKED_AGAIN,
            D.WAITING,
            "under the same reportRequestID: the newer request counts",
            ("r322",),
        ),
        Row(D.WAITING, N.CANCEL, D.OVER, "a last one follows if reportToFollow says so", ("r329", "r345")),
        Row(D.WAITING, N.REPLACED, D.OVER, "but not if it is the offer itself that is asked for", ("r306",)),
        Row(D.WAITING, N.ENDED, D.OVER, "nobody is left who asked", ("r406", "r407")),
        Row(D.WAITING, N.UNKNOWN, D.OVER, "452: there is nobody to report to", ("r304",)),
        Row(
            D.DUE,
            N.SEND,
            D.SENT,
            "all since the last one that was taken, as much as one report holds",
            ("r313", "r314"),
        ),
        Row(
            D.DUE,
            N.ASKED_AGAIN,
            D.WAITING,
            "under the same reportRequestID: the newer request counts",
            ("r322",),
        ),
        Row(D.DUE, N.CANCEL, D.OVER, "a last one follows if reportToFollow says so", ("r329", "r345")),
        Row(D.DUE, N.REPLACED, D.OVER, "but not if it is the offer itself that is asked for", ("r306",)),
        Row(D.DUE, N.ENDED, D.OVER, "nobody is left who asked", ("r406", "r407")),
        Row(D.DUE, N.UNKNOWN, D.OVER, "452: there is nobody to report to", ("r304",)),
        Row(D.SENT, N.TAKEN, D.WAITING, "oadrUpdatedReport: what it held is needed no more", ("r346",)),
        Row(D.SENT, N.PART, D.DUE, "there was more than one report takes", ("r346",)),
        Row(D.SENT, N.LAST, D.OVER, "made once, or its reportInterval is over", ("r324", "r325")),
        Row(
            D.SENT,
            N.SEND,
            D.SENT,
            "not acknowledged: sent again from the buffer, with what has come since",
            ("r346",),
        ),
        Row(
            D.SENT,
            N.ASKED_AGAIN,
            D.WAITING,
            "under the same reportRequestID: the newer request counts",
            ("r322",),
        ),
        Row(D.SENT, N.CANCEL, D.OVER, "also when it comes with oadrUpdatedReport", ("r328", "r329")),
        Row(D.SENT, N.REPLACED, D.OVER, "by a new offer meanwhile", ("r306",)),
        Row(D.SENT, N.ENDED, D.OVER, "nobody is left who asked", ("r406", "r407")),
    ),
)


class Wanted(StrEnum):
    """A report as the end has it that asked for it."""

    ASKED = "asked for"
    COMING = "coming"
    ENDING = "ending"
    """Cancelled, and it comes until that is answered."""
    OVER = "over"


class Getting(StrEnum):
    ACCEPTED = "oadrCreatedReport"
    REFUSED = "refused"
    REPORTED = "a report comes"
    CANCEL = "not wanted like that"
    ANSWERED = "oadrCanceledReport"
    REPLACED = "offer or registration replaced"


A, C = Wanted, Getting

ASKING: Final = Machine(
    name="Report at the end that asked for it",
    says="Asked for by oadrCreateReport or with oadrRegisteredReport (r344), under an identifier of its own (r322). "
    "A report under any other is answered 452 (r304).",
    start=A.ASKED,
    rows=(
        Row(
            A.ASKED,
            C.ACCEPTED,
            A.COMING,
            "it lists all that are pending, and some list only the newest",
            ("r329",),
        ),
        Row(A.ASKED, C.REPORTED, A.COMING, "a report says as much as an acceptance"),
        Row(
            A.ASKED,
            C.REFUSED,
            A.OVER,
            "452 or 454: not asked for again until something else is offered",
            ("r304", "r340"),
        ),
        Row(A.ASKED, C.CANCEL, A.ENDING, "another rhythm is wanted before it has begun"),
        Row(A.ASKED, C.REPLACED, A.OVER, "new metadata end what was asked for", ("r306", "r406")),
        Row(A.COMING, C.ACCEPTED, A.COMING, "listed as pending with another one", ("r329",)),
        Row(A.COMING, C.REPORTED, A.COMING, "kept before it is acknowledged"),
        Row(A.COMING, C.CANCEL, A.ENDING, "oadrCancelReport, said until it is answered"),
        Row(A.COMING, C.REPLACED, A.OVER, "new metadata end what was asked for", ("r306", "r406")),
        Row(A.ENDING, C.ACCEPTED, A.ENDING, "it may still be listed", ("r329",)),
        Row(A.ENDING, C.REPORTED, A.ENDING, "it may still come, and is taken"),
        Row(
            A.ENDING,
            C.ANSWERED,
            A.OVER,
            "ended or not known there: what is wanted instead is asked for",
            ("r336",),
        ),
        Row(A.ENDING, C.REPLACED, A.OVER, "new metadata end what was asked for", ("r306", "r406")),
    ),
)
