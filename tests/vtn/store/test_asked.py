"""Questions are answered once, whatever becomes of the process; the file that says so stays small."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oadr.wire.errors import Forged
from tests.vtn.world import HOME, PARK
from vtn.store import asked
from vtn.store.asked import WIDTH, Asked
from vtn.store.engine import StoreAway


@pytest.mark.proves("X20", "F3")
def test_a_question_is_known_again_by_the_next_process(tmp_path: Path) -> None:
    first = Asked(tmp_path)
    for number in range(3):
        first.spend(HOME, f"n{number}")
    for memory in (first, Asked(tmp_path), Asked(tmp_path)):
        for number in range(3):
            with pytest.raises(Forged, match="replayed"):
                memory.spend(HOME, f"n{number}")


@pytest.mark.proves("X20", "F3")
def test_a_process_that_dies_at_once_has_not_forgotten(tmp_path: Path) -> None:
    """It gets no chance to close anything."""
    died = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, sys, pathlib; from vtn.store.asked import Asked; "
            "Asked(pathlib.Path(sys.argv[1])).spend(sys.argv[2], 'n1'); os.kill(os.getpid(), 9)",
            str(tmp_path),
            HOME,
        ],
        check=False,
    )
    assert died.returncode == -9
    with pytest.raises(Forged):
        Asked(tmp_path).spend(HOME, "n1")


def test_two_sites_may_ask_with_the_same_nonce(tmp_path: Path) -> None:
    memory = Asked(tmp_path)
    for site in (HOME, PARK):
        memory.spend(site, "n1")
    for site in (HOME, PARK):
        with pytest.raises(Forged):
            memory.spend(site, "n1")


def test_of_very_many_the_oldest_are_forgotten_and_the_file_stays_small(tmp_path: Path) -> None:
    memory = Asked(tmp_path, limit=10)
    for number in range(1_000):
        memory.spend(HOME, f"n{number}")
        assert (tmp_path / asked.FILE).stat().st_size <= 20 * WIDTH
    for again in (memory, Asked(tmp_path, limit=10)):
        for number in range(990, 1_000):
            with pytest.raises(Forged):
                again.spend(HOME, f"n{number}")
    memory.spend(HOME, "n0")


def test_a_note_that_was_torn_takes_no_other_with_it(tmp_path: Path) -> None:
    Asked(tmp_path).spend(HOME, "n1")
    with (tmp_path / asked.FILE).open("ab") as file:
        file.write(b"torn")
    again = Asked(tmp_path)
    again.spend(HOME, "n2")
    for memory in (again, Asked(tmp_path)):
        for nonce in ("n1", "n2"):
            with pytest.raises(Forged):
                memory.spend(HOME, nonce)


def test_the_file_is_the_owners_alone_and_names_nobody(tmp_path: Path) -> None:
    Asked(tmp_path).spend(HOME, "nonce")
    path = tmp_path / asked.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert HOME.encode() not in path.read_bytes()
    assert b"nonce" not in path.read_bytes()


def test_a_folder_that_is_gone_is_a_store_that_is_away(tmp_path: Path) -> None:
    with pytest.raises(StoreAway):
        Asked(tmp_path / "nowhere")


@contextmanager
def a_disk_with_room_for(size: int) -> Iterator[None]:
    """No file may be longer: the kernel takes what there is room for and says how much that was."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


@pytest.mark.proves("X20")
def test_a_disk_that_is_full_for_a_while_spoils_no_later_note(tmp_path: Path) -> None:
    memory = Asked(tmp_path)
    memory.spend(HOME, "n1")
    with a_disk_with_room_for(WIDTH + 8):
        for _ in range(2):
            with pytest.raises(StoreAway):
                memory.spend(HOME, "n2")
    memory.spend(HOME, "n3")
    again = Asked(tmp_path)
    for nonce in ("n1", "n3"):
        with pytest.raises(Forged):
            again.spend(HOME, nonce)
    again.spend(HOME, "n2")


@pytest.mark.proves("X20")
def test_a_new_file_with_less_than_is_remembered_never_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    Asked(tmp_path).spend(HOME, "n1")
    Asked(tmp_path).spend(HOME, "n2")
    with a_disk_with_room_for(WIDTH + 8), pytest.raises(StoreAway):
        Asked(tmp_path)
    for nonce in ("n1", "n2"):
        with pytest.raises(Forged):
            Asked(tmp_path).spend(HOME, nonce)


def opened() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_file_that_cannot_be_replaced_leaves_nothing_open(tmp_path: Path) -> None:
    """Each question tries again, and there are thousands before anybody looks at the disk."""
    memory = Asked(tmp_path, limit=2)
    memory.spend(HOME, "n1")
    memory.spend(HOME, "n2")
    (tmp_path / asked.FILE).unlink()
    (tmp_path / asked.FILE).mkdir()
    before = opened()
    for number in range(3, 20):
        with pytest.raises(StoreAway):
            memory.spend(HOME, f"n{number}")
    assert opened() == before
    (tmp_path / asked.FILE).rmdir()
    memory.spend(HOME, "n3")
    with pytest.raises(Forged):
        Asked(tmp_path, limit=2).spend(HOME, "n2")
