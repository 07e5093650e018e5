"""The tables, one text for every database. Times are UTC; quantities are whole milli-units or decimal text."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
ESCAPED: Final = re.compile(r"\\([0\\])")


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime as microseconds since 1970: no database's own idea of time zones is involved."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return None if value is None else EPOCH + value * MICROSECOND


class Anything(TypeDecorator[str]):
    """Text of anybody's making: PostgreSQL keeps every character but one, which is written in two others here."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        return None if value is None else value.replace("\\", "\\\\").replace("\0", "\\0")

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        return None if value is None else ESCAPED.sub(lambda found: "\0" if found[1] == "0" else "\\", value)


metadata = MetaData()

feeders = Table(
    "feeders",
    metadata,
    Column("feeder_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("rating_watts", BigInteger),
    Column("substation", String, nullable=False, server_default=""),
)

sites = Table(
    "sites",
    metadata,
    Column("ven_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("certificate", String, unique=True),
    Column("pseudonym", String, nullable=False, unique=True),
    Column("signatures", String),
    Column("last_seen", Moment),
    Column("record_last", Integer),
)

nonces = Table(
    "nonces",
    metadata,
    Column("ven_id", ForeignKey("sites.ven_id"), primary_key=True),
    Column("nonce", String, primary_key=True),
    Column("expires_at", Moment, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""Of signed messages that have had their effect."""

messages = Table(
    "messages",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("ven_id", ForeignKey("sites.ven_id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("direction", String, nullable=False),
    Column("service", String, nullable=False),
    Column("message", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("xml", Anything, nullable=False),
)
"""The last ones of the sites of which they are kept."""

chargepoints = Table(
    "chargepoints",
    metadata,
    Column("resource_id", String, primary_key=True),
    Column("ven_id", ForeignKey("sites.ven_id"), nullable=False, index=True),
    Column("feeder_id", ForeignKey("feeders.feeder_id"), nullable=False, index=True),
    Column("rated_amps", String, nullable=False),
    Column("phases", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("pseudonym", String, nullable=False, unique=True),
)

registrations = Table(
    "registrations",
    metadata,
    Column("ven_id", ForeignKey("sites.ven_id"), primary_key=True),
    Column("registration_id", String, nullable=False, unique=True),
    Column("request_id", String, nullable=False),
    Column("registered_at", Moment, nullable=False),
    Column("ven_name", String, nullable=False),
    Column("greeted", Boolean, nullable=False),
    Column("offered", Boolean, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("account", String, nullable=False, unique=True),
    Column("roles", String),
)
"""Whoever has done something, by pseudonym. `account` is how the system knows them; no name is kept."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("person_id", ForeignKey("people.person_id"), nullable=False),
    Column("scopes", String, nullable=False),
    Column("label", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
)
"""Of the REST API; a secret itself is kept nowhere."""

interventions = Table(
    "interventions",
    metadata,
    Column("intervention_id", String, primary_key=True),
    Column("programme", String),
    Column("percent", String),
    Column("written", LargeBinary),
    Column("start", Moment, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("randomise_ms", BigInteger),
    Column("reason", String, nullable=False),
    Column("ordered_by", String, nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("ordered_at", Moment, nullable=False),
    Column("cancelled_at", Moment),
    Column("cancel_reason", String),
    Column("outcome_at", Moment),
    Column("raised", Integer, nullable=False, server_default="0"),
    Column("released_by", ForeignKey("people.person_id")),
    Column("second", ForeignKey("people.person_id")),
    Column("broke_glass", String),
)

superseded = Table(
    "superseded",
    metadata,
    Column("intervention_id", ForeignKey("interventions.intervention_id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("reason", String, nullable=False),
    Column("changed_by", String, nullable=False),
    Column("percent", String),
    Column("written", LargeBinary),
    Column("start", Moment, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("randomise_ms", BigInteger),
)
"""What an order was before each of its changes."""

proposals = Table(
    "proposals",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("amends", ForeignKey("interventions.intervention_id")),
    Column("modification_number", Integer),
    Column("programme", String),
    Column("percent", String),
    Column("written", LargeBinary),
    Column("start", Moment, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("randomise_ms", BigInteger),
    Column("reason", String, nullable=False),
    Column("ordered_by", String, nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("digest", String, nullable=False),
    Column("author", ForeignKey("people.person_id"), nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("stood", String, nullable=False),
    Column("reasons", String, nullable=False),
    Column("decided_by", ForeignKey("people.person_id")),
    Column("decided_at", Moment),
    Column("decision", String),
    Column("broke_glass", Boolean, nullable=False),
    Column("became", ForeignKey("interventions.intervention_id")),
    sqlite_autoincrement=True,
)
"""Orders, and changes of orders, on their way to be released, and how that ended."""

proposal_feeders = Table(
    "proposal_feeders",
    metadata,
    Column("number", ForeignKey("proposals.number"), primary_key=True),
    Column("feeder_id", ForeignKey("feeders.feeder_id"), primary_key=True),
)

request_keys = Table(
    "request_keys",
    metadata,
    Column("person_id", ForeignKey("people.person_id"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("intervention_id", ForeignKey("interventions.intervention_id")),
    Column("number", ForeignKey("proposals.number")),
)
"""What came of each request that brought a key of its own, so that a repeated one has the same answer."""

halts = Table(
    "halts",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("feeder_id", ForeignKey("feeders.feeder_id")),
    Column("programme", String),
    Column("since", Moment, nullable=False),
    Column("by", ForeignKey("people.person_id"), nullable=False),
    Column("reason", String, nullable=False),
    Column("lifted_at", Moment),
    Column("lifted_by", ForeignKey("people.person_id")),
    sqlite_autoincrement=True,
)
"""The kill switch: what was pulled, and whether it was lifted."""

release_rules = Table(
    "release_rules",
    metadata,
    Column("only", Integer, primary_key=True),
    Column("above_watts", BigInteger, nullable=False),
    Column("above_sites", BigInteger, nullable=False),
    Column("most_half_hours", Integer, nullable=False),
)
"""What one person may do alone, as it was last let hold."""

alarms = Table(
    "alarms",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", String, nullable=False),
    Column("why", String, nullable=False),
    Column("told_at", Moment),
    sqlite_autoincrement=True,
)
"""What the server's log is still to shout."""

intervention_feeders = Table(
    "intervention_feeders",
    metadata,
    Column("intervention_id", ForeignKey("interventions.intervention_id"), primary_key=True),
    Column("feeder_id", ForeignKey("feeders.feeder_id"), primary_key=True),
)

events = Table(
    "events",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("intervention_id", ForeignKey("interventions.intervention_id"), nullable=False, index=True),
    Column("ven_id", ForeignKey("sites.ven_id"), nullable=False, index=True),
    Column("modification_number", Integer, nullable=False),
    Column("is_whole_site", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("offered_at", Moment),
    Column("handed_out", Boolean, nullable=False),
    Column("answered_modification", Integer),
    Column("answered_at", Moment),
    Column("opt", String),
    Column("code", String),
    Column("order_modification", Integer),
    Column("order_answered_at", Moment),
    Column("order_opt", String),
    Column("order_code", String),
    UniqueConstraint("intervention_id", "ven_id"),
)

event_resources = Table(
    "event_resources",
    metadata,
    Column("event_id", ForeignKey("events.event_id"), primary_key=True),
    Column("resource_id", ForeignKey("chargepoints.resource_id"), primary_key=True),
)

report_points = Table(
    "report_points",
    metadata,
    Column("ven_id", ForeignKey("sites.ven_id"), primary_key=True),
    Column("specifier_id", String, primary_key=True),
    Column("r_id", String, primary_key=True),
    Column("reading_type", String, nullable=False),
    Column("resource_id", String),
    Column("is_whole_site", Boolean, nullable=False),
    Column("quantity", String),
    Column("factor", String, nullable=False),
    Column("shortest_ms", BigInteger),
    Column("longest_ms", BigInteger),
    Column("on_change", Boolean),
)

report_orders = Table(
    "report_orders",
    metadata,
    Column("report_request_id", String, primary_key=True),
    Column("ven_id", ForeignKey("sites.ven_id"), nullable=False, index=True),
    Column("specifier_id", String, nullable=False),
    Column("granularity_ms", BigInteger, nullable=False),
    Column("report_back_ms", BigInteger, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("cancel_id", String),
    Column("replaces", String),
)

offer_requests = Table(
    "offer_requests",
    metadata,
    Column("ven_id", ForeignKey("sites.ven_id"), primary_key=True),
    Column("report_request_id", String, primary_key=True),
    Column("request_id", String, nullable=False),
    Column("asked_at", Moment, nullable=False),
)

states = Table(
    "states",
    metadata,
    Column("resource_id", ForeignKey("chargepoints.resource_id"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("online", Boolean, nullable=False),
    Column("overridden", Boolean, nullable=False),
    Column("share", String),
)
"""How each chargepoint stood when it last said so."""

wishes = Table(
    "wishes",
    metadata,
    Column("ven_id", ForeignKey("sites.ven_id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("request_id", String, nullable=False),
    Column("since", Moment, nullable=False),
)

opts = Table(
    "opts",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("opt_id", String, nullable=False),
    Column("ven_id", ForeignKey("sites.ven_id"), nullable=False, index=True),
    Column("opt", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("event_id", ForeignKey("events.event_id"), index=True),
    Column("programme", String),
    Column("is_whole_site", Boolean, nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("cancelled_at", Moment),
    sqlite_autoincrement=True,
)

opt_resources = Table(
    "opt_resources",
    metadata,
    Column("number", ForeignKey("opts.number"), primary_key=True),
    Column("resource_id", ForeignKey("chargepoints.resource_id"), primary_key=True),
)

opt_periods = Table(
    "opt_periods",
    metadata,
    Column("number", ForeignKey("opts.number"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("start", Moment, nullable=False),
    Column("end", Moment),
)

readings = Table(
    "readings",
    metadata,
    Column("resource_id", String, primary_key=True),
    Column("quantity", String, primary_key=True),
    Column("at", Moment, primary_key=True),
    Column("value", String, nullable=False),
    Index("readings_by_time", "at"),
    sqlite_with_rowid=False,
)

totals = Table(
    "totals",
    metadata,
    Column("ven_id", ForeignKey("sites.ven_id"), primary_key=True),
    Column("quantity", String, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("value", String, nullable=False),
)
"""What all chargepoints of a site drew when it last said so, where it does not tell them apart."""

log = Table(
    "log",
    metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("entry", LargeBinary, nullable=False),
)

log_head = Table(
    "log_head",
    metadata,
    Column("only", Integer, primary_key=True),
    Column("head", LargeBinary, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True),
    Column("checkpoint", LargeBinary, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("only", Integer, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""One number that grows whenever another process may have changed who has mail or who may call."""
