"""How a VTN has an event towards one of its VENs, whatever that says or leaves unsaid."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oadr.states.event import TELLING, Heard, Telling
from oadr.wire.ids import RequestId
from oadr.wire.messages import CreatedEvent
from oadr.wire.messages.common import EiResponse, OptType, QualifiedEventId
from oadr.wire.messages.event import EventResponse
from tests.pair.states.conftest import vtn_in
from tests.pair.states.walk import Walk
from tests.pair.town import in_memory
from tests.vtn import written
from tests.vtn.world import HOME, World
from vtn.model.delivery import CANCEL_PATIENCE, Delivery
from vtn.model.errors import NotNow

W = Heard
COVER_ALWAYS = (
    "HANDED_OUT OPT_IN HANDED_OUT OPT_IN CHANGE CHANGE OPT_OUT HANDED_OUT OPT_OUT OPT_IN OPT_OUT ANEW ANEW OPT_IN ANEW "
    "OPT_OUT CHANGE OPT_IN OPT_OUT CANCEL HANDED_OUT ANEW OPT_IN OPT_IN OPT_OUT",
    "CANCEL OPT_OUT",
    "OPT_IN CANCEL TIME",
    "OPT_OUT TIME OPT_IN OPT_OUT",
    "OPT_IN TIME",
    "TIME",
)
COVER_NEVER = (
    "HANDED_OUT HANDED_OUT CHANGE HANDED_OUT ANEW HANDED_OUT CANCEL HANDED_OUT",
    "HANDED_OUT OPT_IN TIME",
    "HANDED_OUT OPT_OUT",
    "HANDED_OUT TIME",
)


class Operator:
    """Gives one order to one site, and hears what comes of it."""

    def __init__(self, world: World, walk: Walk[Telling, Heard], *, never: bool) -> None:
        self._world = world
        self._walk = walk
        self._never = never
        self._count = 0

    async def play(self, acts: Iterable[Heard]) -> None:
        world = self._world
        await world.greeted()
        if self._never:
            self._given = await world.send(written.event(never=True, start=world.now))
        else:
            self._given = await world.give()
        for act in acts:
            before = await self._state()
            trigger = await self._perform(act, before)
            after = await self._state()
            if TELLING.maybe_after(before, trigger) is None:
                assert after is before
            else:
                self._walk.step(before, trigger, after=after)

    async def _state(self) -> Telling:
        return (await self._delivery()).state(self._world.now)

    async def _delivery(self) -> Delivery:
        (delivery,) = await self._world.deliveries()
        return delivery

    async def _perform(self, act: Heard, before: Telling) -> Heard:
        """What the act comes to: where no answer is wanted, to be handed out is all."""
        world = self._world
        self._count += 1
        match act:
            case W.HANDED_OUT | W.SAID_ENOUGH:
                listed = await world.events()
                assert bool(listed) is (before is not Telling.OVER), "a list holds what is not over"
                is_last = self._never and before in (Telling.OPEN, Telling.WITHDRAWN)
                return W.SAID_ENOUGH if is_last else W.HANDED_OUT
            case W.OPT_IN | W.OPT_OUT:
                await self._answer(OptType.OPT_IN if act is W.OPT_IN else OptType.OPT_OUT)
            case W.CHANGE | W.CANCEL:
                await self._order(act, before)
            case W.ANEW:
                world.later(seconds=1)
                await world.register(request_id=f"R{self._count}")
            case W.TIME:
                patience = CANCEL_PATIENCE if before is Telling.WITHDRAWN else timedelta()
                world.now = max(world.now, (await self._delivery()).intervention.latest_end + patience)
        return act

    async def _order(self, act: Heard, before: Telling) -> None:
        if before in (Telling.WITHDRAWN, Telling.OVER):
            with pytest.raises(NotNow):
                await self._do(act)
        else:
            await self._do(act)

    async def _do(self, act: Heard) -> None:
        lasts = timedelta(minutes=30 + self._count)
        if act is W.CANCEL:
            await self._world.cancel(self._given)
        elif self._never:
            start = self._given.order.start
            await self._world.change(self._given, written=written.event(never=True, start=start, lasts=lasts))
        else:
            await self._world.change(self._given, duration=lasts)

    async def _answer(self, opt: OptType) -> None:
        delivery = await self._delivery()
        about = QualifiedEventId(
            event_id=delivery.event_id, modification_number=delivery.intervention.modification_number
        )
        said = EventResponse(code="200", request_id=RequestId("D1"), event=about, opt=opt)
        answer = CreatedEvent(
            response=EiResponse(request_id=RequestId("")), event_responses=(said,), ven_id=HOME
        )
        assert (await self._world.say(answer)).response.accepted


async def play(walk: Walk[Telling, Heard], acts: Iterable[Heard], *, never: bool) -> None:
    with in_memory() as folder:
        async with vtn_in(folder) as world:
            await Operator(world, walk, never=never).play(acts)


@pytest.mark.proves("r17", "r36", "r50", "r52", "r406")
async def test_every_row_of_telling_of_an_event_is_taken() -> None:
    walk = Walk(TELLING)
    for script in COVER_ALWAYS:
        await play(walk, [Heard[name] for name in script.split()], never=False)
    for script in COVER_NEVER:
        await play(walk, [Heard[name] for name in script.split()], never=True)
    walk.assert_whole()


@settings(max_examples=settings().max_examples // 20)
@given(st.lists(st.sampled_from(Heard), min_size=5, max_size=15), st.booleans())
def test_an_event_goes_no_other_way(acts: list[Heard], never: bool) -> None:
    asyncio.run(play(Walk(TELLING), acts, never=never))
