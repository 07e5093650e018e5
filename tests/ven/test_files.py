"""Files that are written whole, and files that go."""

import os
from pathlib import Path

import pytest

from ven.files import all_files, empty, holding, shred, shred_all_but, write_whole


@pytest.mark.proves("S8")
def test_a_file_is_on_disk_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def watched(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object) -> object:
            steps.append(name)
            return real(*arguments)

        monkeypatch.setattr(os, name, call)

    for name in ("fsync", "replace"):
        watched(name)
    path = tmp_path / "marker"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert steps == ["fsync", "replace", "fsync"] * 2
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_shredded_was_overwritten(tmp_path: Path) -> None:
    path, other_name = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"canary" * 300_000)
    os.link(path, other_name)
    size = path.stat().st_size
    seen: list[bytes] = []
    real = os.fsync

    def look(file: int) -> None:
        seen.append(other_name.read_bytes())
        real(file)

    with pytest.MonkeyPatch.context() as scene:
        scene.setattr(os, "fsync", look)
        shred(path)
    assert seen[0] == bytes(size)
    assert not path.exists()
    assert other_name.read_bytes() == b""


def test_what_is_not_there_needs_no_erasing(tmp_path: Path) -> None:
    empty(tmp_path / "a")
    shred(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_link_goes_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"not ours")
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "there").symlink_to(tmp_path)
    shred_all_but(folder, ())
    assert list(folder.iterdir()) == []
    assert outside.read_bytes() == b"not ours"


def test_everything_but_what_is_named_goes_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"canary")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "kept").write_bytes(b"canary")
    assert len(holding(all_files(tmp_path), [b"nar"])) == 2
    shred_all_but(tmp_path, {"kept"})
    assert list(all_files(tmp_path)) == [tmp_path / "kept"]
    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]
