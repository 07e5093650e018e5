"""Kills, power cuts and failing disks under a VTN; `python -m tests.faults.vtn_power` does many more."""

import errno
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oadr.ledger.entry import EntryType
from tests.faults.test_power import needs_a_compiler, ran
from vtn.store import ledger_key, record, witness
from vtn.store.backend import StoreAway
from vtn.store.engine import Store
from vtn.store.opening import open_store

PROGRAM = "tests.faults.vtn_power"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.proves("B6", "S1", "S3", "S4", "S7")
def test_no_kill_loses_anything_that_a_vtn_has_acknowledged() -> None:
    done = ran(PROGRAM, "--by", "kill", "--cycles", "10", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f" {kind}" in done.stdout for kind in ("ordered", "answer", "approved", "sealed")), done.stdout


@needs_a_compiler
@pytest.mark.proves("B6", "F12", "S1", "S3", "S4", "S7")
def test_no_power_cut_loses_anything_that_a_vtn_has_acknowledged() -> None:
    done = ran(PROGRAM, "--by", "power", "--cycles", "10")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost" in done.stdout


@needs_a_compiler
@pytest.mark.proves("B7", "S9")
def test_a_vtn_acknowledges_nothing_that_a_failing_disk_has_not_taken() -> None:
    done = ran(PROGRAM, "--by", "errors", "--cycles", "6", "--seed", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " away" in done.stdout, "some writes were refused, and told"


@needs_a_compiler
@pytest.mark.proves("F12")
def test_a_vtn_that_does_not_wait_for_the_disk_is_found_out() -> None:
    done = ran(PROGRAM, "--by", "power", "--cycles", "10", "--careless", "--seed", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Lost: " in done.stdout or "StoreAway: " in done.stdout


# --- the hashes beside the store ---


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path, ledger_key.load_or_make(tmp_path), NOW)
    yield opened
    await opened.close()


async def grow(store: Store, count: int) -> None:
    async with store.writing() as tx:
        for _ in range(count):
            await record.append(tx, EntryType.CONFIG_CHANGE, {"what": "anything"}, NOW)


async def follow(store: Store, folder: Path) -> bytes:
    async with store.reading() as tx:
        await witness.follow(tx, folder)
    return (folder / witness.FILE).read_bytes()


@pytest.mark.proves("S7")
async def test_hashes_of_which_a_power_cut_has_left_only_the_last_are_noted_again(
    store: Store, tmp_path: Path
) -> None:
    """The later sectors of a write may arrive without the ones before."""
    await grow(store, 40)
    whole = await follow(store, tmp_path)
    sector = slice(512, 1024)
    torn = bytearray(whole)
    torn[sector] = bytes(512)
    (tmp_path / witness.FILE).write_bytes(torn)
    assert await follow(store, tmp_path) == whole


@pytest.mark.proves("S9")
async def test_hashes_that_could_not_be_flushed_are_not_believed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    before = await follow(store, tmp_path)
    await grow(store, 3)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", refuse)
        with pytest.raises(StoreAway, match="cannot be written"):
            await follow(store, tmp_path)
    assert (tmp_path / witness.FILE).read_bytes() == before
    assert len(await follow(store, tmp_path)) == len(before) + 3 * witness.WIDTH
