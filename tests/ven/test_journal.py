"""What survives a power cut, and what is never taken for it."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.charging.limit import Limit, Source
from oadr.charging.minimum import Cause, Undercut
from oadr.charging.signals import Programme
from oadr.wire.ids import EventId, RegistrationId, ResourceId, VenId, VtnId
from oadr.wire.messages.event import EventStatus
from tests.ven.stage import EVSE_1, EVSE_2, SITE, Loaded, event, listing, report_request
from tests.ven.virtual import START
from ven import events
from ven.enrolment import Registration
from ven.events import HeldEvent
from ven.journal import FORMAT, Corrupt, Memory, decode, encode
from ven.local import Local
from ven.opts import Stage
from ven.party import GRID_OPERATOR, Party
from ven.reports import Order
from ven.slots import Restore, Slot, SlotKey
from ven.standing import Standing
from ven.verify import Measure, Reached

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"), max_size=12)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))
SECONDS = MOMENTS.map(lambda moment: moment.replace(microsecond=0))
AMPS = st.decimals("0", "64", places=1)

registrations = st.builds(
    Registration,
    TEXTS.map(VenId),
    TEXTS.map(RegistrationId),
    TEXTS.map(VtnId),
    st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds)),
)
listed = st.builds(
    event,
    TEXTS.map(EventId),
    st.integers(0, 50),
    st.sampled_from(["0", "0.4", "1", "7"]),
    programme=st.sampled_from(["supply-limit", "load-shift", "other"]),
    start=SECONDS,
    minutes=st.integers(0, 600),
    status=st.sampled_from([EventStatus.FAR, EventStatus.ACTIVE]),
    test=st.none() | st.just("true"),
)
books = st.lists(listed, max_size=4, unique_by=lambda one: one.event_id).map(
    lambda some: events.merge((), listing(*some), SITE, START, Loaded(0.3)).held
)
orders = st.builds(
    Order, st.builds(report_request, start=SECONDS, every=st.integers(0, 900)), MOMENTS, MOMENTS
)
limits = st.builds(
    Limit,
    AMPS,
    AMPS,
    st.sampled_from(Source),
    TEXTS,
    st.none() | MOMENTS,
    party=TEXTS | st.just(""),
    watts=st.none() | AMPS,
    phases=st.none() | st.just(1),
    undercut=st.none() | st.builds(Undercut, AMPS, AMPS, st.sampled_from(Cause)),
    ordered_amps=st.none() | AMPS,
)


def _kept(name: str, limit: Limit, restore: Restore | None) -> tuple[SlotKey, Slot]:
    return SlotKey(ResourceId(name), limit.source, Party(limit.party)), Slot(limit, restore)


slots = st.builds(_kept, TEXTS, limits, st.none() | st.builds(Restore, AMPS, AMPS, MOMENTS))
standings = st.builds(
    lambda party, known, book, asked: Standing(
        party, known, tuple(replace(each, party=party, least=Decimal(30)) for each in book), asked
    ),
    TEXTS.map(Party),
    st.none() | registrations,
    books,
    st.lists(orders, max_size=2).map(tuple),
)
memories = st.builds(
    Memory,
    st.none() | registrations,
    books,
    st.lists(orders, max_size=3).map(tuple),
    st.lists(slots, max_size=4).map(tuple),
    others=st.lists(standings, max_size=2).map(tuple),
    reached=st.lists(
        st.builds(Reached, TEXTS.map(ResourceId), st.sampled_from(Measure), st.booleans()), max_size=2
    ).map(tuple),
)


@given(memories)
@pytest.mark.proves("W03", "P10")
def test_a_memory_comes_back_as_it_was(memory: Memory) -> None:
    assert decode(encode(memory)) == memory


def test_a_refused_modification_and_the_draw_of_what_runs_come_back() -> None:
    held: tuple[HeldEvent, ...] = ()
    for number, share in ((0, "0.4"), (1, "9")):
        held = events.merge(
            held, listing(event(number=number, share=share, programme="load-shift")), SITE, START, Loaded(0.5)
        ).held
    (back,) = decode(encode(Memory(held=held))).held
    assert back == held[0]
    assert (back.modification_number, back.code, back.start) == (1, "454", START + timedelta(seconds=300))


@given(st.binary(max_size=300))
@pytest.mark.proves("VE14")
def test_any_bytes_are_corrupt_and_nothing_else(raw: bytes) -> None:
    with pytest.raises(Corrupt):
        decode(raw)


GOOD = encode(
    Memory(
        Registration(VenId("Ven-1"), RegistrationId("Reg-1"), VtnId("Vtn-1"), timedelta(seconds=10)),
        events.merge((), listing(event()), SITE, START, Loaded()).held,
        (Order(report_request(), START, START),),
        (
            (
                SlotKey(EVSE_1, Source.SUPPLY_LIMIT),
                Slot(Limit(Decimal(6), Decimal(20), Source.SUPPLY_LIMIT, "E1", None)),
            ),
        ),
    )
)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
@pytest.mark.proves("VE14")
def test_one_changed_byte_is_noticed_wherever_it_is(place: int, change: int) -> None:
    damaged = bytearray(GOOD)
    damaged[place] ^= change
    with pytest.raises(Corrupt):
        decode(bytes(damaged))


@given(st.integers(0, len(GOOD) - 1))
def test_a_journal_that_is_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(Corrupt):
        decode(GOOD[:length])


@pytest.mark.proves("W03", "VE06")
def test_a_journal_of_the_first_format_is_read_with_the_emergency_that_is_in_it() -> None:
    """Written by the program of that time; it knew neither bounds nor calendars."""
    memory = decode((Path(__file__).parent / "kept" / "journal-format-1").read_bytes())
    emergency, shift = memory.held
    assert (emergency.event.event_id, emergency.programme) == ("E1", Programme.SUPPLY_LIMIT)
    assert emergency.limits_at(START)
    assert emergency.latest is None
    assert shift.start == START + timedelta(seconds=300), "with its draw"
    assert [(key.source, slot.limit.amps) for key, slot in memory.slots] == [
        (Source.SUPPLY_LIMIT, Decimal("12.8")),
        (Source.LOAD_SHIFT, Decimal("9.6")),
    ]
    assert (memory.local, memory.spells, len(memory.opts)) == (Local(), (), 1)
    assert decode(encode(memory)) == memory


@pytest.mark.proves("W03", "VE06")
def test_a_journal_of_the_second_format_is_read_as_that_of_a_site_with_one_vtn() -> None:
    """Written by the program of that time; it knew one VTN, and forgot what it had done about a disobedient charger."""
    memory = decode((Path(__file__).parent / "kept" / "journal-format-2").read_bytes())
    emergency, shift = memory.held
    assert emergency.limits_at(START)
    assert emergency.latest == START + timedelta(minutes=30)
    assert (shift.declined, shift.start) == (frozenset({EVSE_2}), START + timedelta(seconds=300))
    assert {(each.party, each.least) for each in memory.held} == {(GRID_OPERATOR, None)}
    assert [(key.source, key.party, slot.limit.party) for key, slot in memory.slots] == [
        (Source.SUPPLY_LIMIT, GRID_OPERATOR, ""),
        (Source.LOAD_SHIFT, GRID_OPERATOR, ""),
    ]
    rising = memory.slots[1][1].restore
    assert rising == Restore(Decimal("9.6"), Decimal(30), START + timedelta(minutes=45))
    assert [one.stage for one in memory.opts] == [Stage.TOLD, Stage.OWED]
    assert memory.registration
    assert memory.registration.offered
    assert memory.local.seed == b"seed"
    assert memory.local.calendar
    assert [one.resource_id for one in memory.local.boosts] == [EVSE_2]
    assert [one.end - one.start for one in memory.spells] == [timedelta(minutes=30)]
    assert (memory.others, memory.reached) == ((), ())
    assert decode(encode(memory)) == memory


def test_a_journal_of_a_format_to_come_is_no_journal() -> None:
    text = GOOD.split(b"\n", 1)[1].replace(f'"format":{FORMAT}'.encode(), f'"format":{FORMAT + 1}'.encode())
    with pytest.raises(Corrupt, match=f"format {FORMAT + 1} is not known"):
        decode(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
