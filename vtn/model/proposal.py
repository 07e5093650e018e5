"""An order, or a change of one, on its way to be released: who may take which step.

Each step is a plain function from one proposal to the next. What it refuses raises a `Mistake`, and nothing is changed.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NewType

from vtn.model.errors import NotAllowed, NotNow
from vtn.model.intervention import LATE, InterventionId, Order, check_reason
from vtn.model.people import Person, PersonId, Role, Word
from vtn.model.release import RELEASE, Act, Facts, Rules, Stage, reasons

ProposalId = NewType("ProposalId", int)
"""Short enough for a telephone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """Which modification of which intervention a change begins from; another one in between makes it void."""

    intervention_id: InterventionId
    modification_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    number: ProposalId
    order: Order
    """As it is to be."""
    amends: Amended | None = None
    """None: it is a new order."""
    digest: str
    """SHA-256 of all that is approved, in hex."""
    author: PersonId
    """Whose word it is as it stands: who wrote, revised or submitted it last."""
    written_at: datetime
    expires_at: datetime
    stood: Stage = Stage.DRAFT
    """By what somebody did; `stage` knows the time as well."""
    reasons: tuple[str, ...] = ()
    """Why it takes two people, as it was when submitted."""
    decided_by: PersonId | None = None
    decided_at: datetime | None = None
    decision: str | None = None
    """The reason that was given for a rejection, or for breaking the glass."""
    broke_glass: bool = False
    became: InterventionId | None = None

    def stage(self, now: datetime) -> Stage:
        is_open = RELEASE.row(self.stood, Act.TIME) is not None
        return RELEASE.after(self.stood, Act.TIME) if is_open and now >= self.expires_at else self.stood

    @property
    def word(self) -> Word:
        """By whose word it is released."""
        if self.broke_glass:
            return Word(by=self.decided_by, broke_glass=self.decision)
        return Word(by=self.author, second=self.decided_by)

    @property
    def is_at_once(self) -> bool:
        """For now rather than for a time: its start is when it is released."""
        return self.amends is None and self.order.start <= self.written_at + LATE


def expiry(order: Order, rules: Rules, now: datetime) -> datetime:
    """A proposal for later waits until its start, and one for now as long as the rules say."""
    return order.start if order.start > now + LATE else now + rules.wait


def revised(
    proposal: Proposal, person: Person, order: Order, digest: str, rules: Rules, now: datetime
) -> Proposal:
    """In other words: whatever was said of it so far is void."""
    person.must_be(Role.OPERATOR)
    return replace(
        proposal,
        stood=_after(proposal, Act.REVISE, now),
        order=order,
        digest=digest,
        author=person.person_id,
        written_at=now,
        expires_at=expiry(order, rules, now),
        reasons=(),
    )


def submitted(proposal: Proposal, person: Person, facts: Facts, rules: Rules, now: datetime) -> Proposal:
    """Released if one person is enough, or now awaiting a second one; `facts` are those of this transaction."""
    person.must_be(Role.OPERATOR)
    why = reasons(facts, rules)
    after = _after(proposal, Act.PROPOSE if why else Act.RELEASE, now)
    return replace(proposal, stood=after, author=person.person_id, reasons=why)


def approved(proposal: Proposal, person: Person, digest: str, now: datetime) -> Proposal:
    """The second word. `digest` is of what the person was shown, so that it is said of nothing else."""
    person.must_be(Role.APPROVER)
    after = _after(proposal, Act.APPROVE, now)
    if person.person_id == proposal.author:
        raise NotAllowed(f"proposal {proposal.number} is your own: the second word is another person's")
    if digest != proposal.digest:
        raise NotNow(f"proposal {proposal.number} is another than the one that was shown: look again")
    return replace(proposal, stood=after, decided_by=person.person_id, decided_at=now)


def rejected(proposal: Proposal, person: Person, reason: str, now: datetime) -> Proposal:
    person.must_be(Role.APPROVER)
    check_reason(reason, person.person_id)
    after = _after(proposal, Act.REJECT, now)
    if person.person_id == proposal.author:
        raise NotAllowed(f"proposal {proposal.number} is your own: withdraw it instead")
    return replace(proposal, stood=after, decided_by=person.person_id, decided_at=now, decision=reason)


def withdrawn(proposal: Proposal, person: Person, now: datetime) -> Proposal:
    person.must_be(Role.OPERATOR)
    after = _after(proposal, Act.WITHDRAW, now)
    if person.person_id != proposal.author:
        raise NotAllowed(f"proposal {proposal.number} is another person's: an approver can reject it")
    return replace(proposal, stood=after, decided_by=person.person_id, decided_at=now)


def glass_broken(proposal: Proposal, person: Person, reason: str, now: datetime) -> Proposal:
    """One person in an emergency, who has to say why nobody else was asked."""
    person.must_be(Role.OPERATOR)
    check_reason(reason, person.person_id)
    after = _after(proposal, Act.BREAK_GLASS, now)
    return replace(
        proposal,
        stood=after,
        decided_by=person.person_id,
        decided_at=now,
        decision=reason,
        broke_glass=True,
    )


def _after(proposal: Proposal, act: Act, now: datetime) -> Stage:
    """Raises `NotNow` for a step that the table does not have."""
    stage = proposal.stage(now)
    after = RELEASE.maybe_after(stage, act)
    if after is None:
        raise NotNow(f"proposal {proposal.number} cannot be {act} now: it is at '{stage}'")
    return after
