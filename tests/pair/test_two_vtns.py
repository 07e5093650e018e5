"""A grid operator and an aggregator, each with a VTN of its own, and one VEN that hears both."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.ceilings import Share
from oadr.charging.limit import Source
from oadr.wire.messages import CreateOpt
from oadr.wire.messages.common import OptType
from tests.pair.home import SHIFT
from tests.pair.square import ACME, Square, met, news, word_of
from tests.pair.town import LIMITED
from tests.pair.wire import Fate
from tests.ven.virtual import START
from tests.vtn.world import HOME_EVSE
from ven import CannotDecline, LimitChanged, Period, Programme
from ven.contract import Contract
from ven.failsafe import Link, OnSilence
from ven.news import Conflict, FromParty
from ven.opts import Stage
from ven.party import GRID_OPERATOR

SHIFTED = Decimal("9.6")
"""A at the 30 % that the aggregator asks for."""
FAILSAFE = Decimal(16)


def contract(square: Square) -> None:
    """50 % while the grid operator is silent."""
    square.config = replace(square.config, contract=Contract(failsafe=Share(Decimal("0.5"))))


@pytest.mark.proves("VE16", "W39")
def test_of_two_vtns_the_smaller_limit_holds_whoever_orders_it(folder: Path) -> None:
    async def play(square: Square) -> None:
        async with square.ven() as ven:
            given = await square.shift()
            await square.wait(minutes=1)
            assert square.amps == SHIFTED
            order = await square.dso.limit(percent=Decimal(20))
            await square.wait(minutes=1)
            assert square.amps == Decimal("6.4")
            await square.dso.change(order, percent=Decimal(40))
            await square.wait(minutes=4)
            assert square.amps == SHIFTED, "the aggregator's is the smaller one now"
            await square.acme.cancel(given)
            await square.wait(minutes=5)
            assert square.amps == LIMITED, "it has gone, and the grid operator's holds"
            await square.dso.cancel(order)
            await square.wait(minutes=5)
            assert square.amps is None
            changes = [one.limit for one in news(ven, LimitChanged) if one.limit]
        assert {(one.source, one.party) for one in changes} == {
            (Source.LOAD_SHIFT, ACME),
            (Source.SUPPLY_LIMIT, ""),
        }

    met(folder, play)


@pytest.mark.proves("VE16", "W34")
def test_a_limit_says_whose_it_is_although_two_vtns_have_events_of_one_name(folder: Path) -> None:
    async def play(square: Square) -> None:
        await square.shift(percent=Decimal(60))
        await square.dso.limit()
        name = await square.call_them_alike()
        async with square.ven() as ven:
            await square.wait(minutes=2)
            found = {key.party: slot.limit for key, slot in ven.memory.slots}
            binding = ven.hardware.limits[HOME_EVSE]
        assert {party: (one.party, one.source, one.because) for party, one in found.items()} == {
            "": ("", Source.SUPPLY_LIMIT, name),
            ACME: (ACME, Source.LOAD_SHIFT, name),
        }
        assert binding == found[GRID_OPERATOR]
        assert await word_of(square.dso) is await word_of(square.acme) is OptType.OPT_IN

    met(folder, play)


@pytest.mark.proves("VE16")
def test_a_supply_limitation_of_an_aggregator_is_refused_with_451_and_limits_nobody(folder: Path) -> None:
    async def play(square: Square) -> None:
        async with square.ven() as ven:
            await square.acme.limit(percent=Decimal(0))
            await square.wait(minutes=2)
            answer = (await square.acme.delivery()).answer
            assert answer
            assert (answer.code, answer.opt) == ("451", OptType.OPT_OUT)
            assert ven.memory.slots == ()
            assert ven.memory.spells == (), "and it uses up nothing of what the grid operator may do"
        assert square.charger.changes == [(0, None)]

    met(folder, play)


@pytest.mark.proves("VE16", "W39")
def test_the_silence_of_an_aggregator_changes_nothing_and_that_of_the_grid_operator_counts(
    folder: Path,
) -> None:
    async def play(square: Square) -> None:
        contract(square)
        async with square.ven() as ven:
            await square.shift(percent=Decimal(70))
            await square.wait(minutes=1)
            square.acme_wire.is_cut = True
            await square.wait(minutes=6)
            assert ven.link.link.value == "controlled"
            assert square.amps == Decimal("22.4"), "what it ordered holds to its end"
            square.wire.is_cut, square.acme_wire.is_cut = True, False
            await square.wait(minutes=3)
            assert ven.link.link.value == "failsafe", "the aggregator that is back does not stand in for it"
            assert square.amps == FAILSAFE

    met(folder, play)


@pytest.mark.proves("W39")
def test_the_default_mode_takes_the_place_of_what_the_silent_grid_operator_has_planned_and_of_nothing_else(
    folder: Path,
) -> None:
    async def play(square: Square) -> None:
        agreed = Contract(on_silence=OnSilence.DEFAULT_MODE, default_percent=Decimal(80))
        square.config = replace(square.config, contract=agreed)
        async with square.ven() as ven:
            await square.shift()
            await square.dso.limit(**SHIFT, percent=Decimal(20))
            await square.wait(minutes=1)
            assert square.amps == Decimal("6.4")
            square.wire.is_cut = True
            await square.wait(minutes=8)
            assert ven.link.link is Link.FAILSAFE
            assert square.amps == SHIFTED, "the aggregator is in contact, and its order stands"

    met(folder, play)


@pytest.mark.proves("VE16", "W39")
def test_a_word_on_an_event_goes_to_the_vtn_whose_event_it_is(folder: Path) -> None:
    async def play(square: Square) -> None:
        await square.shift()
        await square.dso.limit(**SHIFT, percent=Decimal(60))
        event_id = await square.call_them_alike()
        async with square.ven() as ven:
            await square.wait(minutes=1)
            with pytest.raises(CannotDecline, match="dso, acme; say whose"):
                await ven.opt_out(event_id)
            with pytest.raises(CannotDecline, match="no VTN nobody"):
                await ven.opt_out(event_id, party="nobody")
            await ven.opt_out(event_id, party=ACME)
            assert square.amps == Decimal("19.2"), "at once, and the other shift goes on"
            await square.wait(minutes=1)
            assert (len(square.acme_wire.of(CreateOpt)), square.wire.of(CreateOpt)) == (1, [])
            await ven.opt_out(event_id, party="dso")
            await square.wait(minutes=1)
            assert square.amps is None
            assert len(square.wire.of(CreateOpt)) == 1
            assert [one.stage for one in ven.opts] == [Stage.TOLD, Stage.TOLD]

    met(folder, play)


@pytest.mark.proves("W39")
def test_what_is_declined_ahead_of_time_is_declined_of_every_vtn(folder: Path) -> None:
    async def play(square: Square) -> None:
        async with square.alone() as ven:
            opt_id = await ven.opt_schedule((Period(START, START + timedelta(hours=2)),))
            await square.wait(minutes=1)
        async with square.ven() as ven:  # the aggregator is new, and hears it too
            await square.shift()
            await square.dso.limit(**SHIFT, percent=Decimal(60))
            await square.wait(minutes=2)
            assert square.amps is None
            assert [one.opt_id for one in ven.opts if one.event is None] == [opt_id], "it is one schedule"
            assert await word_of(square.acme) is await word_of(square.dso) is OptType.OPT_OUT
            assert await ven.cancel_opt(opt_id)
            assert {one.is_cancelled for one in ven.opts if one.event is None} == {True}

    met(folder, play)


@pytest.mark.proves("W39")
def test_a_schedule_that_is_stated_to_two_vtns_counts_for_the_shifts_of_both(folder: Path) -> None:
    async def play(square: Square) -> None:
        async with square.ven() as ven:
            await square.wait(minutes=1)
            await ven.opt_schedule((Period(START, START + timedelta(hours=2)),))
            await square.wait(minutes=1)
            assert (len(square.wire.of(CreateOpt)), len(square.acme_wire.of(CreateOpt))) == (1, 1)
            await square.shift()
            await square.dso.limit(**SHIFT, percent=Decimal(60))
            await square.wait(minutes=1)
        assert square.charger.changes == [(0, None)]

    met(folder, play)


@pytest.mark.proves("VE16", "VE06", "W39")
def test_a_restart_keeps_the_limits_and_registrations_of_both(folder: Path) -> None:
    async def play(square: Square) -> None:
        async with square.ven():
            await square.shift(percent=Decimal(60))
            await square.dso.limit(duration=timedelta(minutes=3))
            await square.wait(minutes=1)
        known = await square.dso.registration_id(), await square.acme.registration_id()
        square.wire.is_cut = square.acme_wire.is_cut = True
        async with square.ven() as ven:
            assert square.amps == LIMITED
            assert {(key.source, key.party) for key, _ in ven.memory.slots} == {
                (Source.SUPPLY_LIMIT, GRID_OPERATOR),
                (Source.LOAD_SHIFT, ACME),
            }
            await square.wait(minutes=6)
            assert square.amps == Decimal("19.2"), "the emergency is over, and the shift goes on"
            square.wire.is_cut = square.acme_wire.is_cut = False
            await square.wait(minutes=6)
        assert all(known)
        assert (await square.dso.registration_id(), await square.acme.registration_id()) == known

    met(folder, play)


@pytest.mark.proves("VE16")
def test_a_vtn_that_has_left_the_settings_is_forgotten_and_its_limit_rises_by_the_rules(
    folder: Path,
) -> None:
    async def play(square: Square) -> None:
        async with square.ven():
            await square.shift()
            await square.wait(minutes=2)
        spoken, at = len(square.acme_wire.said), len(square.charger.changes)
        async with square.alone() as ven:
            assert square.amps == SHIFTED, "not at once"
            await square.wait(minutes=10)
            assert square.amps is None
            assert (ven.memory.others, ven.memory.slots) == ((), ())
        risen = [amps for _, amps in square.charger.changes[at:]]
        assert risen[-1] is None
        assert len(risen) >= 7, "step by step"
        assert len(square.acme_wire.said) == spoken

    met(folder, play)


@pytest.mark.proves("VE16")
def test_that_two_vtns_order_at_once_is_told_once(folder: Path) -> None:
    async def play(square: Square) -> None:
        async with square.ven() as ven:
            await square.shift()
            await square.wait(minutes=1)
            assert news(ven, Conflict) == []
            await square.dso.limit()
            await square.wait(minutes=4)
            (told,) = news(ven, Conflict)
            assert told.resource_id == HOME_EVSE
            assert [(one.party, one.amps) for one in told.limits] == [(ACME, SHIFTED), ("", LIMITED)]

    met(folder, play)


@pytest.mark.proves("W39")
def test_each_vtn_gets_the_reports_that_it_has_asked_for(folder: Path) -> None:
    async def play(square: Square) -> None:
        async with square.ven():
            await square.wait(minutes=4)
            ours, theirs = await square.dso.readings(), await square.acme.readings()
        assert {one.quantity for one in ours} == {one.quantity for one in theirs} != set()

    met(folder, play)


@pytest.mark.proves("VE16")
def test_what_is_left_to_a_site_of_an_aggregators_order_is_left(folder: Path) -> None:
    async def play(square: Square) -> None:
        (other,) = square.config.others
        square.config = replace(square.config, others=(replace(other, least_percent=Decimal(25)),))
        async with square.ven():
            await square.shift(percent=Decimal(0))
            await square.wait(minutes=1)
            assert square.amps == Decimal(8)
            await square.dso.limit(percent=Decimal(0))
            await square.wait(minutes=1)
            assert square.amps == 0, "the grid operator's emergency knows no such floor"

    met(folder, play)


@pytest.mark.proves("VE16")
def test_a_programme_that_is_not_agreed_with_an_aggregator_is_refused(folder: Path) -> None:
    async def play(square: Square) -> None:
        (other,) = square.config.others
        prices = replace(other, programmes=frozenset({Programme.PRICE}))
        square.config = replace(square.config, others=(prices,))
        async with square.ven():
            await square.shift()
            await square.wait(minutes=1)
            answer = (await square.acme.delivery()).answer
        assert answer
        assert (answer.code, answer.opt) == ("451", OptType.OPT_OUT)
        assert square.charger.changes == [(0, None)]

    met(folder, play)


@pytest.mark.proves("VE16")
def test_an_aggregator_that_cannot_answer_holds_up_no_emergency(folder: Path) -> None:
    async def play(square: Square) -> None:
        square.acme_wire.fates = lambda _: Fate.REQUEST_LOST
        async with square.ven():
            await square.wait(seconds=33)
            await square.dso.limit()
            await square.wait(seconds=8)
            assert square.amps == LIMITED
            assert (await square.dso.delivery()).settled
            assert square.acme_wire.said, "it is asked all the same"

    met(folder, play)


@pytest.mark.proves("VE16")
def test_news_of_an_aggregator_is_told_as_its_own(folder: Path) -> None:
    async def play(square: Square) -> None:
        async with square.ven() as ven:
            await square.wait(minutes=1)
            square.acme_wire.is_cut = True
            await square.wait(minutes=1)
            told = news(ven, FromParty)
        assert {one.party for one in told} == {ACME}
        assert [type(one.news).__name__ for one in told] == ["Registered", "ContactLost"]

    met(folder, play)
