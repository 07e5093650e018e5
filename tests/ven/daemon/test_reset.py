"""Resets: what is left in the state folder, whatever interrupts them."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oadr.charging.limit import Limit, Source
from oadr.opting import Period
from oadr.wire.ids import EventId, OptId, RegistrationId, VenId, VtnId
from oadr.wire.messages.common import OptType, QualifiedEventId
from tests.ven.stage import BASE, EVSE_1, SECOND, SITE, Loaded, event, listing, report_request
from tests.ven.virtual import START
from ven import calendar_form, disk, events, security_log
from ven.authority import Spell
from ven.boost import Boost
from ven.config import OtherVtn, VenConfig
from ven.daemon import reset
from ven.daemon.notdone import NotDone
from ven.daemon.progress import MARKER, RECEIPT, Farewell, Progress
from ven.disk import DiskJournal, InUse, read_only
from ven.enrolment import Registration
from ven.events import HeldEvent
from ven.files import all_files
from ven.journal import Memory
from ven.local import Local
from ven.opts import Opt, Stage
from ven.reports import Order
from ven.reset import Level, kept
from ven.security_line import Kind
from ven.security_log import SecurityLog, entries, verify_sealed
from ven.slots import Restore, Slot, SlotKey
from ven.standing import Standing

OPT, OPT_EVENT, EVENT, REPORT, SPELL, CODE, RECORDED, LIVE, OLD, REGISTRATION, VEN, STRAY = (
    f"canary-{number:04}" for number in range(12)
)
PEOPLE = (OPT, OPT_EVENT, CODE, RECORDED, LIVE, OLD, STRAY, "Chatham", "03:17", "5eed5eed")
"""What the people of a site leave behind, in every place that holds anything of them."""
HISTORY = (EVENT, REPORT, SPELL)
IDENTITY = (REGISTRATION, VEN, "KEY-canary", "StartupOfTheDevice")
CALENDAR = """\
zone = "Pacific/Chatham"

[[import]]
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
slots = { "00:00" = 100, "03:17" = 0 }
"""
GONE = {
    Level.R0: PEOPLE,
    Level.R1: PEOPLE + HISTORY,
    Level.R2: PEOPLE + HISTORY + IDENTITY,
    Level.R3: PEOPLE + HISTORY + IDENTITY,
}
STAYS = {Level.R0: HISTORY + IDENTITY, Level.R1: IDENTITY, Level.R2: (), Level.R3: ()}


class PowerCut(BaseException):
    """Nothing catches it."""


class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        return START

    async def sleep_until(self, moment: datetime) -> None:
        raise AssertionError(f"nothing waits here, not even until {moment}")


def held(name: str, programme: str = "load-shift", **times: Any) -> tuple[HeldEvent, ...]:
    return events.merge((), listing(event(name, programme=programme, **times)), SITE, START, Loaded(0)).held


def memory() -> Memory:
    """All that a VEN can remember."""
    declined = tuple(each.declining(frozenset({EVSE_1})) for each in held(EVENT))
    opt = Opt(
        opt_id=OptId(OPT),
        opt=OptType.OPT_OUT,
        reason="economic",
        stated_at=START,
        event=QualifiedEventId(event_id=EventId(OPT_EVENT), modification_number=0),
        periods=(Period(START, START + SECOND),),
        stage=Stage.TOLD,
    )
    return Memory(
        Registration(VenId(VEN), RegistrationId(REGISTRATION), VtnId("Vtn-1"), 10 * SECOND, True),
        declined,
        (Order(report_request(request_id=REPORT), START, START),),
        opts=(opt,),
        local=Local(calendar_form.read(CALENDAR), (Boost(EVSE_1, START),), bytes.fromhex("5eed5eed")),
        spells=(Spell(EventId(SPELL), START, START),),
    )


@pytest.fixture
def config(tmp_path: Path) -> VenConfig:
    """A unit that its people have lived with."""
    config = VenConfig(
        vtn_url="https://127.0.0.1:1",
        certificate=tmp_path / "ven.pem",
        trust=tmp_path / "ca.pem",
        state=tmp_path / "state",
        market_contexts=BASE,
    )
    live_with(config)
    return config


def live_with(config: VenConfig, remembered: Memory | None = None) -> None:
    state, known = config.state, remembered or memory()
    config.certificate.write_text("KEY-canary")
    with closing(DiskJournal(state)) as journal:
        journal.save(replace(known, opts=(replace(known.opts[0], opt_id=OptId(OLD)),) * 40))
        journal.save(known)
        as_killed = {
            path: path.read_bytes() for path in state.glob(f"{disk.FILE}*") if path.suffix != ".sqlite-shm"
        }
    for path, raw in as_killed.items():
        path.write_bytes(raw)
    with closing(SecurityLog(state, START)) as log:
        log.append(Kind.STARTUP, "", START)
    for name, canary in (
        ("messages.json", RECORDED),
        ("live.json", LIVE),
        ("code", CODE),
        (".live.json.new", LIVE),
        ("journal.corrupt", STRAY),
        ("notes.txt", STRAY),
    ):
        (state / name).write_text(f'["{canary}"]')
    (state / "core").mkdir(exist_ok=True)
    (state / "core" / "dump").write_text(STRAY)


def left(config: VenConfig) -> bytes:
    """Every byte of the state folder and of the credentials."""
    return b"".join(path.read_bytes() for path in (*all_files(config.state), config.certificate))


def do(config: VenConfig, level: Level) -> Progress:
    export = config.state.parent / "sealed.log" if level.leaves else None
    return reset.begin(config, level, export, Still())


def check(config: VenConfig, level: Level) -> None:
    raw = left(config)
    assert [one for one in GONE[level] if one.encode() in raw] == []
    assert [one for one in STAYS[level] if one.encode() not in raw] == []
    assert not (config.state / MARKER).exists()
    assert json.loads((config.state / RECEIPT).read_text())["reset"] == level
    if level.leaves:
        assert [one.kind for one in entries(config.state)] == ([Kind.CLEARED] if level is Level.R2 else [])
    else:
        assert [one.kind for one in entries(config.state)][:2] == [Kind.STARTUP, Kind.RESET]
        assert read_only(config.state) == kept(memory(), level)


@pytest.mark.proves("B18", "D05")
@pytest.mark.parametrize("level", Level)
def test_what_was_between_the_unit_and_another_vtn_goes_as_what_was_between_it_and_the_grid_operator(
    config: VenConfig, level: Level
) -> None:
    key, theirs = config.state.parent / "acme.pem", "Reg-canary-acme"
    other = OtherVtn(
        name="acme",
        vtn_url="https://127.0.0.1:1",
        certificate=key,
        trust=config.trust,
        market_contexts="http://acme.example",
    )
    known = memory()
    assert known.registration
    registered = replace(known.registration, registration_id=RegistrationId(theirs))
    declined = replace(known.held[0], party=other.role.party)
    standing = Standing(other.role.party, registered, (declined,), known.orders, known.opts)
    live_with(config, replace(known, registration=None, others=(standing,)))
    key.write_text("KEY-canary")
    done = do(replace(config, others=(other,)), level)
    raw = left(config) + key.read_bytes()
    assert (theirs.encode() in raw, b"KEY-canary" in raw) == (not level.leaves, not level.leaves)
    assert OPT.encode() not in raw
    assert done.registration is (Farewell.NOT_TOLD if level.leaves else Farewell.KEPT)


def test_before_a_reset_every_canary_is_there(config: VenConfig) -> None:
    raw = left(config)
    assert [one for one in GONE[Level.R3] if one.encode() not in raw] == []


@pytest.mark.proves("B18", "D05", "W23", "W93", "W97")
@pytest.mark.parametrize("level", Level)
def test_after_a_reset_nothing_is_left_of_what_goes_and_all_is_there_of_what_stays(
    config: VenConfig, level: Level
) -> None:
    receipt = json.loads(do(config, level).receipt)
    check(config, level)
    assert receipt["searched"]["found"] == 0
    assert receipt["searched"]["for"] > 3
    assert tuple(receipt["erased"]) == level.goes
    names = {path.name for path in all_files(config.state)}
    if level is Level.R3:
        assert names == {disk.LOCK, RECEIPT}
        assert (config.state / disk.LOCK).stat().st_size == 0


@pytest.mark.proves("B18", "D05", "W23")
@pytest.mark.parametrize("level", Level)
def test_wherever_power_goes_the_next_start_ends_the_reset(
    config: VenConfig, level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off before a write to the disk, a few further on each time, and twice in a row."""
    cuts = 0
    monkeypatch.setattr(security_log, "BALLAST_BYTES", 4096)
    (config.state / security_log.BALLAST).unlink()
    shutil.copytree(config.state, as_lived := config.state.parent / "as lived")
    while _is_cut_off(config, level, cuts, monkeypatch):
        _is_cut_off(config, level, cuts // 2, monkeypatch, resumed=True)
        if reset.resume(config, Still()) is None:
            assert not (config.state / RECEIPT).exists() or (config.state / RECEIPT).stat().st_size
            if STRAY.encode() in left(config):  # it had not begun
                do(config, level)
        check(config, level)
        shutil.rmtree(config.state)
        (config.state.parent / "sealed.log").unlink(missing_ok=True)
        shutil.copytree(as_lived, config.state)
        config.certificate.write_text("KEY-canary")
        cuts += 2 if level is Level.R2 else 5
    assert cuts > 30
    check(config, level)


def _is_cut_off(
    config: VenConfig, level: Level, after: int, patch: pytest.MonkeyPatch, *, resumed: bool = False
) -> bool:
    """Whether power went before the reset was done."""
    left_to_do = iter(range(after))

    def cut(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if next(left_to_do, None) is None:
                raise PowerCut
            return real(*arguments, **named)

        return call

    with patch.context() as scene:
        for name in ("replace", "unlink"):
            scene.setattr(os, name, cut(getattr(os, name)))
        for name in ("fsync", "fdatasync"):
            scene.setattr(os, name, cut(lambda _: None))
        try:
            if resumed:
                reset.resume(config, Still())
            else:
                do(config, level)
        except PowerCut:
            return True
    return False


@pytest.mark.proves("W23", "D05")
@pytest.mark.parametrize("level", Level)
def test_no_reset_is_a_way_round_a_supply_limitation(config: VenConfig, level: Level) -> None:
    live_with(config, replace(memory(), held=held("E1", "supply-limit", minutes=30)))
    before = read_only(config.state)
    with pytest.raises(NotDone, match=r"a supply limitation holds until .*a reset waits for its end"):
        do(config, level)
    assert read_only(config.state) == before
    assert CODE.encode() in left(config)


def test_an_announced_limitation_is_not_forgotten_either(config: VenConfig) -> None:
    later = held("E1", "supply-limit", start=START + timedelta(hours=1))
    live_with(config, replace(memory(), held=later))
    with pytest.raises(NotDone):
        do(config, Level.R1)
    do(config, Level.R0)
    assert read_only(config.state).held == later


def test_a_limitation_that_is_being_released_is_waited_for(config: VenConfig) -> None:
    limit = Limit(Decimal(12), Decimal(40), Source.SUPPLY_LIMIT, "E1", START)
    rising = Slot(limit, Restore(Decimal(12), Decimal(40), START + SECOND))
    slots = ((SlotKey(EVSE_1, Source.SUPPLY_LIMIT), rising),)
    live_with(config, replace(memory(), slots=slots))
    with pytest.raises(NotDone):
        do(config, Level.R0)


def test_no_reset_beside_a_running_ven(config: VenConfig) -> None:
    with closing(DiskJournal(config.state)), pytest.raises(InUse):
        do(config, Level.R0)


@pytest.mark.proves("W23")
def test_a_log_that_is_erased_is_exported_before_and_can_be_verified(config: VenConfig) -> None:
    with pytest.raises(NotDone, match="--export"):
        reset.begin(config, Level.R2, None, Still())
    progress = do(config, Level.R2)
    sealed = config.state.parent / "sealed.log"
    assert verify_sealed(sealed) == progress.log
    assert progress.log.number == 2
    assert sealed.stat().st_mode & 0o777 == 0o600
    with pytest.raises(NotDone, match="is there already"):
        do(config, Level.R3)


def test_an_export_that_cannot_be_written_is_refused_before_anything_is_erased(config: VenConfig) -> None:
    with pytest.raises(NotDone, match="or its folder is not"):
        reset.begin(config, Level.R3, config.state.parent / "nowhere" / "sealed.log", Still())
    assert CODE.encode() in left(config)


def test_no_export_into_the_folder_that_is_erased(config: VenConfig) -> None:
    with pytest.raises(NotDone, match="would be erased"):
        reset.begin(config, Level.R3, config.state / "sealed.log", Still())


def test_a_damaged_journal_goes_with_the_rest(config: VenConfig) -> None:
    for path in config.state.glob(f"{disk.FILE}*"):
        path.write_bytes(b"not a database " + STRAY.encode())
    do(config, Level.R0)
    assert STRAY.encode() not in left(config)
    assert read_only(config.state) == Memory()


@pytest.mark.proves("D05")
def test_what_the_search_finds_keeps_the_reset_from_being_over(
    config: VenConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DiskJournal, "scrub", lambda _: None)
    monkeypatch.setattr(reset, "kept", lambda known, _: known)
    with pytest.raises(NotDone, match=r"traces are left in journal\.sqlite"):
        do(config, Level.R0)
    assert (config.state / MARKER).exists()
    assert not (config.state / RECEIPT).exists()
