"""A room for each test."""

from pathlib import Path

import pytest

from tests.vtn.commands.room import Room


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Empty: without a store, at noon."""
    made = Room(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vtn.clock.now", made.clock)
    monkeypatch.setattr("vtn.commands.account.here", made.account)
    return made
