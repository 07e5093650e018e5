"""What may not lie in the repository."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked() -> tuple[Path, ...]:
    """The files that git knows; the checkout may belong to another user than the one who tests."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file())


def files_with(pattern: str, paths: tuple[Path, ...]) -> list[str]:
    wanted = re.compile(pattern.encode())
    return [str(path.relative_to(ROOT)) for path in paths if wanted.search(path.read_bytes())]


def test_no_private_key_is_in_git() -> None:
    assert files_with(r"-{5}BEGIN [A-Z ]*PRIVATE KEY-{5}\s+[A-Za-z0-9+/=]{8}", tracked()) == []


def test_no_file_depends_on_the_machine_where_it_was_written() -> None:
    ours = tuple(path for path in tracked() if path.relative_to(ROOT).parts[0] != "tests")
    assert files_with(r"(?<![\w.])/(work|tmp|root)/", ours) == []


def test_the_official_schemas_are_read_from_their_wheel_and_never_copied() -> None:
    assert [path.name for path in tracked() if path.suffix == ".xsd"] == []


def test_no_lock_file_names_a_host() -> None:
    locks = tuple((ROOT / "requirements").glob("*.txt"))
    assert len(locks) == 4
    assert files_with("://", locks) == []
