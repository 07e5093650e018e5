"""Reports at the VEN, which owes them, and at the VTN, which asked for them; and the offers before them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.states.report import (
    ASKING,
    OFFERING,
    OWING,
    Doing,
    Getting,
    Offer,
    Offering,
    Owed,
    Wanted,
)
from oadr.wire.ids import NO_REQUEST, ReportRequestId, RequestId
from oadr.wire.messages import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    Message,
    RegisteredReport,
    RegisterReport,
    UpdatedReport,
    UpdateReport,
)
from oadr.wire.messages.common import EiResponse
from oadr.wire.messages.report import METADATA, PendingReports, Report
from tests.pair.states.walk import Walk
from tests.ven.stage import MINUTE, RATINGS, SECOND, Conversation, report_request
from tests.ven.test_reports import sample
from tests.ven.virtual import START
from tests.vtn.service.offers import interval, metadata, offer, update
from tests.vtn.world import HOME, NOW, TERMS, World
from ven.reports import Reports
from vtn.delivery.index import OFFER_AGAIN
from vtn.store import registrations
from vtn.store import reports as their_reports

N, C, G = Doing, Getting, Offering
REQUEST = ReportRequestId("RR1")
LASTS = 7200
COVER_OWED = """
    ASKED_AGAIN TIME SEND SEND TAKEN TIME ASKED_AGAIN TIME SEND ASKED_AGAIN CANCEL
    TIME CANCEL   TIME SEND CANCEL   REPLACED   TIME REPLACED   TIME SEND REPLACED   ENDED   TIME ENDED
    TIME SEND ENDED   UNKNOWN   TIME UNKNOWN   TIME SEND TAKEN PART SEND TAKEN CANCEL
    TIME SEND TAKEN LAST SEND TAKEN SEND TAKEN SEND TAKEN SEND TAKEN
"""


class Reporter:
    """A VEN's reports with at most one that is owed; it measures all the time."""

    def __init__(self, walk: Walk[Owed, Doing]) -> None:
        self._walk = walk
        self._reports = Reports(RATINGS, SECOND)
        self._now = START
        self._sent: Report | None = None

    @property
    def state(self) -> Owed:
        its = [one for one in self._reports.orders if one.request.request_id == REQUEST]
        return self._reports.state(its[0], self._now) if its else Owed.OVER

    def play(self, acts: Iterable[Doing]) -> None:
        for act in acts:
            if self.state is Owed.OVER:
                self._accept()
            before = self.state
            happened = self._perform(act, before)
            if all(OWING.maybe_after(before, one) is None for one in happened[:1]):
                assert self.state is before
            else:
                self._walk.step(before, *happened, after=self.state)

    def _accept(self) -> None:
        """From the next minute on, a value each ten seconds, for two hours."""
        start = self._now + MINUTE
        self._reports.accept([report_request(start=start, lasts=LASTS)], self._now)

    def _perform(self, act: Doing, before: Owed) -> tuple[Doing, ...]:
        """What the act comes to; a long while brings the time of a report that waits."""
        is_waiting = before is Owed.WAITING
        match act:
            case N.TIME | N.PART | N.LAST:
                self._pass({N.TIME: 60, N.PART: 3600, N.LAST: LASTS}[act])
                return (N.TIME,)
            case N.SEND:
                self._sent = self._reports.next_report(self._now) if not is_waiting else None
                assert is_waiting or self._sent
            case N.TAKEN | N.UNKNOWN:
                taken = self._take() if before is Owed.SENT else ()
                if act is N.TAKEN or (taken and taken[0] is N.LAST):
                    return taken or (act,)
                self._reports.drop([REQUEST])
                return (*taken, N.UNKNOWN)
            case N.ASKED_AGAIN:
                self._accept()
            case N.CANCEL:
                self._reports.cancel([REQUEST])
            case N.REPLACED:
                self._reports.replaced()
            case N.ENDED:
                self._reports.forget()
        return (act,)

    def _take(self) -> tuple[Doing, ...]:
        """Acknowledged; what that means is told by what the report held."""
        assert self._sent
        newest = self._sent.intervals[-1].start
        (its,) = self._reports.orders
        self._reports.delivered(self._now)
        assert newest
        assert its.ends
        if self._now - newest >= 2 * timedelta(seconds=10):
            return (N.PART,)
        return (N.LAST,) if self._now >= its.ends else (N.TAKEN,)

    def _pass(self, seconds: int) -> None:
        began = round((self._now - START).total_seconds())
        for second in range(began + 10, began + seconds + 1, 10):
            self._reports.record(sample(second))
        self._now += timedelta(seconds=seconds)


@pytest.mark.proves("r346")
def test_every_row_of_a_report_that_is_owed_is_taken() -> None:
    walk = Walk(OWING)
    Reporter(walk).play(N[name] for name in COVER_OWED.split())
    walk.assert_whole()


@given(st.lists(st.sampled_from(Doing), max_size=20))
def test_a_report_that_is_owed_goes_no_other_way(acts: list[Doing]) -> None:
    Reporter(Walk(OWING)).play(acts)


# --- the end that asks ---


class Asker:
    """The VTN of one VEN that offers two things, of which one is looked at."""

    def __init__(self, world: World, walk: Walk[Wanted, Getting]) -> None:
        self._world = world
        self._walk = walk
        self._watched = ReportRequestId("")
        self._other = ReportRequestId("")

    async def state(self) -> Wanted:
        async with self._world.store.reading() as tx:
            orders = await their_reports.orders(tx, HOME)
        return next((one.state for one in orders if one.report_request_id == self._watched), Wanted.OVER)

    async def begin(self) -> None:
        self._world.desk = replace(self._world.desk, terms=TERMS)
        second = replace(metadata(), specifier_id=type(metadata().specifier_id)("more"))
        requests = (await self._world.say(offer(metadata(), second))).requests
        names = {one.specifier_id: one.request_id for one in requests}
        self._watched, self._other = names[metadata().specifier_id], names[second.specifier_id]

    async def play(self, script: str) -> None:
        await self.begin()
        for name in script.split():
            before = await self.state()
            await self._perform(C[name])
            self._walk.step(before, C[name], after=await self.state())

    async def _perform(self, act: Getting) -> None:
        world = self._world
        match act:
            case C.ACCEPTED:
                await world.say(self._created("200", self._watched))
            case C.REFUSED:
                await world.say(self._created("454"))
            case C.REPORTED:
                assert await self._report(self._watched) == "200"
            case C.CANCEL:  # another rhythm is wanted, which is noticed when something is reported
                changed = replace(TERMS, report_every=timedelta(minutes=2))
                world.desk = replace(world.desk, terms=changed)
                assert await self._report(self._other, "more") == "200"
            case C.ANSWERED:
                await self._answer_the_cancellation()
            case C.REPLACED:
                await world.say(offer())

    def _created(self, code: str, *pending: ReportRequestId) -> CreatedReport:
        response = EiResponse(code=code, request_id=NO_REQUEST)
        return CreatedReport(response=response, pending=PendingReports(pending), ven_id=HOME)

    async def _report(self, name: ReportRequestId, specifier: str = "usage") -> str:
        said = update(name, interval("1", NOW), specifier_id=type(metadata().specifier_id)(specifier))
        return str((await self._world.say(said)).response.code)

    async def _answer_the_cancellation(self) -> None:
        """One report is cancelled at a time."""
        while await self.state() is not Wanted.OVER:
            wanted = await self._world.poll()
            if isinstance(wanted, CancelReport):
                response = EiResponse(request_id=wanted.request_id)
                await self._world.say(CanceledReport(response=response, ven_id=HOME))
            self._world.now += OFFER_AGAIN


async def test_every_row_of_a_report_that_was_asked_for_is_taken(world: World) -> None:
    walk = Walk(ASKING)
    await world.greeted()
    for script in (
        "ACCEPTED ACCEPTED REPORTED CANCEL ACCEPTED REPORTED ANSWERED",
        "REPORTED REPLACED",
        "REFUSED",
        "REPLACED",
        "CANCEL REPLACED",
    ):
        await Asker(world, walk).play(script)
    walk.assert_whole()


# --- what is offered ---


def accepted(message: RegisterReport, code: str = "200") -> RegisteredReport:
    return RegisteredReport(response=EiResponse(code=code, request_id=message.request_id))


class Offerer:
    """A VEN that tells a VTN what it can report."""

    def __init__(self, walk: Walk[Offer, Offering]) -> None:
        self._walk = walk
        self.made = Conversation()
        self.made.vtn.piggyback = (report_request(),)

    @property
    def offer(self) -> Offer:
        known = self.made.session.registration
        return Offer.TOLD if known and known.offered else Offer.UNTOLD

    def see(self, *happened: Offering, minutes: int = 0, mail: tuple[Message, ...] = ()) -> None:
        before = self.offer
        self.made.vtn.mail.extend(mail)
        self.made.run_for(minutes * MINUTE or 15 * SECOND)
        self._walk.step(before, *happened, after=self.offer)

    def lose_the_registration(self) -> None:
        self.made.vtn.known = False


def test_every_row_of_an_offer_is_taken_by_the_ven() -> None:
    walk = Walk(OFFERING)
    ven = Offerer(walk)
    refusal = RegisteredReport(response=EiResponse(code="451", request_id=RequestId("O1")))
    vtn = ven.made.vtn
    vtn.instead[RegisterReport] = refusal
    ven.see(G.ANEW, G.NOT_TAKEN)
    del vtn.instead[RegisterReport]
    ven.lose_the_registration()
    ven.see(G.ANEW, G.TAKEN, minutes=20)
    asked = report_request(request_id="M1", specifier=METADATA, every=0, grain=0)
    wish = CreateReport(request_id=RequestId("C1"), requests=(asked,))
    ven.see(G.ASKED, G.TAKEN, mail=(wish,))
    vtn.instead[RegisterReport] = refusal
    vtn.instead[UpdateReport] = UpdatedReport(response=EiResponse(code="452", request_id=NO_REQUEST))
    ven.see(G.LOST, G.NOT_TAKEN, minutes=2)
    vtn.instead.clear()
    ven.lose_the_registration()
    ven.see(G.ANEW, G.TAKEN, minutes=20)
    vtn.instead[RegisterReport] = refusal
    ven.lose_the_registration()
    ven.see(G.ANEW, G.NOT_TAKEN, minutes=20)
    walk.assert_whole()


async def test_the_vtn_sees_the_same_of_an_offer(world: World) -> None:
    walk = Walk(OFFERING)

    async def state() -> Offer:
        async with world.store.reading() as tx:
            known = await registrations.of(tx, HOME)
        return Offer.TOLD if known and known.offered else Offer.UNTOLD

    for happened in (G.ANEW, G.TAKEN, G.TAKEN, G.ANEW, G.ANEW):
        before = await state()
        if happened is G.TAKEN:
            await world.say(offer())
        else:
            world.later(seconds=1)
            await world.register(request_id=f"R{world.now:%S}")
        walk.step(before, happened, after=await state())
