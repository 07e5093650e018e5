"""A reset, step by step, each of which may be done twice: whatever ends the program, the next start goes on with it.

The marker is on disk before the first step and names the next one; it is the last thing that goes.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from certs import CertificateError
from oadr.wire.ids import RequestId
from ven import assembly, disk, security_log
from ven.clock import Clock, SystemClock
from ven.config import VenConfig
from ven.daemon import codes
from ven.daemon.notdone import NotDone
from ven.daemon.progress import MARKER, RECEIPT, Farewell, Progress, Step, Words
from ven.daemon.shown import moment
from ven.disk import DiskJournal
from ven.enrolment import NO_REGISTRATION, Registration
from ven.files import all_files, empty, holding, shred, shred_all_but, sync_folder, write_whole
from ven.journal import Corrupt, Memory
from ven.leaving import declined, follow_again, leave, schedules, take_back
from ven.party import GRID_OPERATOR
from ven.recording import Recorder
from ven.reset import Level, kept, traces, waits_for
from ven.security_line import Kind
from ven.security_log import SecurityLog
from ven.standing import Standing
from ven.transport import Transport


class _Vtn(NamedTuple):
    """One with which this unit is registered."""

    config: VenConfig
    standing: Standing
    known: Registration


Say = Callable[[Transport, _Vtn, RequestId], Awaitable[bool]]
_OURS: Final = frozenset({disk.LOCK, MARKER, RECEIPT})
_JOURNAL: Final = frozenset(disk.FILE + suffix for suffix in disk.SIDECARS)


def begin(config: VenConfig, level: Level, export: Path | None, clock: Clock | None = None) -> Progress:
    """Reset, and return what has become of it. `export` is where a log goes that is erased.

    Raises `NotDone`, above all while a supply limitation holds; `InUse`, `TooNew` and `OSError`.
    """
    if level.leaves:
        _check_export(config, level, export)
    clock = clock or SystemClock()
    with closing(DiskJournal(config.state)) as journal:
        if Progress.read(config.state):
            raise NotDone("a reset is under way; go on with it first: `ven reset --resume`")
        if held := waits_for(_memory(config, journal), level, clock.now()):
            end = f"until {moment(held.until)}" if held.until else "until the grid operator cancels it"
            raise NotDone(f"a supply limitation holds {end}; a reset waits for its end")
        progress = Progress(level, clock.now(), export.resolve() if export else None)
        return _Reset(config, journal, progress, clock).go_on()


def resume(config: VenConfig, clock: Clock | None = None) -> Progress | None:
    """Go on with a reset that was interrupted; None: there is none. Raises as `begin` does."""
    if Progress.read(config.state) is None:
        return None
    with closing(DiskJournal(config.state)) as journal:
        progress = Progress.read(config.state)
        if progress is None:
            return None
        return _Reset(config, journal, replace(progress, resumed=True), clock or SystemClock()).go_on()


def go_on_before_a_run(config: VenConfig) -> None:
    """Raises `NotDone` where nothing is left to run with, and as `begin` does."""
    if (done := resume(config)) and done.level.leaves:
        raise NotDone(
            f"the reset {done.level} that was interrupted is done; this unit has no credentials any more"
        )


def _check_export(config: VenConfig, level: Level, export: Path | None) -> None:
    """Before anything is erased. Raises `NotDone`."""
    if export is None:
        raise NotDone(f"{level} erases the security log: name a file for it, --export FILE")
    if export.exists() or not export.resolve().parent.is_dir():
        raise NotDone(f"{export} is there already, or its folder is not")
    if config.state.resolve() in export.resolve().parents:
        raise NotDone(f"{export} would be erased with the rest")


class _Reset:
    def __init__(self, config: VenConfig, journal: DiskJournal, progress: Progress, clock: Clock) -> None:
        self._config = config
        self._journal = journal
        self._progress = progress
        self._clock = clock
        self._level = progress.level
        self._memory = _memory(config, journal)
        self._traces = traces(self._memory, progress.level) | _code(config.state)

    def go_on(self) -> Progress:
        work = {
            Step.LEAVE: self._leave,
            Step.MEMORY: self._forget,
            Step.FILES: self._clear,
            Step.CREDENTIALS: self._give_up_credentials,
            Step.SEAL: self._seal,
            Step.LOG: self._renew_log,
            Step.SEARCH: self._search,
        }
        for step in tuple(Step)[tuple(Step).index(self._progress.step) :]:
            self._note(replace(self._progress, step=step))
            work[step]()
        self._note(replace(self._progress, ended=self._clock.now()))
        write_whole(self._config.state / RECEIPT, self._progress.receipt)
        (self._config.state / MARKER).unlink()  # at once: half of it would stop the next start
        sync_folder(self._config.state)
        return self._progress

    def _note(self, progress: Progress) -> None:
        self._progress = progress
        progress.write(self._config.state)

    # --- the steps ---

    def _leave(self) -> None:
        """Each VTN forgets this unit; or, where it stays registered, what its people have said."""
        known = tuple(self._registered())
        if not self._level.leaves:
            self._take_back(known)
        elif not known:
            self._note(replace(self._progress, registration=Farewell.NONE))
        else:
            told = self._tell(known, lambda to, one, name: leave(to, one.known, name, self._clock))
            self._note(
                replace(self._progress, registration=Farewell.CANCELLED if told else Farewell.NOT_TOLD)
            )

    def _take_back(self, known: Iterable[_Vtn]) -> None:
        """Schedules, and words on events that go on here; another site has none, and answers for itself."""
        now, clock = self._clock.now(), self._clock
        if stated := [one for one in known if schedules(one.standing.opts)]:
            told = self._tell(
                stated,
                lambda to, one, name: take_back(to, one.known, schedules(one.standing.opts), name, clock),
            )
            self._note(replace(self._progress, schedules=_become(told)))
        out = [one for one in known if declined(one.standing.held, now)]
        if out and self._level is Level.R0:
            told = self._tell(
                out,
                lambda to, one, _: follow_again(
                    to, one.known, declined(one.standing.held, now), _name, clock
                ),
            )
            self._note(replace(self._progress, opt_outs=_become(told)))

    def _registered(self) -> Iterator[_Vtn]:
        """Where this unit is registered, the grid operator first. A VTN that has left the settings has no address."""
        others = {one.role.party: self._config.towards(one) for one in self._config.others}
        towards = {GRID_OPERATOR: self._config, **others}
        for one in self._memory.standings:
            known = one.registration
            if known and known.registration_id != NO_REGISTRATION and one.party in towards:
                yield _Vtn(towards[one.party], one, known)

    def _tell(self, vtns: Iterable[_Vtn], say: Say) -> bool:
        """Whether all of them took it; one that did not keeps no other from being told."""
        told = [asyncio.run(self._told(one, say)) for one in vtns]
        return all(told)

    async def _told(self, vtn: _Vtn, say: Say) -> bool:
        """Whoever has no certificate any more cannot tell anybody."""
        try:
            transport = assembly.http(
                vtn.config, self._clock.now, Recorder(0, self._clock.now), lambda _: None
            )
        except CertificateError:
            return False
        try:
            return await say(transport, vtn, RequestId(_name()))
        finally:
            await transport.close()

    def _forget(self) -> None:
        if self._level.leaves:
            self._journal.erase()
            return
        self._journal.save(kept(self._memory, self._level))
        self._journal.scrub()

    def _clear(self) -> None:
        """Whatever is not known to stay goes."""
        stays = _OURS | security_log.FILES
        shred_all_but(self._config.state, stays if self._level.leaves else stays | _JOURNAL)

    def _give_up_credentials(self) -> None:
        """The files stay, so that the settings go on naming them; there is nothing in them."""
        if self._level.leaves:
            for path in {self._config.certificate, *(one.certificate for one in self._config.others)}:
                empty(path)

    def _seal(self) -> None:
        """The log ends with the reset; what is erased of it is exported before."""
        with closing(SecurityLog(self._config.state, self._clock.now())) as log:
            if log.last is None or (log.last.kind, log.last.what) != (Kind.RESET, self._level):
                log.append(Kind.RESET, self._level, self._clock.now())
            self._note(replace(self._progress, log=log.head))
        if self._progress.export:
            write_whole(self._progress.export, security_log.sealed(self._config.state))

    def _renew_log(self) -> None:
        if not self._level.leaves:
            return
        for name in security_log.FILES:
            shred(self._config.state / name)
        if self._level is Level.R2:
            with closing(SecurityLog(self._config.state, self._clock.now())) as log:
                head = self._progress.log
                log.append(Kind.CLEARED, f"reset {self._level} after line {head.number}", self._clock.now())

    def _search(self) -> None:
        """Everything in the folder but the marker, for what was known before. Raises `NotDone` where it is found."""
        state = self._config.state
        searched = tuple(path for path in all_files(state) if path.name != MARKER)
        if found := holding(searched, self._traces):
            names = ", ".join(path.name for path in found)
            raise NotDone(f"traces are left in {names}; the reset is not over")
        self._note(replace(self._progress, searched_files=len(searched), searched_for=len(self._traces)))


def _become(told: bool) -> Words:
    return Words.TAKEN_BACK if told else Words.NOT_TOLD


def _name() -> str:
    return f"R{secrets.token_hex(8)}"


def _memory(config: VenConfig, journal: DiskJournal) -> Memory:
    """An unreadable journal holds nothing that we could keep; its files go with the rest."""
    if not (config.state / disk.FILE).exists():
        return Memory()
    try:
        return journal.load()
    except Corrupt:
        journal.quarantine()
        return Memory()


def _code(state: Path) -> frozenset[bytes]:
    with suppress(OSError):
        found = codes.read(state)
        return frozenset({found.encode()} if found else ())
    return frozenset()
