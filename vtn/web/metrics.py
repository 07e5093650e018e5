"""What can be measured of a running server, as one table: name, meaning, and all values of all labels.

A site is never a label, nor is anything that is said by one: its numbers are in the store, for whoever may see them.
"""

from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from oadr.charging.compliance import Acted
from oadr.wire.errors import ResponseCode
from oadr.wire.messages.common import OptType
from oadr.wire.messages.registration import ServiceName
from vtn.model.opt import REASONS
from vtn.store.figures import Standing
from vtn.web.admission import Kind
from vtn.web.meters import Count, Level, Meter, Spans

QUANTILES: Final = (0.5, 0.9, 0.99, 1.0)
_SERVICES: Final = tuple(ServiceName)
_STATUSES: Final = (400, 403, 404, 406, 408, 413, 415, 500, 501, 503)
_QUICK: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_PATIENT: Final = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
_LAG: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Result(StrEnum):
    """Of one request."""

    __hash__ = str.__hash__  # an enum's own is Python, and each request is counted

    NOTHING = "nothing"
    """A poll, and there was nothing for it."""
    MAIL = "mail"
    """A poll that was handed something."""
    ANSWERED = "answered"
    REFUSED = "refused"
    """By OpenADR's own answer, or by a status below 500."""
    LATER = "later"
    """503: the store was away or slow, or others came first."""
    FAILED = "failed"
    """A fault of ours."""


class Cause(StrEnum):
    """Why a connection was cut off, beside the statuses and OpenADR's codes that refuse a request."""

    SLOW_HEAD = "slow_head"
    NO_CERTIFICATE = "no_certificate"
    REVOKED = "revoked"
    NO_SITE_ANY_MORE = "no_site_any_more"


class Metrics:
    """The meters of one server, and of no other in this process (P13)."""

    def __init__(self) -> None:
        services = {"service": _SERVICES}
        causes = (
            *(f"http_{status}" for status in _STATUSES),
            *(f"openadr_{code}" for code in ResponseCode if code is not ResponseCode.OK),
            *Cause,
        )
        self.requests = Count(
            "vtn_requests_total",
            "Requests by service and by what came of them; of polls, nothing and mail.",
            services | {"result": tuple(Result)},
        )
        self.request_seconds = Spans(
            "vtn_request_seconds", "From the head of a request to its answer.", _QUICK, services
        )
        self.refusals = Count(
            "vtn_refusals_total",
            "What was refused, by HTTP status, OpenADR code, or why a connection was cut off.",
            {"cause": causes},
        )
        self.admissions = Count(
            "vtn_admissions_total",
            "What returning sites asked, and whether they were let in or told to come later (VT06).",
            {"kind": tuple(Kind), "verdict": ("in", "later")},
        )
        self.connections = Level("vtn_connections", "Connections that are open to the OpenADR port.")
        self.sites = Level(
            "vtn_sites",
            "Sites: without an approved certificate, approved only, registered and online, or silent.",
            {"state": tuple(Standing)},
        )
        self.contact = Level(
            "vtn_contact_age_seconds",
            "Since the last contact of the registered sites; quantile 1 is the longest silence.",
            {"quantile": tuple(f"{share:g}" for share in QUANTILES)},
        )
        self.answers = Count(
            "vtn_event_answers_total",
            "Answers to the newest modification of an event, since this process started.",
            {"opt": tuple(OptType)},
        )
        self.answer_seconds = Spans(
            "vtn_event_answer_seconds",
            "From an order, its change or its cancellation to a site's answer.",
            _PATIENT,
        )
        self.undelivered = Level(
            "vtn_oldest_undelivered_seconds",
            "Age of the oldest order, change or cancellation that is due and that a registered site has not"
            " answered; 0: there is none.",
        )
        self.opts = Level(
            "vtn_opts",
            "Opts that stand, by their reason as it goes into the record.",
            {"reason": tuple(sorted(REASONS))},
        )
        self.judged = Count(
            "vtn_chargepoints_judged_total",
            "Chargepoints in interventions that were closed, by what their meters said.",
            {"verdict": tuple(Acted)},
        )
        self.compliance = Level(
            "vtn_compliance_ratio", "Of the measured time of the intervention that was closed last, 0 to 1."
        )
        self.certificates = Level(
            "vtn_certificate_days_left",
            "Until our own certificates, the authority of the sites and the list of revoked ones run out.",
            {"certificate": ("rsa", "ecc", "trust", "crl")},
        )
        self.places = Level(
            "vtn_store_places",
            "Answers that are at the store, and those that wait for a place there (VT07).",
            {"kind": ("urgent", "others"), "state": ("taken", "waiting")},
        )
        self.store_up = Level("vtn_store_up", "1 if the store answered when it was asked last, otherwise 0.")
        self.figures_age = Level(
            "vtn_figures_age_seconds", "Since sites, contacts, opts and orders were counted in the store."
        )
        self.free_bytes = Level("vtn_disk_free_bytes", "Free on the disk of the state.")
        self.lag = Spans(
            "vtn_loop_lag_seconds", "How much later than asked for the event loop woke up.", _LAG
        )
        self.ready = Level("vtn_ready", "What /readyz says: 1 or 0.")
        self.table: Final = tuple(one for one in vars(self).values() if isinstance(one, Meter))
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Table(self.table))

    def text(self) -> bytes:
        """As Prometheus reads it."""
        return generate_latest(self._registry)


class _Table(Collector):
    def __init__(self, table: tuple[Meter, ...]) -> None:
        self._table = table

    def collect(self) -> list[Metric]:
        return [meter.family() for meter in self._table]


def described() -> str:
    """The table in Markdown, for a page."""
    rows = ("| metric | kind | labels | says |", "| --- | --- | --- | --- |")
    found = (f"| `{one.name}` | {one.kind} | {_labels(one)} | {one.says} |" for one in Metrics().table)
    return "\n".join((*rows, *found)) + "\n"


def _labels(meter: Meter) -> str:
    return "; ".join(f"{name}: {', '.join(values)}" for name, values in meter.labels.items())
