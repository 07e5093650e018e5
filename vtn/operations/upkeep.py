"""What a running server does for its own sake: it looks at clock, disk, certificates and meters, and draws conclusions.

every quarter second  how late the loop wakes up
every half second     is the clock right?
every few seconds     is there disk left; have certificates, trust or revocations changed?
every quarter minute  the meters that the store has to be asked for
every day             certificates that soon run out are told
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Final

from certs import CertificateError
from vtn import clock
from vtn.assess.preview import Freshness
from vtn.config import Settings
from vtn.operations import timekeeping
from vtn.operations.health import Health
from vtn.operations.measuring import Measuring
from vtn.operations.timekeeping import Timekeeper
from vtn.store.engine import Store
from vtn.web.connections import Connections
from vtn.web.journal import Journal
from vtn.web.listener import Listener
from vtn.web.metrics import Metrics
from vtn.web.openadr import Endpoint
from vtn.web.operations import OperationsPort
from vtn.web.renewal import Credentials, Files, Stamp

FEEL_EVERY: Final = timedelta(seconds=0.25)
CLOCK_EVERY: Final = timedelta(seconds=0.5)
RENEW_EVERY: Final = timedelta(seconds=2)
DISK_EVERY: Final = timedelta(seconds=5)
COUNT_EVERY: Final = timedelta(seconds=15)
LOOK_EVERY: Final = timedelta(days=1)
MEGABYTE: Final = 10**6

Job = Callable[[], Coroutine[None, None, None]]


class Upkeep:
    """`load` first; `attend` once there is something to look after."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self.metrics = Metrics()
        self.connections = Connections()
        self.health = Health()
        self._timekeeper = Timekeeper(settings.clock)
        self._files = Files(settings.chains, settings.trust, settings.crl, settings.tls)
        self._stamp: Stamp | None = None
        self._operations = OperationsPort(self._troubles, self._measured)

    def load(self, now: datetime) -> Credentials:
        """For the start. Raises `CertificateError`."""
        self._stamp = self._files.stamp()
        found = Credentials.load(self._files, now)
        self._take_over(found)
        return found

    async def attend(self, store: Store, endpoint: Endpoint, listener: Listener) -> None:
        """From now on these are looked after, and operations may ask.

        Limits do not depend on whether somebody can watch: a port that is taken is told, and that is all.
        """
        self._store, self._endpoint, self._listener = store, endpoint, listener
        self._measuring = Measuring(self.metrics, self.connections, endpoint.budget, clock.now())
        if (place := self._settings.operations) is not None:
            try:
                await self._operations.open(*place)
            except OSError as error:
                self._journal.trouble("operations", f"{place.host}:{place.port}: {error.strerror or error}")

    async def close(self) -> None:
        """Last of all: until then /readyz says that the server is stopping."""
        await self._operations.close()

    @property
    def jobs(self) -> tuple[tuple[timedelta, Job], ...]:
        return (
            (CLOCK_EVERY, self._keep_time),
            (RENEW_EVERY, self._renew),
            (DISK_EVERY, self._look_at_the_disk),
            (COUNT_EVERY, self._count),
            (LOOK_EVERY, self._look_again),
        )

    @property
    def operations_port(self) -> int:
        """0: it is closed."""
        return self._operations.port

    @property
    def measuring(self) -> Measuring:
        return self._measuring

    def reload(self) -> None:
        """Certificates, trust and revocations are read again in a moment, changed or not."""
        self._stamp = None

    async def feel(self) -> None:
        """How late the loop wakes up, without an end."""
        loop, span = asyncio.get_running_loop(), FEEL_EVERY.total_seconds()
        while True:
            due = loop.time() + span
            await asyncio.sleep(span)
            self.metrics.lag.took(max(loop.time() - due, 0.0))

    async def _keep_time(self) -> None:
        steady = asyncio.get_running_loop().time()
        doubt = self._timekeeper.doubt(clock.now(), steady, timekeeping.kernel())
        if doubt and not self.health.clock_trouble:
            self._journal.trouble("clock", f"{doubt}: no events go out until it can be believed")
        self.health.clock_trouble = self._endpoint.doubt = doubt

    async def _look_at_the_disk(self) -> None:
        """Telemetry goes first, so that orders and what sites say to them are kept to the end (VT08)."""
        free = await asyncio.to_thread(self._measuring.disk, self._settings.state)
        is_full = free < self._settings.disk_reserve_mb * MEGABYTE
        if is_full and not self._endpoint.admission.is_disk_full:
            self._journal.trouble("disk", f"{free // MEGABYTE} MB are left: no telemetry is taken")
        self._endpoint.admission.is_disk_full = is_full

    async def _count(self) -> None:
        terms, at = self._settings.terms, asyncio.get_running_loop().time()
        patience = Freshness.of(terms.poll_every, terms.report_every).online_for
        await self._measuring.count(self._store, patience, clock.now(), at)

    async def _look_again(self) -> None:
        self.reload()

    async def _renew(self) -> None:
        """What has changed; what cannot be read changes nothing, and is told once."""
        stamp = await asyncio.to_thread(self._files.stamp)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            found = await asyncio.to_thread(Credentials.load, self._files, clock.now())
        except CertificateError as error:
            self._journal.trouble("certificates not renewed", str(error))
            return
        await self._listener.renew(found.context, found.signers)
        self._take_over(found)
        self._journal.happened("certificates read", revoked=len(found.revoked.names))

    def _take_over(self, found: Credentials) -> None:
        self._credentials = found
        self.health.certificates_end = found.end
        self.connections.revoke(found.revoked)
        for warning in found.warnings:
            self._journal.trouble("certificate", warning)

    def _troubles(self) -> Mapping[str, str]:
        return self.health.not_ready(clock.now(), asyncio.get_running_loop().time())

    def _measured(self) -> bytes:
        now, at = clock.now(), asyncio.get_running_loop().time()
        self._measuring.look(self._credentials.ends, self._troubles(), now, at)
        return self.metrics.text()
