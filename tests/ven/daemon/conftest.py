"""A settings file that is right, for tests to spoil."""

from pathlib import Path

import pytest

from ven.daemon.config import PREFIX

LINES = """\
vtn_url = "https://127.0.0.1:1"
certificate = "ven.pem"
trust = "ca.pem"
state = "state"
market_contexts = "http://dso.example/programmes"
name = "car park 7"
request_timeout = 5
retry_cap = 0.2

[[chargepoint]]
resource_id = "evse-1"
amps = 32
phases = 3
driver = "simulated"

[[chargepoint]]
resource_id = "evse-2"
amps = 16
phases = 1
driver = "simulated"
behaviour = "liar"
"""


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Beside it lie the two files that it names, empty."""
    for name in ("VTN_URL", "STATE", "CONFIG"):
        monkeypatch.delenv(PREFIX + name, raising=False)
    for name in ("ven.pem", "ca.pem"):
        (tmp_path / name).touch()
    path = tmp_path / "ven.toml"
    path.write_text(LINES, encoding="utf-8")
    return path
