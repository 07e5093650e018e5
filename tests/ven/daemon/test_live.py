import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.wire.ids import ResourceId
from ven.daemon import live
from ven.daemon.live import Contact, Live, Reading
from ven.failsafe import Link, State

AT = datetime(2026, 1, 5, 8, 0, 0, 250000, tzinfo=UTC)
LIVE = Live(
    AT,
    Contact(False, AT, "refused"),
    {
        ResourceId("evse-1"): Reading((Decimal("12.8"),) * 3, Decimal("8832"), True, None, "holds", "ask"),
        ResourceId("evse-2"): Reading(None, None, False, "ConnectionError: no answer"),
    },
    State(link=Link.FAILSAFE, since=AT),
    {"acme": Contact(True, AT), "volt": Contact(False, AT, "no reply")},
)


@pytest.mark.parametrize("written", [LIVE, Live(AT, None, {})])
def test_what_was_written_is_read_again(tmp_path: Path, written: Live) -> None:
    live.write(tmp_path, written)
    assert live.read(tmp_path) == written


def test_it_is_for_its_owner_only_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    live.write(tmp_path, LIVE)
    (only,) = tmp_path.iterdir()
    assert stat.S_IMODE(only.stat().st_mode) == 0o600
    live.remove(tmp_path)
    live.remove(tmp_path)
    assert live.read(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"at": 5}', '{"at": "2026-01-05T08:00:00Z", "contact": [1]}']
)
def test_a_file_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / live.FILE).write_text(text, encoding="utf-8")
    assert live.read(tmp_path) is None
