"""The journal on disk: flushed, locked, and set aside when it cannot be read."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oadr.wire.ids import RegistrationId, VenId, VtnId
from tests.ven.stage import SECOND, SITE, Loaded, event, listing
from tests.ven.virtual import START
from ven import disk, events
from ven.disk import VERSION, DiskJournal, InUse, TooNew, read_only
from ven.enrolment import Registration
from ven.journal import Corrupt, Memory

ROOT = Path(__file__).parents[2]


def memory(number: int) -> Memory:
    return Memory(Registration(VenId("Ven-1"), RegistrationId(str(number)), VtnId("Vtn-1"), 10 * SECOND))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[DiskJournal]:
    one = DiskJournal(tmp_path / "state")
    yield one
    one.close()


def test_a_new_folder_holds_an_empty_memory(journal: DiskJournal) -> None:
    assert journal.load() == Memory()


@pytest.mark.proves("W03")
def test_what_was_saved_is_loaded_by_the_next_process(tmp_path: Path) -> None:
    held = events.merge((), listing(event()), SITE, START, Loaded()).held
    first = DiskJournal(tmp_path)
    first.save(memory(1))
    first.save(Memory(held=held))
    first.close()
    second = DiskJournal(tmp_path)
    assert second.load() == Memory(held=held)
    second.close()


@pytest.mark.proves("S1")
def test_each_commit_is_written_through_to_the_disk(journal: DiskJournal) -> None:
    journal.load()
    database = journal._opened()
    assert database.execute("PRAGMA synchronous").fetchone() == (disk.FULL,)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert not database.in_transaction
    journal.save(memory(1))
    assert not database.in_transaction


@pytest.mark.proves("S1")
def test_a_database_that_does_not_write_through_is_not_used(
    journal: DiskJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "FULL", 3)
    with pytest.raises(OSError, match="written through"):
        journal.load()


@pytest.mark.proves("D08")
def test_a_second_process_does_not_get_the_folder(tmp_path: Path) -> None:
    first = DiskJournal(tmp_path)
    with pytest.raises(InUse):
        DiskJournal(tmp_path)
    first.close()
    DiskJournal(tmp_path).close()


def test_only_the_owner_can_read_it(journal: DiskJournal, tmp_path: Path) -> None:
    journal.save(memory(1))
    files = [path for path in (tmp_path / "state").iterdir() if path.name.startswith(disk.FILE)]
    assert len(files) == 3
    assert {path.stat().st_mode & 0o077 for path in [*files, tmp_path / "state"]} == {0}


@pytest.mark.proves("VE14")
@pytest.mark.parametrize("junk", [b"junk " * 1000, b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_database_is_set_aside_and_kept(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / disk.FILE).write_bytes(junk)
    (tmp_path / f"{disk.FILE}-wal").write_bytes(b"of the old file")
    journal = DiskJournal(tmp_path)
    with pytest.raises(Corrupt):
        journal.load()
    kept = journal.quarantine()
    assert kept.read_bytes() == junk
    assert not (tmp_path / f"{disk.FILE}-wal").exists()
    assert journal.load() == Memory()
    journal.save(memory(1))
    assert journal.load() == memory(1)
    journal.close()


@pytest.mark.proves("VE14")
@pytest.mark.parametrize(
    "sql", ["UPDATE journal SET memory = x'00'", "UPDATE journal SET memory = 7", "DROP TABLE journal"]
)
def test_a_database_that_was_tampered_with_is_corrupt_or_empty(tmp_path: Path, sql: str) -> None:
    journal = DiskJournal(tmp_path)
    journal.save(memory(1))
    journal.close()
    database = sqlite3.connect(tmp_path / disk.FILE, isolation_level=None)
    database.execute(sql)
    database.close()
    journal = DiskJournal(tmp_path)
    if sql.startswith("DROP"):
        assert journal.load() == Memory()
    else:
        with pytest.raises(Corrupt):
            journal.load()
    journal.close()


@pytest.mark.proves("S11")
def test_a_journal_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    journal = DiskJournal(tmp_path)
    journal.save(memory(1))
    journal._opened().execute(f"PRAGMA user_version={VERSION + 1}")
    journal.close()
    journal = DiskJournal(tmp_path)
    with pytest.raises(TooNew):
        journal.load()
    journal.close()
    with pytest.raises(TooNew):
        read_only(tmp_path)


@pytest.mark.proves("VE13")
def test_a_full_disk_is_an_error_and_the_memory_before_it_stays(journal: DiskJournal) -> None:
    journal.save(memory(1))
    database = journal._opened()
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count={pages}")
    much = Memory(
        held=events.merge((), listing(*(event(f"E{n}") for n in range(99))), SITE, START, Loaded()).held
    )
    with pytest.raises(OSError, match="full"):
        journal.save(much)
    assert journal.load() == memory(1)
    database.execute("PRAGMA max_page_count=1000")
    journal.save(much)
    assert journal.load() == much


def test_others_can_look_while_the_ven_runs(journal: DiskJournal, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no journal"):
        read_only(tmp_path)
    journal.save(memory(4))
    assert read_only(tmp_path / "state") == memory(4)


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    journal = DiskJournal(tmp_path / "100% ?state#1")
    journal.save(memory(4))
    journal.close()
    assert read_only(tmp_path / "100% ?state#1") == memory(4)


WRITER = """
import sys
from pathlib import Path
from tests.ven.test_disk import DiskJournal, memory
journal = DiskJournal(Path(sys.argv[1]))
for number in range(100_000):
    journal.save(memory(number))
    print(number, flush=True)
"""


@pytest.mark.proves("P3", "S4")
def test_a_process_that_is_killed_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    for kill_after in (3, 40):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            acknowledged = [int(writer.stdout.readline()) for _ in range(kill_after)]
            os.kill(writer.pid, signal.SIGKILL)
            acknowledged += [int(line) for line in writer.stdout]
        journal = DiskJournal(tmp_path)
        found = journal.load().registration
        journal.close()
        assert found
        assert int(found.registration_id) in (acknowledged[-1], acknowledged[-1] + 1)
