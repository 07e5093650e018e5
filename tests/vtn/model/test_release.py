"""Two people: the machine of a release, explored to its end, and what makes an order take two."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import chain, combinations, product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.signals import Programme
from oadr.wire.ids import GroupId
from vtn.model import proposal as steps
from vtn.model.errors import Mistake, NeedsTwo, NotAllowed, NotNow
from vtn.model.intervention import Order, State
from vtn.model.people import Person, PersonId, Role, Word
from vtn.model.proposal import Proposal, ProposalId
from vtn.model.release import COURSE, RELEASE, Act, Facts, Rules, Stage, demand, reasons

NOW: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RULES: Final = Rules(above_watts=1000, above_sites=10)
SMALL: Final = Facts(watts=Decimal(1000), sites=10)
LARGE: Final = Facts(watts=Decimal(1001), sites=10)
ORDER: Final = Order(
    programme=Programme.SUPPLY_LIMIT,
    feeder_ids=(GroupId("F1"),),
    percent=Decimal(40),
    start=NOW,
    duration=timedelta(minutes=30),
    reason="hot",
    ordered_by="operator",
)
DRAFT: Final = Proposal(
    number=ProposalId(1),
    order=ORDER,
    digest="first",
    author=PersonId("P-0"),
    written_at=NOW,
    expires_at=NOW + RULES.wait,
)

# --- every road there is ---

TELLING: Final = (Role.OPERATOR, Role.APPROVER, Role.ADMIN)
ROLES: Final = tuple(
    frozenset(some)
    for some in chain.from_iterable(combinations(TELLING, size) for size in range(len(TELLING) + 1))
)
Said = tuple[PersonId, str]
"""A person, and the digest of what that person said yes to."""


@dataclass(frozen=True)
class Place:
    """Where a road has come to, and who has said yes on it: kept by this test, not by what it tests."""

    proposal: Proposal
    is_large: bool
    is_late: bool = False
    said: frozenset[Said] = frozenset()
    was_large: bool = False
    """When it was released."""

    @property
    def facts(self) -> Facts:
        return LARGE if self.is_large else SMALL

    @property
    def now(self) -> datetime:
        return NOW + (RULES.wait if self.is_late else timedelta())


Approve = Callable[[Proposal, Person, str, datetime], Proposal]


def roads(place: Place, people: Iterable[Person], approve: Approve) -> Iterator[Callable[[], Place]]:
    """All that anybody may try, or that may happen meanwhile."""
    proposal, now = place.proposal, place.now
    yield lambda: replace(place, is_large=not place.is_large)
    yield lambda: replace(place, is_late=True)
    for person in people:
        me = person.person_id

        def submit(person: Person = person, me: PersonId = me) -> Place:
            after = steps.submitted(proposal, person, place.facts, RULES, now)
            return replace(place, proposal=after, said=place.said | {(me, proposal.digest)})

        def glass(person: Person = person) -> Place:
            return replace(place, proposal=steps.glass_broken(proposal, person, "nobody answers", now))

        yield submit
        yield glass
        yield lambda p=person: replace(place, proposal=steps.rejected(proposal, p, "no", now))  # type: ignore[misc]
        yield lambda p=person: replace(place, proposal=steps.withdrawn(proposal, p, now))  # type: ignore[misc]
        for digest in ("first", "second"):

            def yes(person: Person = person, digest: str = digest, me: PersonId = me) -> Place:
                after = approve(proposal, person, digest, now)
                return replace(place, proposal=after, said=place.said | {(me, digest)})

            def other(person: Person = person, digest: str = digest) -> Place:
                after = steps.revised(proposal, person, ORDER, digest, RULES, now)
                return replace(place, proposal=after, said=frozenset())

            yield yes
            yield other


def explored(people: tuple[Person, ...], approve: Approve = steps.approved) -> set[Place]:
    """Every place that can be reached, until no road leads anywhere new."""
    first = {Place(replace(DRAFT, author=one.person_id), large) for one in people for large in (True, False)}
    reached, edge = set(first), list(first)
    while edge:
        place = edge.pop()
        for road in roads(place, people, approve):
            try:
                after = road()
            except Mistake:
                continue
            if place.proposal.stood is not after.proposal.stood is Stage.RELEASED:
                after = replace(after, was_large=place.is_large)
            if after not in reached:
                reached.add(after)
                edge.append(after)
    return reached


def released_by_fewer(reached: Iterable[Place], people: tuple[Person, ...]) -> list[Place]:
    """Released above the threshold, without broken glass, and not by an operator and another approver."""
    roles = {one.person_id: one.roles for one in people}
    return [
        place
        for place in reached
        if place.proposal.stood is Stage.RELEASED
        and place.was_large
        and not place.proposal.broke_glass
        and not any(
            one != other
            and one_digest == other_digest == place.proposal.digest
            and Role.OPERATOR in roles[one]
            and Role.APPROVER in roles[other]
            for (one, one_digest), (other, other_digest) in product(place.said, repeat=2)
        )
    ]


def crowd(*roles: frozenset[Role]) -> tuple[Person, ...]:
    return tuple(Person(PersonId(f"P-{number}"), its) for number, its in enumerate(roles))


@pytest.mark.proves("B16", "O04")
def test_no_road_releases_what_takes_two_with_fewer_than_two_people() -> None:
    """Three people with every set of roles that matters, every act in every order, stale looks and growing feeders."""
    released = 0
    for roles in product(ROLES, repeat=3):
        if list(roles) != sorted(roles, key=ROLES.index):
            continue  # who is who does not matter
        people = crowd(*roles)
        reached = explored(people)
        assert released_by_fewer(reached, people) == []
        for place in reached:
            if place.proposal.stood is Stage.RELEASED:
                released += 1
                facts = LARGE if place.was_large else SMALL
                demand(place.proposal.word, facts, RULES)  # the last door agrees
    assert released > 100, "roads do lead to a release"


def test_the_exploration_would_find_who_approves_alone() -> None:
    def lax(proposal: Proposal, person: Person, digest: str, now: datetime) -> Proposal:
        stranger = replace(proposal, author=PersonId("somebody else"))
        return replace(steps.approved(stranger, person, digest, now), author=proposal.author)

    def careless(proposal: Proposal, person: Person, digest: str, now: datetime) -> Proposal:  # noqa: ARG001
        return steps.approved(proposal, person, proposal.digest, now)

    people = crowd(frozenset({Role.OPERATOR, Role.APPROVER}), frozenset({Role.APPROVER}))
    for approve in (lax, careless):
        assert released_by_fewer(explored(people, approve), people)


def test_every_row_of_the_table_is_a_road_that_somebody_can_take() -> None:
    people = crowd(*[frozenset(TELLING)] * 3)
    reached = explored(people)
    assert {place.proposal.stage(place.now) for place in reached} == set(RELEASE.states)
    assert set(RELEASE.ends) == {Stage.RELEASED, Stage.REJECTED, Stage.WITHDRAWN, Stage.EXPIRED}
    assert set(COURSE.ends) == {State.OVER, State.CANCELLED}


# --- single steps ---

ONE, OTHER = crowd(frozenset(TELLING), frozenset(TELLING))


def proposed() -> Proposal:
    return steps.submitted(DRAFT, ONE, LARGE, RULES, NOW)


def test_one_is_enough_up_to_the_threshold() -> None:
    assert steps.submitted(DRAFT, ONE, SMALL, RULES, NOW).stood is Stage.RELEASED
    assert proposed().stood is Stage.AWAITING


@pytest.mark.proves("O04")
def test_the_second_word_is_another_persons_and_of_what_was_shown() -> None:
    with pytest.raises(NotAllowed, match="is your own"):
        steps.approved(proposed(), ONE, "first", NOW)
    with pytest.raises(NotNow, match="look again"):
        steps.approved(proposed(), OTHER, "second", NOW)
    done = steps.approved(proposed(), OTHER, "first", NOW)
    assert done.word == Word(by=ONE.person_id, second=OTHER.person_id)


def test_a_proposal_for_now_waits_a_quarter_of_an_hour_and_one_for_later_until_its_start() -> None:
    assert steps.expiry(ORDER, RULES, NOW) == NOW + timedelta(minutes=15)
    tomorrow = NOW + timedelta(days=1)
    assert steps.expiry(replace(ORDER, start=tomorrow), RULES, NOW) == tomorrow
    with pytest.raises(NotNow, match="it is at 'expired'"):
        steps.approved(proposed(), OTHER, "first", NOW + timedelta(minutes=15))


@pytest.mark.parametrize(
    ("act", "role"),
    [
        (lambda who: steps.submitted(DRAFT, who, SMALL, RULES, NOW), Role.OPERATOR),
        (lambda who: steps.revised(DRAFT, who, ORDER, "second", RULES, NOW), Role.OPERATOR),
        (lambda who: steps.approved(proposed(), who, "first", NOW), Role.APPROVER),
        (lambda who: steps.rejected(proposed(), who, "no", NOW), Role.APPROVER),
        (lambda who: steps.glass_broken(proposed(), who, "alone", NOW), Role.OPERATOR),
    ],
)
@pytest.mark.proves("O04")
def test_each_act_takes_its_role_and_no_other_does(act: Callable[[Person], Proposal], role: Role) -> None:
    act(Person(PersonId("P-9"), frozenset({role})))
    with pytest.raises(NotAllowed, match=f"takes the role of {role}"):
        act(Person(PersonId("P-9"), frozenset(Role) - {role}))


def test_only_its_author_withdraws_a_proposal_and_only_another_rejects_it() -> None:
    assert steps.withdrawn(proposed(), ONE, NOW).stood is Stage.WITHDRAWN
    assert steps.rejected(proposed(), OTHER, "no need", NOW).decision == "no need"
    with pytest.raises(NotAllowed):
        steps.withdrawn(proposed(), OTHER, NOW)
    with pytest.raises(NotAllowed):
        steps.rejected(proposed(), ONE, "no need", NOW)


def test_broken_glass_has_a_reason() -> None:
    with pytest.raises(Mistake, match="--reason is missing"):
        steps.glass_broken(proposed(), ONE, " ", NOW)
    assert steps.glass_broken(proposed(), ONE, "alone", NOW).word == Word(
        by=ONE.person_id, broke_glass="alone"
    )


# --- what takes two ---


@pytest.mark.proves("W26", "W13")
@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (Facts(watts=Decimal(1001)), "take off 1 kW"),
        (Facts(sites=11), "11 sites"),
        (Facts(substations=("S1",)), "whole substation S1"),
        (Facts(too_often=(GroupId("F1"),)), "more than 8 half-hours within 30 days on F1"),
    ],
)
def test_power_sites_whole_substations_and_what_is_not_rare_take_two(facts: Facts, why: str) -> None:
    assert [why in text for text in reasons(facts, RULES)] == [True]
    for word in (Word(), Word(by=PersonId("P-1")), Word(by=PersonId("P-1"), second=PersonId("P-1"))):
        with pytest.raises(NeedsTwo, match="this takes two people"):
            demand(word, facts, RULES)
    demand(Word(by=PersonId("P-1"), second=PersonId("P-2")), facts, RULES)
    demand(Word(by=PersonId("P-1"), broke_glass="alone"), facts, RULES)


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**4), st.integers(0, 10**4))
def test_more_never_takes_fewer_people(watts: int, more: int, sites: int, further: int) -> None:
    less = Facts(watts=Decimal(watts), sites=sites)
    grown = Facts(watts=Decimal(watts + more), sites=sites + further)
    assert not reasons(less, Rules()) or reasons(grown, Rules())


@given(st.lists(st.sampled_from(Act), max_size=8))
def test_what_is_decided_stays_so(acts: list[Act]) -> None:
    stage: Stage = Stage.DRAFT
    for act in acts:
        after = RELEASE.maybe_after(stage, act)
        assert stage not in RELEASE.ends or after is None
        stage = after or stage
