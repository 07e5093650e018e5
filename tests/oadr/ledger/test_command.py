"""The auditor's command, run as an auditor runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oadr.ledger import export
from oadr.ledger.__main__ import main
from oadr.ledger.header import Header
from tests.oadr.ledger.records import KEY, NOON, STRANGER, record

GOOD = record(12, (4, 9))
HEX = KEY.public_key().public_bytes_raw().hex()


def ledger(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "oadr.ledger", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return written(tmp_path / "good.jsonl", *GOOD.lines)


def written(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(lines))
    return path


def test_a_good_record_ends_with_0_and_says_what_it_holds(good: Path) -> None:
    status, out, err = ledger("verify", good)
    assert (status, err) == (0, "")
    assert "To be believed: log 7f3c9a10" in out
    assert "3 entries are under no checkpoint" in out
    assert "give --key" in out


def test_the_record_may_come_by_standard_input_and_the_key_as_hex_digits() -> None:
    status, out, _ = ledger("verify", "-", "--key", HEX, stdin=b"".join(GOOD.lines))
    assert status == 0
    assert "give --key" not in out


def test_a_program_reads_json(good: Path, tmp_path: Path) -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = written(tmp_path / "key.pem", pem)
    status, out, _ = ledger("verify", good, "--json", "--key", key)
    said = json.loads(out)
    assert (status, said["believed"], said["entries"], said["sealed"], said["unsealed"]) == (
        0,
        True,
        12,
        9,
        3,
    )
    assert said["checkpoint"].encode() == GOOD.checkpoints[-1].raw


@pytest.mark.proves("O07")
def test_a_changed_record_ends_with_1_the_cause_and_the_first_bad_entry(tmp_path: Path) -> None:
    bad = written(tmp_path / "bad.jsonl", *(line.replace(b'"e-7"', b'"e-8"') for line in GOOD.lines))
    status, out, err = ledger("verify", bad)
    assert (status, out) == (1, "")
    assert err.startswith("Not to be believed, altered: ")
    assert err.endswith("the first bad entry is 7.\n")
    status, out, _ = ledger("verify", bad, "--json")
    said = json.loads(out)
    assert (status, said["believed"], said["cause"], said["first_bad"]) == (1, False, "altered", 7)


def test_a_checkpoint_kept_in_a_file_of_its_own_or_in_an_earlier_export_shows_a_fork(tmp_path: Path) -> None:
    other = written(tmp_path / "other.jsonl", *record(12, (4, 9), fork=6).lines)
    kept = written(tmp_path / "kept.jsonl", GOOD.checkpoints[1].raw, b"\n")
    earlier = written(tmp_path / "earlier.jsonl", *record(9, (9,)).lines)
    for known in (kept, earlier):
        status, _, err = ledger("verify", other, "--checkpoint", known)
        assert status == 1
        assert "forked" in err
        assert err.endswith("the first bad entry is one of 4 to 8.\n")


def test_another_key_than_the_one_given_ends_with_1(good: Path) -> None:
    status, _, err = ledger("verify", good, "--key", STRANGER.public_key().public_bytes_raw().hex())
    assert status == 1
    assert "unknown key" in err


@pytest.mark.parametrize("text", [b"", b"\n", b"\x00" * 3_000_000, b"%PDF-1.7\n"])
def test_a_file_that_is_no_record_ends_with_1(tmp_path: Path, text: bytes) -> None:
    status, _, err = ledger("verify", written(tmp_path / "file", text))
    assert status == 1
    assert err.startswith("Not to be believed, ")
    assert err.count("\n") == 1


def test_wrong_usage_ends_with_2(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        (),
        ("verify",),
        ("verify", tmp_path / "absent"),
        ("verify", tmp_path),
        ("verify", good, "--key", "no key"),
        ("verify", good, "--key", good),
        ("verify", good, "--checkpoint", tmp_path / "absent"),
        ("verify", good, "--checkpoint", written(tmp_path / "none.jsonl", GOOD.lines[1])),
    ):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert (ended.value.code, said.out) == (2, "")
        assert said.err.startswith("usage: ledger")


def test_what_a_record_says_cannot_paint_on_the_auditors_screen(tmp_path: Path) -> None:
    header = Header.sign(
        GOOD.heads[-1], KEY, NOON, checkpoints=2, software="x", query="\x1b[2J\nchecked by the regulator"
    )
    lines = export.write(header, GOOD.entries, GOOD.checkpoints)
    _, out, _ = ledger("verify", written(tmp_path / "painted.jsonl", *lines))
    assert "\\x1b[2J\\nchecked by the regulator" in out


def test_an_auditor_needs_one_package_and_none_of_our_other_code() -> None:
    program = "import sys, oadr.ledger.__main__; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    foreign = set(loaded.split()) - sys.stdlib_module_names
    assert {name for name in foreign if not name.startswith("_")} <= {"oadr", "cryptography", "cffi"}


def test_nothing_but_the_record_is_loaded() -> None:
    program = "import sys, oadr.ledger.__main__; print(*(n for n in sys.modules if n.startswith('oadr.')))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert all(name.startswith("oadr.ledger") for name in loaded.split())
