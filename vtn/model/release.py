"""When an order takes two people, and by which steps it comes to be released.

Whether it takes two is not asked when it is written, but in the transaction that releases it: a feeder may have grown
since. The machine below is followed by `vtn.model.proposal`, and what it lets through is asked again by `demand`.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

from oadr.states import Machine, Row
from oadr.wire.ids import GroupId
from vtn.model.errors import NeedsTwo
from vtn.model.intervention import State
from vtn.model.people import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What one person may do alone. Shares of a fleet first, and MW per minute, would be rules beside these."""

    above_watts: int = 1_000_000
    """Two people above this, by what the chargepoints are rated for."""
    above_sites: int = 250
    most_half_hours: int = 8
    """Of supply limitation, on one feeder within 30 days; above this two people. The sources name no number."""
    wait: timedelta = timedelta(minutes=15)
    """How long a proposal for now waits for its second person; one for later waits until its start."""

    def no_looser_than(self, other: Self) -> Self:
        """The stricter of each number, and its own patience."""
        return replace(
            self,
            above_watts=min(self.above_watts, other.above_watts),
            above_sites=min(self.above_sites, other.above_sites),
            most_half_hours=min(self.most_half_hours, other.most_half_hours),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How much hangs on an order, together with what the same person has let run alone meanwhile."""

    watts: Decimal = Decimal(0)
    """The most that it can take off: rated power less the limit, whatever is drawn now."""
    sites: int = 0
    substations: tuple[str, ...] = ()
    """Those of which every feeder is meant."""
    too_often: tuple[GroupId, ...] = ()
    """Feeders that it would limit for more half-hours than the rules call rare."""


def reasons(facts: Facts, rules: Rules) -> tuple[str, ...]:
    """Why it takes two people, a sentence each; empty: one is enough."""
    found = (
        (
            facts.watts > rules.above_watts,
            f"it can take off {facts.watts / 1000:.0f} kW, and one person {rules.above_watts // 1000} kW",
        ),
        (
            facts.sites > rules.above_sites,
            f"it binds {facts.sites} sites, and one person {rules.above_sites}",
        ),
        (bool(facts.substations), f"it binds the whole substation {', '.join(facts.substations)}"),
        (
            bool(facts.too_often),
            f"more than {rules.most_half_hours} half-hours within 30 days on {', '.join(facts.too_often)}",
        ),
    )
    return tuple(text for is_so, text in found if is_so)


def demand(word: Word, facts: Facts, rules: Rules) -> None:
    """The only door to a release. Raises `NeedsTwo`."""
    why = reasons(facts, rules)
    if why and not word.is_of_two and word.broke_glass is None:
        raise NeedsTwo(why)


class Stage(StrEnum):
    DRAFT = "draft"
    AWAITING = "awaits a second person"
    RELEASED = "released"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Act(StrEnum):
    REVISE = "revised"
    RELEASE = "submitted, one is enough"
    PROPOSE = "submitted, two are needed"
    APPROVE = "approved by another"
    REJECT = "rejected by another"
    WITHDRAW = "withdrawn"
    BREAK_GLASS = "glass broken"
    TIME = "time is up"


S, A = Stage, Act

RELEASE: Final = Machine(
    name="Order before its release",
    says="How an order, or a change of one, comes to be released. Which of the two ways a submission goes is reckoned "
    "from what hangs on it: power, sites, whole substations, and how often the feeder was limited lately. An approval "
    "is of exactly the order that was shown.",
    start=S.DRAFT,
    rows=(
        Row(S.DRAFT, A.REVISE, S.DRAFT, "whoever revises it answers for it from then on"),
        Row(S.DRAFT, A.RELEASE, S.RELEASED, "by an operator"),
        Row(S.DRAFT, A.PROPOSE, S.AWAITING, "by an operator, who may be another than its author"),
        Row(S.DRAFT, A.WITHDRAW, S.WITHDRAWN, "by its author"),
        Row(S.DRAFT, A.TIME, S.EXPIRED, "its start is past, or nobody took it up"),
        Row(S.AWAITING, A.REVISE, S.DRAFT, "what was proposed is void: it is another order now"),
        Row(
            S.AWAITING,
            A.APPROVE,
            S.RELEASED,
            "by an approver who is not who proposed it, whatever roles these have",
        ),
        Row(S.AWAITING, A.REJECT, S.REJECTED, "by an approver, with a reason"),
        Row(S.AWAITING, A.WITHDRAW, S.WITHDRAWN, "by who proposed it"),
        Row(
            S.AWAITING,
            A.BREAK_GLASS,
            S.RELEASED,
            "by one operator, with a reason: an alarm, an entry of the record, and a mark on the intervention",
        ),
        Row(S.AWAITING, A.TIME, S.EXPIRED, "nobody gave the second word in time"),
    ),
)


class Turn(StrEnum):
    START = "start"
    CHANGE = "changed"
    END = "end"
    CANCEL = "cancelled or halted"


COURSE: Final = Machine(
    name="Intervention",
    says="What becomes of an order that was released. By plan and time; nobody stores it.",
    start=State.PLANNED,
    rows=(
        Row(
            State.PLANNED,
            Turn.CHANGE,
            State.PLANNED,
            "by two people if it becomes more and takes two",
            ("r20",),
        ),
        Row(State.PLANNED, Turn.START, State.RUNNING, "the published start"),
        Row(
            State.PLANNED, Turn.CANCEL, State.CANCELLED, "by one person, always: it gives load back", ("r10",)
        ),
        Row(State.RUNNING, Turn.CHANGE, State.RUNNING, "all of it but its start", ("r20",)),
        Row(State.RUNNING, Turn.END, State.OVER, "the published end"),
        Row(
            State.RUNNING, Turn.CANCEL, State.CANCELLED, "by one person, always: it gives load back", ("r10",)
        ),
    ),
)
