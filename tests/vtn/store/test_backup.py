"""A backup is whole, and an older store that takes the place of a newer one takes no number back."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pytest

from oadr.ledger import export
from oadr.ledger.checkpoint import Checkpoint
from oadr.ledger.entry import EntryType
from oadr.ledger.header import Header
from oadr.ledger.verification import Verified, verify
from tests.vtn.world import F1, F2, HOME, KEY, NOW, World, created_event, word
from vtn.model.intervention import Intervention
from vtn.store import backup, interventions, migrating, record, restoring, witness
from vtn.store.engine import FILE, Store, StoreAway
from vtn.store.opening import open_store


@pytest.fixture
async def world(own: str | None, tmp_path: Path) -> AsyncIterator[World]:
    """On a database of its own, for it is replaced as a whole."""
    world = World(tmp_path / "state", own)
    begun = await Store.found(world.folder, own)
    await migrating.bring_up(begun)
    await begun.close()
    await world.start()
    await world.build()
    yield world
    await world.store.close()


async def follow(world: World) -> None:
    async with world.store.reading() as tx:
        await witness.follow(tx, world.folder)


async def save(world: World) -> Path:
    file = world.folder.parent / "backup"
    await backup.save(world.folder, world.url, file)
    return file


async def restore(world: World, file: Path | None) -> restoring.PutBack:
    """What `vtn restore` does; without a file the store was put back already."""
    await world.store.close()
    if file is not None:
        await backup.bring_back(world.folder, world.url, file)
    store = await Store.found(world.folder, world.url)
    done = await restoring.put_back(store, world.folder, KEY, world.now)
    await store.close()
    await world.start()
    await follow(world)
    return done


async def found(world: World, one: Intervention) -> Intervention:
    async with world.store.reading() as tx:
        known = await interventions.find(tx, one.intervention_id)
    assert known
    return known


async def seal(world: World) -> Checkpoint:
    async with world.store.writing() as tx:
        sealed = await record.seal(tx, KEY, world.now)
    assert sealed
    return sealed


async def verified(world: World, *known: Checkpoint) -> Verified:
    """What an auditor says who kept these checkpoints from before."""
    async with world.store.reading() as tx:
        sealed = await record.sealed(tx)
        software = f"feederguard {version('feederguard')}"
        head = await record.head(tx)
        header = Header.sign(head, KEY, NOW, checkpoints=len(sealed), software=software, query="everything")
        raw = [one async for one in record.entries(tx)]
    return verify(export.write(header, raw, sealed), key=KEY.public_key(), known=known)


async def test_a_backup_is_for_its_owner_alone_and_is_made_while_others_write(world: World) -> None:
    async with world.store.writing() as tx:
        await interventions.load(tx)
        file = await save(world)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(("backup", ".backup"))] == [
        "backup"
    ]


@pytest.mark.proves("VT10", "S7")
async def test_after_a_restore_no_modification_comes_again_with_another_meaning(world: World) -> None:
    await world.greeted()
    one, two = await world.give(), await world.give(feeder_ids=(F2,))
    file = await save(world)
    for percent in (50, 60):
        newest = await world.change(one, percent=Decimal(percent))
    await world.cancel(two)
    (event,) = await world.events()
    assert event.descriptor.modification_number == newest.modification_number == 2
    created = event.descriptor.created_at
    world.later(minutes=1)

    await restore(world, file)
    back = await found(world, one)
    assert (back.order.percent, back.changes) == (one.order.percent, ()), "what came later is not known"
    assert (await found(world, two)).cancelled_at is None
    (event,) = await world.events()
    assert event.descriptor.modification_number == back.modification_number == restoring.RAISED_BY
    assert event.descriptor.created_at > created, "nor does createdDateTime go back"
    (delivery,) = await world.deliveries()
    assert delivery.due(world.now), "it is to be answered anew"
    assert (await world.say(created_event(word(event)))).response.accepted
    after = await world.change(one, percent=Decimal(70))
    assert after.modification_number == restoring.RAISED_BY + 1
    (event,) = await world.events()
    assert event.descriptor.modification_number == after.modification_number


@pytest.mark.proves("VT10", "S7")
async def test_after_a_restore_the_record_goes_on_behind_what_was_lost(world: World) -> None:
    """Whoever kept a checkpoint finds it true, and the gap is there to be seen."""
    await world.give()
    early = await seal(world)
    file = await save(world)
    lost = [
        await world.give(feeder_ids=(F2,)),
        await world.give(feeder_ids=(F1,), start=NOW.replace(hour=20)),
    ]
    late = await seal(world)
    await follow(world)

    done = await restore(world, file)
    assert (done.entries, done.lost) == (early.size, len(lost))
    told = (await verified(world, early, late)).counts
    assert told[EntryType.ERASED] == 1
    result = await verified(world, early, late)
    assert (result.holes, result.header.size) == (len(lost), late.size + 1)
    await world.give(feeder_ids=(F2,))
    await seal(world)
    assert (await verified(world, early, late)).entries == early.size + 2
    again = await restore(world, await save(world))
    assert again.lost == 0, "a backup that lacks nothing loses nothing"
    await verified(world, early, late)


@pytest.mark.proves("VT10", "S7")
async def test_a_store_that_lacks_what_it_has_acknowledged_is_not_opened_until_somebody_says_so(
    world: World,
) -> None:
    """It was put back past us: a copied file, a snapshot, a database administrator."""
    await world.store.close()
    await (await open_store(world.folder, KEY, NOW, world.url)).close()
    await world.start()
    file = await save(world)
    await world.give()
    await follow(world)
    await world.store.close()
    await backup.bring_back(world.folder, world.url, file)
    with pytest.raises(StoreAway, match=r"older than what it has acknowledged.*vtn restore"):
        await open_store(world.folder, KEY, NOW, world.url)
    assert (await restore(world, None)).lost == 1
    await world.store.close()
    await (await open_store(world.folder, KEY, NOW, world.url)).close()
    await world.start()


async def test_another_record_does_not_pass_for_this_one(world: World) -> None:
    file = await save(world)
    await world.give()
    await follow(world)
    await restore(world, file)
    (world.folder / witness.FILE).write_bytes(b"\1" * witness.WIDTH)
    with pytest.raises(StoreAway, match="is not the one"):
        await follow(world)


async def test_hashes_that_a_power_cut_has_left_empty_are_noted_again(world: World) -> None:
    await world.give()
    await follow(world)
    whole = (world.folder / witness.FILE).read_bytes()
    (world.folder / witness.FILE).write_bytes(whole[: -witness.WIDTH] + bytes(2 * witness.WIDTH) + b"torn")
    await follow(world)
    assert (world.folder / witness.FILE).read_bytes()[: len(whole)] == whole


async def test_nothing_is_put_in_the_place_of_a_store_that_is_in_use(world: World) -> None:
    file = await save(world)
    with pytest.raises(StoreAway, match="in use"):
        await backup.bring_back(world.folder, world.url, file)
    assert await world.deliveries(HOME) == ()


@pytest.mark.parametrize(
    "content", [None, b"", b"no backup at all", b"SQLite format 3\0and then nonsense", b"PGDMP too"]
)
async def test_what_is_no_backup_leaves_the_store_as_it_is(
    world: World, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    given = await world.give()
    await world.store.close()
    with pytest.raises(StoreAway) as caught:
        await backup.bring_back(world.folder, world.url, file)
    assert "\n" not in str(caught.value)
    await world.start()
    assert await found(world, given) == given


async def test_a_damaged_store_is_set_aside_for_its_backup(bare: World, tmp_path: Path) -> None:
    if bare.url:
        return  # PostgreSQL's own tools mend, or make anew, what is PostgreSQL's
    file = tmp_path / "backup"
    await backup.save(bare.folder, None, file)
    await bare.store.close()
    (bare.folder / FILE).write_bytes(b"this was a store once" * 500)
    with pytest.raises(StoreAway):
        await backup.save(bare.folder, None, tmp_path / "second")
    assert not (tmp_path / "second").exists()
    await backup.bring_back(bare.folder, None, file)
    await bare.start()
    assert (bare.folder / f"{FILE}{backup.REMAINS}").read_bytes().startswith(b"this was")
    with closing(sqlite3.connect(file)) as kept:
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_without_postgresqls_programs_there_is_advice(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    if world.url is None:
        await backup.save(world.folder, None, tmp_path / "backup")
        return
    with pytest.raises(StoreAway, match="pg_dump is missing"):
        await backup.save(world.folder, world.url, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
