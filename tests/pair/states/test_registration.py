"""A registration as the VEN has it and as the VTN has it, by whatever way it comes and goes."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oadr.states.registration import REGISTRATION, State, Trigger
from oadr.wire.ids import NO_REQUEST, RegistrationId, RequestId, VenId
from oadr.wire.messages import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    Poll,
    QueryRegistration,
    RequestReregistration,
    Response,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.registration import ServiceName
from tests.pair.states.conftest import vtn_in
from tests.pair.states.walk import Walk
from tests.pair.town import in_memory
from tests.ven.stage import VEN, VTN, Loaded
from tests.ven.virtual import START
from tests.vtn.world import HOME, World, registration
from ven.enrolment import Enrolment, Introduction, Registration
from ven.outbox import Outbox, Request
from ven.pace import Pace
from vtn.model.wish import PATIENCE, Wish, WishKind
from vtn.service import party
from vtn.store import registrations, wishes

T = Trigger
COVER_VEN = (
    "REFUSED REFUSED REGISTER DOUBTED RENEW ASKED RENEW RESTART RENEW DOUBTED REFUSED REGISTER CANCELLED REGISTER",
    "REGISTER RESTART REGISTER DOUBTED RENEW LOST_AGAIN REGISTER",
)
OF_VEN = (T.REFUSED, T.REGISTER, T.DOUBTED, T.RENEW, T.ASKED, T.RESTART, T.CANCELLED, T.LOST_AGAIN)
COVER_VTN = (
    "QUERY REGISTER QUERY REGISTER RENEW ASKED QUERY RENEW ASKED DECLINED ASKED REGISTER ASKED CANCELLED",
    "REGISTER ASKED CANCEL QUERY RENEW DECLINED REGISTER CANCEL CANCELLED REGISTER CANCEL ENDED REGISTER CANCELLED",
)
OF_VTN = (T.QUERY, T.REGISTER, T.RENEW, T.ASKED, T.DECLINED, T.CANCEL, T.CANCELLED, T.ENDED)


class Site:
    """A VEN's side; what the VTN says to it is up to the test."""

    def __init__(self, walk: Walk[State, Trigger]) -> None:
        self._walk = walk
        self._ids = map(str, range(10_000))
        self._begin(None)

    def play(self, acts: Iterable[Trigger]) -> None:
        for act in acts:
            before = self._enrolment.state
            if self._may_happen(act, before):
                self._perform(act)
                self._walk.step(before, act, after=self._enrolment.state)
            asks_anew = self._enrolment.request(RequestId("Q")).registration_id is None
            assert asks_anew is (self._enrolment.state is State.UNREGISTERED)
            assert self._enrolment.stands is (self._enrolment.state is State.REGISTERED)

    def _begin(self, known: Registration | None) -> None:
        dice = Loaded()
        self._pace = Pace(dice, timedelta(seconds=300), timedelta(seconds=10))
        outbox = Outbox(lambda: next(self._ids))
        self._enrolment = Enrolment(Introduction("site", None, None), self._pace, outbox, known)

    def _may_happen(self, act: Trigger, before: State) -> bool:
        """A VEN that is registered does not ask for it, and one that is not is told nothing else."""
        if act in (T.REGISTER, T.RENEW, T.REFUSED):
            return before is not State.REGISTERED and REGISTRATION.maybe_after(before, act) is not None
        if act is T.LOST_AGAIN:
            return before is State.REGISTERED and bool(self._pace.setbacks)
        return before is State.REGISTERED

    def _perform(self, act: Trigger) -> None:
        enrolment, known = self._enrolment, self._enrolment.known
        if act in (T.REGISTER, T.RENEW, T.REFUSED):
            sent = enrolment.request(RequestId(next(self._ids)))
            enrolment.take(self._reply(act, sent), sent, START)
            return
        assert known
        if act is not T.LOST_AGAIN:
            self._pace.welcome()  # a poll was answered meanwhile
        match act:
            case T.RESTART:
                self._begin(known)
            case T.ASKED:
                enrolment.on_wish(RequestReregistration(ven_id=VEN), known, START)
            case T.DOUBTED | T.LOST_AGAIN:
                nobody = EiResponse(code="463", request_id=NO_REQUEST)
                enrolment.on_complaint(nobody, Request(ServiceName.POLL, Poll(ven_id=VEN)), START)
            case T.CANCELLED:
                enrolment.on_cancellation(cancellation(known.registration_id, VEN), known, START)

    def _reply(self, act: Trigger, sent: CreatePartyRegistration) -> CreatedPartyRegistration:
        name = sent.registration_id if act is T.RENEW else RegistrationId(f"Reg-{next(self._ids)}")
        return CreatedPartyRegistration(
            response=EiResponse(code="452" if act is T.REFUSED else "200", request_id=sent.request_id),
            registration_id=name if act is not T.REFUSED else None,
            ven_id=VEN if act is not T.REFUSED else None,
            vtn_id=VTN,
            profiles=(),
        )


class Dso:
    """A VTN's side, and what it hears and wants."""

    def __init__(self, world: World, walk: Walk[State, Trigger]) -> None:
        self._world = world
        self._walk = walk

    async def play(self, acts: Iterable[Trigger]) -> None:
        for act in acts:
            before = await self._state()
            if act in (T.ASKED, T.CANCEL) and REGISTRATION.maybe_after(before, act) is None:
                continue  # it is wanted already, or there is nobody
            self._world.later(seconds=1)
            accepted = await self._perform(act)
            after = await self._state()
            if REGISTRATION.maybe_after(before, act) is None:
                assert not accepted, "what has no row is refused"
                assert after is before
            else:
                assert accepted or after is before
                self._walk.step(before, act, after=after)

    async def _known(self) -> tuple[RegistrationId | None, Collection[WishKind]]:
        async with self._world.store.reading() as tx:
            known = await registrations.of(tx, HOME)
            return known.registration_id if known else None, tuple(await wishes.of(tx, HOME))

    async def _state(self) -> State:
        """By what is kept of the VEN, and what is wanted of it; that it shall go outweighs all else."""
        known, wanted = await self._known()
        if known is None:
            return State.UNREGISTERED
        if WishKind.DEREGISTER in wanted:
            return State.LEAVING
        return State.IN_DOUBT if WishKind.REREGISTER in wanted else State.REGISTERED

    async def _perform(self, act: Trigger) -> bool:
        """Whether it is taken."""
        world = self._world
        name, _ = await self._known()
        request_id = RequestId(f"{world.now:R%M%S}")
        known = name or RegistrationId("R0")
        match act:
            case T.QUERY:
                said = await world.say(QueryRegistration(request_id=request_id))
                assert said.registration_id == name, "identifiers only to whoever is registered (r404)"
            case T.REGISTER:
                said = await world.say(registration(request_id))
            case T.RENEW:
                said = await world.say(registration(request_id, registration_id=known, ven_id=HOME))
            case T.CANCELLED:
                said = await world.say(cancellation(known, HOME))
            case T.DECLINED:
                no = EiResponse(code="451", request_id=NO_REQUEST)
                said = await world.say(Response(response=no, ven_id=HOME))
            case T.ENDED:
                answer = EiResponse(request_id=RequestId("W1"))
                said = await world.say(
                    CanceledPartyRegistration(response=answer, registration_id=known, ven_id=HOME)
                )
            case _:
                kind = WishKind.DEREGISTER if act is T.CANCEL else WishKind.REREGISTER
                await self._want(kind)
                return True
        return bool(said.response.accepted)

    async def _want(self, kind: WishKind) -> None:
        """As the command line does."""
        async with self._world.store.writing() as tx:
            await wishes.make(
                tx, Wish(ven_id=HOME, kind=kind, request_id=RequestId("W1"), since=self._world.now)
            )


def cancellation(known: RegistrationId, ven_id: VenId) -> CancelPartyRegistration:
    return CancelPartyRegistration(request_id=RequestId("C1"), registration_id=known, ven_id=ven_id)


@pytest.mark.proves("r404", "r406", "r407")
async def test_every_row_of_a_registration_is_taken_at_one_end_or_the_other(world: World) -> None:
    walk = Walk(REGISTRATION)
    for script in COVER_VEN:
        Site(walk).play(Trigger[name] for name in script.split())
    for script in COVER_VTN:
        await Dso(world, walk).play([Trigger[name] for name in script.split()])
    walk.assert_whole()


async def test_silence_ends_a_registration_like_an_answer(world: World) -> None:
    walk = Walk(REGISTRATION)
    await Dso(world, walk).play([T.REGISTER, T.CANCEL])
    world.now += PATIENCE
    assert await party.forget_the_silent(world.store, world.now) == (HOME,)
    await world.index.refresh(world.store, world.now)
    await Dso(world, walk).play([T.REGISTER])


@given(st.lists(st.sampled_from(OF_VEN), max_size=20))
def test_a_ven_registers_no_other_way(acts: list[Trigger]) -> None:
    Site(Walk(REGISTRATION)).play(acts)


@settings(max_examples=settings().max_examples // 20)
@given(st.lists(st.sampled_from(OF_VTN), min_size=5, max_size=15))
def test_a_vtn_registers_no_other_way(acts: list[Trigger]) -> None:
    async def play() -> None:
        with in_memory() as folder:
            async with vtn_in(folder) as world:
                await Dso(world, Walk(REGISTRATION)).play(acts)

    asyncio.run(play())
