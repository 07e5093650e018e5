"""What is over goes into the record, once, in whole numbers and under pseudonyms."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from oadr.ledger import canonical
from oadr.ledger.canonical import Value
from oadr.ledger.entry import Entry, EntryType
from oadr.wire.ids import ResourceId
from oadr.wire.messages.common import OptType
from tests.vtn.assess.fleet import (
    EVERY,
    F12,
    NOON,
    chargepoint,
    delivery,
    intervention,
    liar,
    meter,
    obedient,
)
from vtn.assess import closing
from vtn.assess.closing import bodies, over
from vtn.assess.outcome import Evidence, outcome
from vtn.delivery import orders
from vtn.model.delivery import Answer
from vtn.model.intervention import Intervention
from vtn.model.network import Chargepoint, Feeder, Network, Site
from vtn.model.reading import Quantity, Reading
from vtn.store import interventions, ledger_key, network, record, reports
from vtn.store.engine import Store, StoreAway
from vtn.store.opening import open_store

PATIENCE = timedelta(minutes=1)
END = NOON + timedelta(minutes=30)
GOOD, BAD = chargepoint("evse-1"), chargepoint("evse-2")


def test_an_outcome_is_due_a_little_after_the_end_and_only_once() -> None:
    given = intervention()
    assert over([given], PATIENCE, END + PATIENCE - timedelta(seconds=1)) == ()
    assert over([given], PATIENCE, END + PATIENCE) == (given,)
    assert over([intervention(outcome_at=END)], PATIENCE, END + PATIENCE) == ()


def test_a_cancelled_one_is_over_when_it_was_cancelled() -> None:
    cancelled = intervention(cancelled_at=NOON + timedelta(minutes=5))
    assert over([cancelled], PATIENCE, NOON + timedelta(minutes=6)) == (cancelled,)


def test_one_that_was_cancelled_before_its_start_need_not_wait_for_it() -> None:
    cancelled = intervention(start=NOON + timedelta(hours=5), cancelled_at=NOON)
    assert over([cancelled], PATIENCE, NOON + PATIENCE) == (cancelled,)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path, ledger_key.load_or_make(tmp_path), NOON)
    yield opened
    await opened.close()


async def run_through(store: Store) -> Intervention:
    """Two sites are limited and say yes; one of them obeys."""
    async with store.writing() as tx:
        await network.merge(
            tx,
            Network(
                (Feeder(feeder_id=F12),),
                tuple(Site(ven_id=one.ven_id) for one in (GOOD, BAD)),
                (GOOD, BAD),
            ),
        )
    given = await orders.give(store, intervention().order, NOON)
    async with store.writing() as tx:
        for each in await interventions.of_intervention(tx, given.intervention_id):
            await interventions.offered(tx, [each.event_id], NOON)
            await interventions.answered(
                tx,
                each.event_id,
                Answer(
                    modification_number=0,
                    opt=OptType.OPT_IN,
                    code="200",
                    answered_at=NOON + timedelta(seconds=1),
                ),
            )
        await reports.keep(tx, (*meter(GOOD, obedient), *meter(BAD, liar)))
    return given


def rows(body: Mapping[str, Value]) -> tuple[Mapping[str, Value], ...]:
    found = body["chargepoints"]
    assert isinstance(found, tuple)
    return tuple(row for row in found if isinstance(row, Mapping))


async def outcomes(store: Store) -> list[Entry]:
    async with store.reading() as tx:
        entries = [Entry.read(raw) async for raw in record.entries(tx)]
    return [entry for entry in entries if entry.type is EntryType.OUTCOME]


@pytest.mark.proves("W11")
async def test_each_use_of_the_power_leaves_its_effect_in_the_record(store: Store) -> None:
    given = await run_through(store)
    (due,) = await closing.due(store, PATIENCE, END + PATIENCE)
    await closing.close(store, due, EVERY, END + PATIENCE)
    (entry,) = await outcomes(store)
    body = entry.body
    assert body["intervention"] == given.intervention_id
    assert (body["commanded"], body["failed"], body["compliance_permille"]) == (1, 1, 500)
    assert (body["curtailed_wh"], body["credited"]) == (6587, 2)
    assert await closing.due(store, PATIENCE, END + timedelta(days=1)) == ()


@pytest.mark.proves("W11")
async def test_closing_twice_makes_one_entry(store: Store) -> None:
    given = await run_through(store)
    for _ in range(2):
        await closing.close(store, given, EVERY, END + PATIENCE)
    assert len(await outcomes(store)) == 1


async def test_the_public_entry_names_pseudonyms_and_no_site(store: Store) -> None:
    given = await run_through(store)
    await closing.close(store, given, EVERY, END + PATIENCE)
    (entry,) = await outcomes(store)
    async with store.reading() as tx:
        known = (await network.load(tx)).chargepoints
    assert {row["chargepoint"] for row in rows(entry.body)} == {one.pseudonym for one in known}
    for name in (*(one.resource_id for one in known), *(one.ven_id for one in known)):
        assert name not in entry.raw.decode()


@pytest.mark.proves("S3")
async def test_when_the_record_cannot_be_written_the_outcome_stays_due(store: Store) -> None:
    given = await run_through(store)
    async with store.writing() as tx:
        await tx.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'full'); END")
        )
    with pytest.raises(StoreAway):
        await closing.close(store, given, EVERY, END + PATIENCE)
    assert len(await closing.due(store, PATIENCE, END + PATIENCE)) == 1
    assert await outcomes(store) == []


def bodies_of(
    fleet: tuple[Chargepoint, ...], readings: tuple[Reading, ...] = ()
) -> tuple[Mapping[str, Value], ...]:
    given = intervention()
    evidence = Evidence(
        intervention=given,
        deliveries=(delivery(given, *fleet),),
        chargepoints={one.resource_id: one for one in fleet},
        readings=readings,
    )
    return bodies(outcome(evidence, EVERY, END))


def test_a_district_is_told_in_several_entries_each_of_which_can_be_written() -> None:
    fleet = tuple(chargepoint(f"evse-{number}", site="S") for number in range(2_500))
    parts = bodies_of(fleet)
    assert [(part["part"], part["parts"]) for part in parts] == [(1, 3), (2, 3), (3, 3)]
    assert sum(len(rows(part)) for part in parts) == 2_500
    assert all(part["acknowledged"] == 2_500 for part in parts)
    assert all(canonical.encode(part) for part in parts)


@pytest.mark.proves("VT12")
def test_a_meter_that_reports_nonsense_spoils_no_entry() -> None:
    at = tuple(NOON + number * EVERY for number in range(-90, 180))
    nonsense = tuple(Reading(ResourceId("evse-1"), Quantity.CURRENT_1, each, Decimal("1E+30")) for each in at)
    (body,) = bodies_of((GOOD,), nonsense)
    assert canonical.decode(canonical.encode(body)) == body
