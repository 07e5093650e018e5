"""Wires the server: settings, store, index, services, TLS and HTTP, and the jobs that time calls for.

every half second   has another process ordered, cancelled, imported or approved something?
every few seconds   who has called since; which intervention is over and goes into the record
every minute        what the log has left out
every ten minutes   what signed messages have spent is forgotten when none can come again, recorded ones after a week
every quarter hour  a checkpoint, if anything was added

What it does for its own sake is in `operations.upkeep`. While the clock is in doubt no list of events goes out, nothing
is closed and nothing is forgotten (VT09).
"""

import asyncio
import secrets
import signal
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from oadr.wire.errors import Misuse
from oadr.wire.schema import Schema, installed_folder
from vtn import clock
from vtn.api.port import ApiPort
from vtn.api.route import Office
from vtn.assess import closing
from vtn.config import Settings
from vtn.delivery.index import Index
from vtn.model.intervention import Intervention
from vtn.operations.upkeep import Job, Upkeep
from vtn.service import party
from vtn.service.desk import Desk
from vtn.store import alarms, ledger_key, messages, network, nonces, record, witness
from vtn.store.engine import StoreAway
from vtn.store.opening import open_store
from vtn.web import http_log
from vtn.web.journal import Journal
from vtn.web.listener import Listener
from vtn.web.metrics import Cause
from vtn.web.openadr import Endpoint
from vtn.web.renewal import Credentials

WATCH_EVERY: Final = timedelta(seconds=0.5)
FLUSH_EVERY: Final = timedelta(seconds=5)
SEAL_EVERY: Final = timedelta(minutes=15)
FORGET_EVERY: Final = timedelta(minutes=10)


class Server:
    """A running VTN. Raises `StoreAway`, `CertificateError`, `Misuse` or `OSError` if it cannot start."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._index = Index()
        self._upkeep = Upkeep(settings, journal)
        self._tasks: list[asyncio.Task[None]] = []
        self.port = settings.port

    async def __aenter__(self) -> Self:
        settings = self._settings
        credentials = self._upkeep.load(clock.now())
        self._key = ledger_key.load_or_make(settings.state)
        self._store = await open_store(settings.state, self._key, clock.now(), settings.store)
        try:
            await self._watch()
            await self._listen(credentials)
        except BaseException:
            await self._store.close()
            raise
        await self._upkeep.attend(self._store, self._endpoint, self._listener)
        await self._open_api()
        jobs = (
            *self._upkeep.jobs,
            (WATCH_EVERY, self._watch),
            (WATCH_EVERY, self._api.watch),
            (FLUSH_EVERY, self._flush),
            (FLUSH_EVERY, self._follow),
            (FLUSH_EVERY, self._close_what_is_over),
            (FLUSH_EVERY, self._forget_the_silent),
            (FLUSH_EVERY, self._sound_alarms),
            (SEAL_EVERY, self._seal),
            (FORGET_EVERY, self._forget),
            (timedelta(minutes=1), self._tell_what_was_left_out),
        )
        self._tasks = [asyncio.create_task(self._repeat(every, job)) for every, job in jobs]
        self._tasks.append(asyncio.create_task(self._upkeep.feel()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._upkeep.health.is_ending = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._api.close()
        await self._listener.close()
        await self._attempt("flush", self._flush)
        await self._attempt("seal", self._seal)
        await self._attempt("follow", self._follow)
        await self._store.close()
        await self._upkeep.close()

    def reload(self) -> None:
        """Certificates, trust and revocations are read again in a moment; nobody who is connected notices."""
        self._upkeep.reload()
        try:
            self._api.renew()
        except OSError as error:
            self._journal.trouble("certificate of the api not renewed", f"{error.strerror or error}")

    async def _listen(self, credentials: Credentials) -> None:
        settings = self._settings
        folder = installed_folder()
        if folder is None:
            raise Misuse(
                "the OpenADR schemas are not installed; they come with: pip install 'feederguard[vtn]'"
            )
        desk = Desk(
            terms=settings.terms,
            store=self._store,
            index=self._index,
            new_id=lambda: f"V{secrets.token_hex(12)}",
        )
        self._endpoint = Endpoint(desk, Schema(folder), self._journal, self._upkeep.metrics)
        application = web.Application()
        application.add_routes(self._endpoint.routes(settings.prefix))
        application.on_cleanup.append(self._endpoint.settle)
        logger = http_log.logger(self._journal)
        self._listener = Listener(application, self._upkeep.connections, logger=logger)
        await self._listener.open(settings.host, settings.port, credentials.context, credentials.signers)
        self.port = self._listener.port

    async def _open_api(self) -> None:
        """Sites are served whether or not programs of the control room can be; a port that is taken is told."""
        office = Office(
            settings=self._settings,
            store=self._store,
            key=self._key,
            clock=clock.now,
            doubt=lambda: self._upkeep.health.clock_trouble,
        )
        self._api = ApiPort(office, self._journal)
        if (place := self._settings.api) is None:
            return
        try:
            await self._api.open(*place, self._settings.api_chain)
        except OSError as error:
            self._journal.trouble("api", f"{place.host}:{place.port}: {error.strerror or error}")

    @property
    def api_port(self) -> int:
        """0: it is closed."""
        return self._api.port

    @property
    def operations_port(self) -> int:
        """0: it is closed."""
        return self._upkeep.operations_port

    # --- the jobs ---

    async def _repeat(self, every: timedelta, job: Job) -> None:
        while True:
            await asyncio.sleep(every.total_seconds())
            await self._attempt(job.__name__.strip("_"), job)

    async def _attempt(self, name: str, job: Job) -> None:
        """Neither a store that is away for a moment nor a fault of ours ends a job; each is told."""
        try:
            await job()
        except StoreAway as error:
            self._journal.trouble("store away", str(error))
        except Exception as error:  # a job that died in silence would let orders lie, and nobody would know
            self._journal.trouble("job failed", f"{name}: {type(error).__name__}: {error}")

    async def _watch(self) -> None:
        """Whoever acts for no site any more is hung up on."""
        acted = self._index.certificates
        try:
            is_new = await self._index.refresh(self._store, clock.now())
        except StoreAway as error:
            self._upkeep.health.store_trouble = str(error)
            raise
        self._upkeep.health.read(asyncio.get_running_loop().time())
        if is_new:
            self._upkeep.connections.part(acted - self._index.certificates, Cause.NO_SITE_ANY_MORE)

    async def _flush(self) -> None:
        if seen := self._index.take_seen():
            async with self._store.writing() as tx:
                await network.seen(tx, seen)

    async def _follow(self) -> None:
        async with self._store.reading() as tx:
            await witness.follow(tx, self._settings.state)

    async def _close_what_is_over(self) -> None:
        if self._upkeep.health.clock_trouble:
            return
        now = clock.now()
        over = await closing.due(self._store, self._settings.patience, now)
        for intervention in over:  # each for itself: one that cannot be judged holds up no other (VT12)
            await self._attempt(
                f"close {intervention.intervention_id}", partial(self._close, intervention, now)
            )
        if over:
            await self._seal()

    async def _forget_the_silent(self) -> None:
        if self._upkeep.health.clock_trouble:
            return
        for ven_id in await party.forget_the_silent(self._store, clock.now()):
            self._journal.happened("registration ended without an answer", ven_id=ven_id)

    async def _sound_alarms(self) -> None:
        """What nobody should overlook, such as glass that somebody broke: told by whichever server sees it first."""
        async with self._store.reading() as tx:
            if not await alarms.due(tx):
                return
        async with self._store.writing() as tx:
            for alarm in await alarms.take(tx, clock.now()):
                self._journal.trouble(f"ALARM: {alarm.kind}", alarm.why)

    async def _close(self, intervention: Intervention, now: datetime) -> None:
        found = await closing.close(self._store, intervention, self._settings.terms.report_every, now)
        if found is not None:
            self._upkeep.measuring.closed(found)
        self._journal.happened("intervention closed", intervention=intervention.intervention_id)

    async def _seal(self) -> None:
        async with self._store.writing() as tx:
            checkpoint = await record.seal(tx, self._key, clock.now())
        if checkpoint:
            self._journal.happened("record sealed", entries=checkpoint.size, root=checkpoint.root.hex())

    async def _forget(self) -> None:
        if self._upkeep.health.clock_trouble:
            return
        async with self._store.writing() as tx:
            await nonces.forget(tx, clock.now())
            await messages.forget(tx, clock.now())

    async def _tell_what_was_left_out(self) -> None:
        self._journal.minute()


async def serve(settings: Settings, journal: Journal) -> None:
    """Run until cancelled. SIGHUP: certificates, trust and revocations are read again."""
    server = Server(settings, journal)
    if hasattr(signal, "SIGHUP"):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, server.reload)
    async with server:
        journal.happened("serving", host=settings.host, port=server.port, vtn_id=settings.terms.vtn_id)
        if server.api_port and settings.api:
            scheme = "http" if settings.api_chain is None else "https"
            journal.happened("api", page=f"{scheme}://{settings.api.host}:{server.api_port}/api/v1/")
        await asyncio.Event().wait()
