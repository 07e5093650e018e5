"""The security log: chained, flushed, bounded, and written to a disk that is full."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ven.virtual import START
from ven import security_log
from ven.security_line import Head, Kind, read
from ven.security_log import BALLAST, DAMAGED, FILE, OLDER, Broken, SecurityLog, entries, verify

ROOT = Path(__file__).parents[2]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SecurityLog]:
    one = SecurityLog(tmp_path, START)
    yield one
    one.close()


def filled(folder: Path, count: int, most_bytes: int = security_log.MOST_BYTES) -> None:
    log = SecurityLog(folder, START, most_bytes)
    for number in range(count):
        log.append(Kind.CLOCK_SET, f"by +{number} s", START + timedelta(seconds=number))
    log.close()


def test_lines_come_back_in_their_order_and_the_next_process_goes_on(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    filled(tmp_path, 1)
    found = entries(tmp_path)
    assert [one.number for one in found] == [1, 2, 3]
    assert [one.what for one in found] == ["by +0 s", "by +1 s", "by +0 s"]
    assert found[1].at == START + timedelta(seconds=1)
    assert verify(tmp_path) == Head(3, found[2].seal)


def test_it_is_readable_to_its_owner_only(tmp_path: Path, log: SecurityLog) -> None:
    log.append(Kind.STARTUP, "", START)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    filled(folder, 5)
    (folder / FILE).rename(folder / "as written")
    return folder


@pytest.mark.proves("D04")
@given(line=st.integers(0, 4), place=st.integers(0, 10_000), change=st.integers(1, 255))
def test_one_changed_byte_is_found_wherever_it_is(five: Path, line: int, place: int, change: int) -> None:
    lines = (five / "as written").read_bytes().splitlines(keepends=True)
    spoilt = bytearray(lines[line])
    spoilt[place % len(spoilt)] ^= change
    lines[line] = bytes(spoilt)
    (five / FILE).write_bytes(b"".join(lines))
    with pytest.raises(Broken, match=rf"line {line + 1} "):
        verify(five)


@pytest.mark.proves("D04")
@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_line_that_was_taken_out_is_missed(tmp_path: Path, taken: int) -> None:
    filled(tmp_path, 4)
    lines = (tmp_path / FILE).read_bytes().splitlines(keepends=True)
    (tmp_path / FILE).write_bytes(b"".join(lines[:taken] + lines[taken + 1 :]))
    with pytest.raises(Broken, match=f"line {taken + 1} "):
        verify(tmp_path)


@pytest.mark.proves("D04")
def test_an_older_file_that_was_taken_out_is_missed(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    os.replace(tmp_path / FILE, tmp_path / OLDER)
    filled(tmp_path, 1)
    (tmp_path / OLDER).unlink()
    with pytest.raises(Broken, match="line 1 "):
        verify(tmp_path)


def test_only_a_seal_that_was_noted_elsewhere_shows_that_the_end_was_cut_off(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    noted = verify(tmp_path)
    lines = (tmp_path / FILE).read_bytes().splitlines(keepends=True)
    (tmp_path / FILE).write_bytes(b"".join(lines[:2]))
    assert verify(tmp_path) != noted


@pytest.mark.proves("D04")
def test_a_damaged_log_is_kept_and_the_next_one_begins_with_that(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    spoilt = (tmp_path / FILE).read_bytes().replace(b"by +1 s", b"by +9 s")
    (tmp_path / FILE).write_bytes(spoilt)
    filled(tmp_path, 1)
    first, second = entries(tmp_path)
    assert first.kind == Kind.TAMPERING
    assert "line 2" in first.what
    assert second.kind == Kind.CLOCK_SET
    assert (tmp_path / DAMAGED).read_bytes() == spoilt
    verify(tmp_path)


@pytest.mark.parametrize("torn", [b'0123abcd {"n"', b"\0" * 90, b"\0" * 20 + b'{"n": 4}\n'])
def test_a_last_line_that_power_has_torn_is_dropped(tmp_path: Path, torn: bytes) -> None:
    filled(tmp_path, 3)
    with (tmp_path / FILE).open("ab") as file:
        file.write(torn)
    filled(tmp_path, 1)
    assert [one.number for one in entries(tmp_path)] == [1, 2, 3, 4]
    assert not (tmp_path / DAMAGED).exists()
    verify(tmp_path)


def test_it_is_bounded_and_the_chain_goes_on(tmp_path: Path) -> None:
    filled(tmp_path, 40, 2000)
    found = entries(tmp_path)
    assert (tmp_path / FILE).stat().st_size + (tmp_path / OLDER).stat().st_size < 3 * 2000
    assert found[0].number > 1
    assert any(one.kind == Kind.CLEARED for one in found)
    assert verify(tmp_path).number == found[-1].number
    oldest = (tmp_path / OLDER).read_bytes()
    number = found[0].what.encode()
    (tmp_path / OLDER).write_bytes(oldest.replace(number, number[:-1] + b"h", 1))
    with pytest.raises(Broken, match="line 1 "):
        verify(tmp_path)


def test_a_kill_between_two_files_loses_nothing(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    os.replace(tmp_path / FILE, tmp_path / OLDER)
    filled(tmp_path, 1)
    assert [one.number for one in entries(tmp_path)] == [1, 2, 3, 4]
    verify(tmp_path)


def test_what_is_said_is_one_line_whatever_it_holds(tmp_path: Path, log: SecurityLog) -> None:
    log.append(Kind.TROUBLE, 'a\nb\x1b[1m"ü' + "x" * 500, START)
    (found,) = entries(tmp_path)
    assert found.what.startswith('a?b?[1m"üx')
    assert len(found.what) == 200
    assert read((tmp_path / FILE).read_text(encoding="ascii").strip()) == found


FULL = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from ven.security_log import SecurityLog, verify, BALLAST
from ven.security_line import Kind
folder, now = Path(sys.argv[1]), datetime.now(UTC)
log = SecurityLog(folder, now)
assert (folder / BALLAST).stat().st_blocks * 512 >= 4 * 1024 * 1024
filler = open(folder / "filler", "wb", buffering=0)
try:
    while True:
        filler.write(b"x" * 4096)
except OSError:
    pass
for number in range(200):
    log.append(Kind.TROUBLE, "x" * 150, now)
assert not (folder / BALLAST).exists()
print(verify(folder).number)
"""


@pytest.mark.proves("D04")
def test_a_full_disk_takes_the_next_lines_all_the_same(tmp_path: Path) -> None:
    script = f'mount -t tmpfs -o size=6m none {tmp_path} && exec {sys.executable} -c "$1" {tmp_path}'
    ran = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", FULL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "unshare" in ran.stderr or "mount" in ran.stderr:
        pytest.skip(f"no disk of our own can be made here: {ran.stderr.strip()}")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "200\n", "")


def test_a_line_that_no_disk_takes_leaves_no_trace_and_the_next_one_is_right(
    tmp_path: Path, log: SecurityLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(Kind.STARTUP, "", START)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        log.append(Kind.TROUBLE, "lost", START)
    monkeypatch.setattr(os, "write", write)
    assert not (tmp_path / BALLAST).exists()
    log.append(Kind.TROUBLE, "kept", START)
    assert [one.what for one in entries(tmp_path)] == ["", "kept"]
    verify(tmp_path)
