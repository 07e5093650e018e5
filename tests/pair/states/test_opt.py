"""How far a word gets at the site that says it and at the VTN that hears it, and which word counts."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.signals import Programme
from oadr.opting import Period, write_periods
from oadr.states.opt import RANK, WORD, Said, Stage, Trigger, Voice
from oadr.wire.ids import NO_REQUEST, OptId, RequestId, Token
from oadr.wire.messages import CancelOpt, CreateOpt
from oadr.wire.messages.common import OptType, Target
from oadr.wire.scalars import Duration
from tests.pair.states.walk import Walk
from tests.ven.stage import BASE, MINUTE, RATINGS, SITE, VEN, Loaded, event, listing
from tests.ven.virtual import START
from tests.vtn.world import HOME, HOME_EVSE, NOW, World, created_event, word
from ven import events
from ven.opts import Opts, Reason
from vtn.store import opts as their_opts

T = Trigger
ON_EVENT = (T.TAKEN, T.REFUSED, T.ANEW, T.EVENT_GONE)
SCHEDULE = tuple(trigger for trigger in T if trigger not in (T.EVENT_GONE, T.CANCELLED))
COVER_ON_EVENT = ("TAKEN ANEW ANEW TAKEN EVENT_GONE ANEW", "REFUSED ANEW REFUSED EVENT_GONE")
COVER_SCHEDULE = (
    "TAKEN CANCEL ANEW ANSWERED ANEW PAST",
    "CANCEL ANSWERED REPLACED",
    "REFUSED CANCEL PAST",
    *("PAST", "REPLACED", "TAKEN PAST", "TAKEN REPLACED", "REFUSED PAST", "REFUSED REPLACED"),
)


class Word:
    """One word of a site, about an event or as a schedule, and what becomes of it there."""

    def __init__(self, walk: Walk[Stage, Trigger], *, on_event: bool) -> None:
        ids = map(str, range(10_000))
        self._walk = walk
        self._opts = Opts(BASE, lambda: next(ids))
        self._now = START
        shift = event(programme="load-shift", start_after=Duration())
        self._held = events.merge((), listing(shift), SITE, START, Loaded()).held if on_event else ()
        if on_event:
            self._opts.say_of(self._held[0], OptType.OPT_OUT, Reason.OVERRIDE, self._held[0].resources, START)
        else:
            self._state_schedule()
        self._opt_id = self._opts.kept[0].opt_id

    @property
    def stage(self) -> Stage:
        return next((one.stage for one in self._opts.kept if one.opt_id == self._opt_id), Stage.FORGOTTEN)

    def play(self, acts: Iterable[Trigger]) -> None:
        for act in acts:
            before = self.stage
            self._perform(act)
            if WORD.maybe_after(before, act) is None:
                assert self.stage is before
            else:
                self._walk.step(before, act, after=self.stage)

    def _perform(self, act: Trigger) -> None:
        match act:
            case T.TAKEN | T.REFUSED if self.stage is Stage.OWED:
                self._answer(taken=act is T.TAKEN)
            case T.ANSWERED if self.stage is Stage.CANCELLING:
                self._answer(taken=False)
            case T.CANCEL:
                self._opts.cancel(self._opt_id)
            case T.ANEW:
                self._opts.again()
            case T.PAST:
                self._now = START + timedelta(days=1)
            case T.REPLACED:
                self._state_schedule()
            case T.EVENT_GONE:
                self._held = ()
        if act in (
            T.PAST,
            T.REPLACED,
            T.EVENT_GONE,
        ):  # it is looked through when a list comes, or a new schedule
            self._opts.forget(self._held, self._now)

    def _answer(self, *, taken: bool) -> None:
        ours = next(one for one in self._opts.kept if one.opt_id == self._opt_id)
        self._opts.answered(self._opts.message(ours, VEN, NO_REQUEST), taken=taken)

    def _state_schedule(self) -> None:
        period = Period(self._now, self._now + MINUTE)
        self._opts.state_schedule([period], OptType.OPT_OUT, None, RATINGS, None, self._now)


async def stage_at_the_vtn(world: World) -> Stage:
    """What it has never heard of is owed to it."""
    async with world.store.reading() as tx:
        kept = await their_opts.of_ven(tx, HOME)
    return kept[-1].stage if kept else Stage.OWED


async def walk_at_the_vtn(world: World, walk: Walk[Stage, Trigger]) -> None:
    cancel = CancelOpt(opt_id=OptId("O1"), ven_id=HOME, request_id=RequestId("Q2"))
    for trigger, message in ((T.TAKEN, schedule()), (T.CANCELLED, cancel), (T.CANCELLED, cancel)):
        before = await stage_at_the_vtn(world)
        assert (await world.say(message)).response.accepted
        walk.step(before, trigger, after=await stage_at_the_vtn(world))
    await world.say(schedule(minutes=7))
    before = await stage_at_the_vtn(world)
    await world.register(request_id="R7")
    walk.step(before, T.ANEW, after=await stage_at_the_vtn(world))


def schedule(minutes: int = 5) -> CreateOpt:
    return CreateOpt(
        opt_id=OptId("O1"),
        opt=OptType.OPT_OUT,
        reason=Token("economic"),
        ven_id=HOME,
        schedule=write_periods([Period(NOW, NOW + minutes * MINUTE)]),
        created_at=NOW,
        request_id=RequestId("Q1"),
        target=Target(ven_ids=(HOME,)),
    )


@pytest.mark.proves("r204", "r211")
async def test_every_row_of_a_word_is_taken_at_one_end_or_the_other(world: World) -> None:
    walk = Walk(WORD)
    for script in COVER_ON_EVENT:
        Word(walk, on_event=True).play(Trigger[name] for name in script.split())
    for script in COVER_SCHEDULE:
        Word(walk, on_event=False).play(Trigger[name] for name in script.split())
    await world.greeted()
    await walk_at_the_vtn(world, walk)
    walk.assert_whole()


@given(st.lists(st.sampled_from(ON_EVENT), max_size=12), st.lists(st.sampled_from(SCHEDULE), max_size=12))
def test_a_word_goes_no_other_way(on_event: list[Trigger], on_schedule: list[Trigger]) -> None:
    Word(Walk(WORD), on_event=True).play(on_event)
    Word(Walk(WORD), on_event=False).play(on_schedule)


async def voice(world: World) -> Voice:
    (delivery,) = await world.deliveries()
    return Voice.OWN if delivery.opt_of(HOME_EVSE) else Voice.SITE


@pytest.mark.proves("r206")
async def test_every_row_of_the_precedence_is_taken(world: World) -> None:
    walk = Walk(RANK)
    await world.greeted()
    given = await world.give(programme=Programme.LOAD_SHIFT)
    for number, said in enumerate(
        (Said.ANSWER, Said.CHANGE, Said.OPT, Said.ANSWER, Said.CHANGE, Said.OPT), start=1
    ):
        before = await voice(world)
        (event_now,) = await world.events()
        match said:
            case Said.ANSWER:
                heard = await world.say(created_event(word(event_now)))
                assert heard.response.accepted
            case Said.OPT:
                opt = CreateOpt(
                    opt_id=OptId(f"W{number}"),
                    opt=OptType.OPT_OUT,
                    reason=Token("economic"),
                    ven_id=HOME,
                    created_at=NOW,
                    request_id=RequestId("Q3"),
                    event=event_now.qualified_id,
                    target=Target(resource_ids=(HOME_EVSE,)),
                )
                assert (await world.say(opt)).response.accepted
            case Said.CHANGE:
                world.later(seconds=1)
                await world.change(given, duration=timedelta(minutes=30 + number))
        walk.step(before, said, after=await voice(world))
    walk.assert_whole()
