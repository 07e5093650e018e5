"""Which happenings are about security, and that the log of them holds nobody's words."""

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.wire.ids import EventId, RegistrationId, VenId, VtnId
from tests.ven.daemon.served import ROOT
from tests.ven.site import Site, news, played
from tests.ven.stage import EVSE_1
from tests.ven.virtual import START
from ven.daemon.log import Happening
from ven.daemon.security import QUIET, Line, Security, line
from ven.failsafe import Link
from ven.news import (
    ClockDoubted,
    ContactLost,
    ContactMade,
    Declined,
    Deregistered,
    Enforced,
    FromParty,
    GaveUp,
    LinkMoved,
    PeerComplained,
    Registered,
    RegistrationRefused,
)
from ven.party import Party
from ven.security_line import Kind
from ven.security_log import SecurityLog, entries
from ven.ven import ClockSet, Trouble
from ven.verify import Finding, Measure

WORDS = "canary-of-the-peer"
"""What a peer, a charger or a person may put into a text."""
ABOUT: list[tuple[Happening, Kind]] = [
    (ClockSet(f"the clock was set {WORDS}", timedelta(hours=1)), Kind.CLOCK_SET),
    (ClockDoubted(EventId(WORDS), timedelta(seconds=-90)), Kind.CLOCK_DOUBTED),
    (Registered(VenId(WORDS), RegistrationId(WORDS), VtnId(WORDS), True), Kind.REGISTRATION),
    (Deregistered(WORDS), Kind.REGISTRATION),
    (RegistrationRefused(WORDS, WORDS), Kind.REFUSED_BY_PEER),
    (PeerComplained("Poll", WORDS, WORDS), Kind.COMPLAINT),
    (GaveUp("CreatedEvent"), Kind.COMPLAINT),
    (ContactLost(f"unusable answer: {WORDS}"), Kind.INVALID_MESSAGES),
    (ContactLost(f"ClientConnectorCertificateError: {WORDS}"), Kind.PEER_NOT_TRUSTED),
    (ContactLost(WORDS), Kind.CONTACT),
    (ContactMade(), Kind.CONTACT),
    (FromParty(Party(WORDS), ContactLost(WORDS)), Kind.CONTACT),
    (FromParty(Party(WORDS), PeerComplained("Poll", WORDS, WORDS)), Kind.COMPLAINT),
    (LinkMoved(Link.LIMITED, Link.FAILSAFE), Kind.LINK),
    (Enforced(EVSE_1, Finding.FAILED, Measure.PAUSE, Decimal(3)), Kind.DISOBEYED),
    (Trouble(f"{WORDS} does not take its limit: {WORDS}"), Kind.DISOBEYED),
    (Trouble(f"journal: {WORDS}"), Kind.MEMORY_EXHAUSTED),
    (Trouble(f"damaged; set aside as {WORDS}, starting empty"), Kind.TAMPERING),
    (Trouble(f"wrong codes at the local API, from {WORDS}"), Kind.WRONG_CODES),
    (Trouble(WORDS), Kind.TROUBLE),
]


@pytest.mark.proves("D04")
@pytest.mark.parametrize(("item", "kind"), ABOUT, ids=lambda one: getattr(one, "value", ""))
def test_what_is_about_security_is_said_in_our_words(item: Happening, kind: Kind) -> None:
    said = line(item)
    assert said is not None
    assert said.kind is kind
    assert WORDS not in said.what


def test_what_is_about_another_vtn_is_not_taken_for_the_grid_operators() -> None:
    one, other = line(ContactMade()), line(FromParty(Party("acme"), ContactMade()))
    assert one
    assert other == (one.kind, f"another VTN: {one.what}")


def test_guessed_codes_have_ocpps_word() -> None:
    assert Kind("MaintenanceLoginFailed") is Kind.WRONG_CODES


@pytest.mark.parametrize(
    "item",
    [
        Registered(VenId("V"), RegistrationId("R"), VtnId("T"), False),
        Declined(EventId("E1"), frozenset({EVSE_1})),
        FromParty(Party("acme"), Declined(EventId("E1"), frozenset({EVSE_1}))),
        Enforced(EVSE_1, Finding.HOLDS, Measure.ASK, Decimal(0)),
    ],
)
def test_the_rest_is_not(item: Happening) -> None:
    assert line(item) is None


@pytest.mark.proves("D04", "VE08")
def test_a_clock_that_somebody_sets_is_told_as_that() -> None:
    async def play(site: Site) -> None:
        async with site.ven() as ven:
            await site.settle(60)
            site.clock.step(timedelta(hours=-1))
            await site.settle(60)
            said = [line(item) for item in news(ven, ClockSet)]
            assert said == [Line(Kind.CLOCK_SET, "by -3600 s")]

    played(play)


class Scene:
    def __init__(self, folder: Path) -> None:
        self.now = START
        self.complaints: list[str] = []
        self.log = SecurityLog(folder, START)
        self.security = Security(self.log, lambda: self.now, self.complaints.append)

    def tell(self, item: Happening, at: datetime | None = None) -> None:
        self.now = at or self.now
        asyncio.run(self.security.tell(item))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    found = Scene(tmp_path)
    with closing(found.log):
        yield found


@pytest.mark.proves("D04")
def test_nobody_floods_the_log(tmp_path: Path, scene: Scene) -> None:
    for number in range(100):
        scene.tell(PeerComplained("Poll", "452", f"{number}"), START + timedelta(seconds=number))
    scene.tell(PeerComplained("Poll", "463", ""))
    scene.tell(PeerComplained("Poll", "452", ""), START + QUIET)
    assert [one.what for one in entries(tmp_path)] == [
        "about Poll, code 452",
        "about Poll, code 463",
        "about Poll, code 452",
    ]


@pytest.mark.proves("D04")
def test_what_a_full_disk_does_not_take_is_written_later_with_its_own_time(
    tmp_path: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        scene.tell(ContactLost("silence"))
        scene.tell(ContactMade(), START + timedelta(minutes=1))
    assert scene.complaints == ["No space left on device"]
    assert entries(tmp_path) == ()
    scene.tell(GaveUp("CreatedEvent"), START + timedelta(minutes=2))
    assert [one.at for one in entries(tmp_path)] == [START + timedelta(minutes=each) for each in range(3)]


# --- what a program was started with ---

HOLIDAYS = """\
zone = "Europe/London"
[[import]]
days = ["mon", "tue", "wed", "thu", "fri"]
slots = { "00:00" = 100, "16:00" = 50 }
[[import]]
days = ["2026-12-25", "2026-12-26", "2027-01-01", "2027-04-02"]
slots = { "00:00" = 100 }
"""
STARTED = """\
import sys
from datetime import UTC, datetime
from pathlib import Path
from ven.daemon import config, security
settings = config.load(Path(sys.argv[1]), {}, {})
security.started(settings, lambda: datetime.now(UTC), print).stop()
"""


@pytest.mark.proves("D04")
def test_only_settings_that_have_changed_are_told_as_changed(settings_file: Path) -> None:
    """In no two processes sets have the same order, nor functions the same address."""
    (settings_file.parent / "holidays.toml").write_text(HOLIDAYS, encoding="utf-8")
    text = f'preset = "{settings_file.parent}/holidays.toml"\n' + settings_file.read_text(encoding="utf-8")
    for number, groups in enumerate(['["F1", "F2", "F3"]', '["F3", "F1", "F2"]', '["F1", "F2"]']):
        settings_file.write_text(f"groups = {groups}\n{text}", encoding="utf-8")
        subprocess.run(
            [sys.executable, "-c", STARTED, settings_file],
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(number + 1)},
        )
    kinds = [one.kind for one in entries(settings_file.parent / "state")]
    start = [Kind.STARTUP, Kind.STOPPED]
    assert kinds == [*start, *start, Kind.RECONFIGURED, *start]
