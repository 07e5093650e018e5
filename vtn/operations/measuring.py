"""Puts numbers on the meters: what must be asked of the store now and then, what is in memory when somebody looks."""

import shutil
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from vtn.assess.outcome import Outcome
from vtn.store import figures
from vtn.store.engine import Store
from vtn.web.budget import Budget
from vtn.web.connections import Connections
from vtn.web.metrics import QUANTILES, Metrics

LATEST: Final = timedelta(seconds=5)
"""Answers are counted so much later: one that was dated before may be committed after."""


class Measuring:
    def __init__(self, metrics: Metrics, connections: Connections, budget: Budget, now: datetime) -> None:
        self._metrics = metrics
        self._connections = connections
        self._budget = budget
        self._answered_until = now
        self._counted_at: float | None = None

    async def count(self, store: Store, online_for: timedelta, now: datetime, at: float) -> None:
        """Ask the store. Raises `StoreAway`."""
        meters = self._metrics
        until = max(now - LATEST, self._answered_until)
        async with store.reading() as tx:
            standings = await figures.standings(tx, now - online_for)
            silences = await figures.silences(tx, QUANTILES, now)
            opts = await figures.standing_opts(tx)
            undelivered = await figures.oldest_undelivered(tx, now)
            answers = await figures.answers(tx, self._answered_until, until)
        meters.sites.replace({each.value: count for each, count in standings.items()})
        meters.contact.replace({f"{share:g}": one.total_seconds() for share, one in silences.items()})
        meters.opts.replace(opts)
        meters.undelivered.set(undelivered.total_seconds())
        for one in answers:
            meters.answers.add(one.opt)
            meters.answer_seconds.took(one.after.total_seconds())
        self._answered_until, self._counted_at = until, at

    def closed(self, found: Outcome) -> None:
        """An intervention is over, and this came of it."""
        acted = Counter(one.compliance.acted for one in found.results if one.compliance)
        for each, count in acted.items():
            self._metrics.judged.add(each, by=count)
        if found.summary.compliance_percent is not None:
            self._metrics.compliance.set(float(found.summary.compliance_percent) / 100)

    def disk(self, state: Path) -> int:
        """Bytes that are free there. Raises `OSError`."""
        free = shutil.disk_usage(state).free
        self._metrics.free_bytes.set(free)
        return free

    def look(
        self, ends: Mapping[str, datetime], troubles: Mapping[str, str], now: datetime, at: float
    ) -> None:
        """What is in memory."""
        meters = self._metrics
        meters.connections.set(self._connections.count)
        for cause, count in self._connections.cut_off.items():
            meters.refusals.add(cause, by=count)
        self._connections.cut_off.clear()
        for kind, places in (("urgent", self._budget.urgent), ("others", self._budget.others)):
            meters.places.set(places.taken, kind, "taken")
            meters.places.set(places.waiting, kind, "waiting")
        meters.certificates.replace({name: (end - now) / timedelta(days=1) for name, end in ends.items()})
        meters.store_up.set(0 if "store" in troubles else 1)
        meters.ready.set(0 if troubles else 1)
        meters.figures_age.set(None if self._counted_at is None else at - self._counted_at)
