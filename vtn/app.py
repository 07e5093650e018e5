"""Wires the server: settings, store, index, services, TLS and HTTP, and the few jobs that time calls for.

every half second   has another process ordered, cancelled, imported or approved something?
every few seconds   who has called since; which intervention is over and goes into the record
every minute        what the log has left out
every ten minutes   what signed messages have spent is forgotten when none can come again, recorded ones after a week
every quarter hour  a checkpoint, if anything was added
"""

import asyncio
import secrets
import ssl
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from certs import CertificateError, server_context
from certs.description import describe
from oadr.wire.errors import Misuse
from oadr.wire.schema import Schema, installed_folder
from vtn import clock
from vtn.assess import closing
from vtn.config import Settings
from vtn.delivery.index import Index
from vtn.model.intervention import Intervention
from vtn.service import party
from vtn.service.desk import Desk
from vtn.store import ledger_key, messages, network, nonces, record
from vtn.store.engine import StoreAway
from vtn.store.opening import open_store
from vtn.web import http_log
from vtn.web.journal import Journal
from vtn.web.openadr import Endpoint
from vtn.web.signing import Signers

WATCH_EVERY: Final = timedelta(seconds=0.5)
FLUSH_EVERY: Final = timedelta(seconds=5)
SEAL_EVERY: Final = timedelta(minutes=15)
FORGET_EVERY: Final = timedelta(minutes=10)
LOOK_EVERY: Final = timedelta(days=1)
KEEP_ALIVE: Final = timedelta(minutes=75)
"""Longer than a VEN keeps its connection, or we would hang up just when it speaks."""
GOODBYE: Final = 2.0
"""Seconds that requests under way get when the server stops."""


Job = Callable[[], Coroutine[None, None, None]]


class Server:
    """A running VTN. Raises `StoreAway`, `CertificateError`, `Misuse` or `OSError` if it cannot start."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._index = Index()
        self._tasks: list[asyncio.Task[None]] = []
        self.port = settings.port

    async def __aenter__(self) -> Self:
        settings = self._settings
        self._look_at_certificates(clock.now())
        context = server_context(settings.chains, settings.trust, settings.tls)
        self._signers = Signers.load(settings.chains)
        self._key = ledger_key.load_or_make(settings.state)
        self._store = await open_store(settings.state, self._key, clock.now())
        try:
            await self._index.refresh(self._store, clock.now())
            await self._listen(context)
        except BaseException:
            await self._store.close()
            raise
        jobs = (
            (WATCH_EVERY, self._watch),
            (FLUSH_EVERY, self._flush),
            (FLUSH_EVERY, self._close_what_is_over),
            (FLUSH_EVERY, self._forget_the_silent),
            (SEAL_EVERY, self._seal),
            (FORGET_EVERY, self._forget),
            (timedelta(minutes=1), self._tell_what_was_left_out),
            (LOOK_EVERY, self._warn),
        )
        self._tasks = [asyncio.create_task(self._repeat(every, job)) for every, job in jobs]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()
        await self._attempt("flush", self._flush)
        await self._attempt("seal", self._seal)
        await self._store.close()

    async def _listen(self, context: ssl.SSLContext) -> None:
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
        application = web.Application()
        endpoint = Endpoint(desk, Schema(folder), self._journal, self._signers)
        application.add_routes(endpoint.routes(settings.prefix))
        application.on_cleanup.append(endpoint.recorder.settle)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=http_log.logger(self._journal),
            auto_decompress=False,  # what is packed is refused (415), so nobody unpacks it before
            keepalive_timeout=KEEP_ALIVE.total_seconds(),
            shutdown_timeout=GOODBYE,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, settings.host, settings.port, ssl_context=context)
        await site.start()
        self.port = self._runner.addresses[0][1]

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
        await self._index.refresh(self._store, clock.now())

    async def _flush(self) -> None:
        if seen := self._index.take_seen():
            async with self._store.writing() as tx:
                await network.seen(tx, seen)

    async def _close_what_is_over(self) -> None:
        now = clock.now()
        over = await closing.due(self._store, self._settings.patience, now)
        for intervention in over:  # each for itself: one that cannot be judged holds up no other (VT12)
            await self._attempt(
                f"close {intervention.intervention_id}", partial(self._close, intervention, now)
            )
        if over:
            await self._seal()

    async def _forget_the_silent(self) -> None:
        for ven_id in await party.forget_the_silent(self._store, clock.now()):
            self._journal.happened("registration ended without an answer", ven_id=ven_id)

    async def _close(self, intervention: Intervention, now: datetime) -> None:
        await closing.close(self._store, intervention, self._settings.terms.report_every, now)
        self._journal.happened("intervention closed", intervention=intervention.intervention_id)

    async def _seal(self) -> None:
        async with self._store.writing() as tx:
            checkpoint = await record.seal(tx, self._key, clock.now())
        if checkpoint:
            self._journal.happened("record sealed", entries=checkpoint.size, root=checkpoint.root.hex())

    async def _forget(self) -> None:
        async with self._store.writing() as tx:
            await nonces.forget(tx, clock.now())
            await messages.forget(tx, clock.now())

    async def _tell_what_was_left_out(self) -> None:
        self._journal.minute()

    async def _warn(self) -> None:
        try:
            self._look_at_certificates(clock.now())
        except CertificateError as error:
            self._journal.trouble("certificate", str(error))

    def _look_at_certificates(self, now: datetime) -> None:
        """Raises `CertificateError` for an expired one (r516); one that will be soon is told."""
        for chain in self._settings.chains:
            found = describe(chain, now)
            if found.days_left < 0:
                raise CertificateError(f"{chain} has expired: no traffic with it")
            if found.warning:
                self._journal.trouble("certificate", f"{chain} {found.warning}")


async def serve(settings: Settings, journal: Journal) -> None:
    """Run until cancelled."""
    async with Server(settings, journal) as server:
        journal.happened("serving", host=settings.host, port=server.port, vtn_id=settings.terms.vtn_id)
        await asyncio.Event().wait()
