"""The tables of the first stores, which carried no mark of their revision."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("only", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "feeders",
        sa.Column("feeder_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rating_watts", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("feeder_id"),
    )
    op.create_table(
        "interventions",
        sa.Column("intervention_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=True),
        sa.Column("percent", sa.String(), nullable=True),
        sa.Column("written", sa.LargeBinary(), nullable=True),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("randomise_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.Column("outcome_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("intervention_id"),
    )
    op.create_table(
        "log",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "log_head",
        sa.Column("only", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("only"),
    )
    op.create_table(
        "readings",
        sa.Column("resource_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("resource_id", "quantity", "at"),
        sqlite_with_rowid=False,
    )
    op.create_index("readings_by_time", "readings", ["at"], unique=False)
    op.create_table(
        "sites",
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=True),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("signatures", sa.String(), nullable=True),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.Column("record_last", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("ven_id"),
        sa.UniqueConstraint("certificate"),
        sa.UniqueConstraint("pseudonym"),
    )
    op.create_table(
        "chargepoints",
        sa.Column("resource_id", sa.String(), nullable=False),
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("feeder_id", sa.String(), nullable=False),
        sa.Column("rated_amps", sa.String(), nullable=False),
        sa.Column("phases", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feeder_id"],
            ["feeders.feeder_id"],
        ),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("resource_id"),
        sa.UniqueConstraint("pseudonym"),
    )
    op.create_index(op.f("ix_chargepoints_feeder_id"), "chargepoints", ["feeder_id"], unique=False)
    op.create_index(op.f("ix_chargepoints_ven_id"), "chargepoints", ["ven_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("intervention_id", sa.String(), nullable=False),
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("modification_number", sa.Integer(), nullable=False),
        sa.Column("is_whole_site", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=True),
        sa.Column("handed_out", sa.Boolean(), nullable=False),
        sa.Column("answered_modification", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("opt", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("order_modification", sa.Integer(), nullable=True),
        sa.Column("order_answered_at", sa.BigInteger(), nullable=True),
        sa.Column("order_opt", sa.String(), nullable=True),
        sa.Column("order_code", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["intervention_id"],
            ["interventions.intervention_id"],
        ),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("event_id"),
        sa.UniqueConstraint("intervention_id", "ven_id"),
    )
    op.create_index(op.f("ix_events_intervention_id"), "events", ["intervention_id"], unique=False)
    op.create_index(op.f("ix_events_ven_id"), "events", ["ven_id"], unique=False)
    op.create_table(
        "intervention_feeders",
        sa.Column("intervention_id", sa.String(), nullable=False),
        sa.Column("feeder_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feeder_id"],
            ["feeders.feeder_id"],
        ),
        sa.ForeignKeyConstraint(
            ["intervention_id"],
            ["interventions.intervention_id"],
        ),
        sa.PrimaryKeyConstraint("intervention_id", "feeder_id"),
    )
    op.create_table(
        "messages",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("xml", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_messages_ven_id"), "messages", ["ven_id"], unique=False)
    op.create_table(
        "nonces",
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("ven_id", "nonce"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_nonces_expires_at"), "nonces", ["expires_at"], unique=False)
    op.create_table(
        "offer_requests",
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("report_request_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("ven_id", "report_request_id"),
    )
    op.create_table(
        "registrations",
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("registration_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("ven_name", sa.String(), nullable=False),
        sa.Column("greeted", sa.Boolean(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("ven_id"),
        sa.UniqueConstraint("registration_id"),
    )
    op.create_table(
        "report_orders",
        sa.Column("report_request_id", sa.String(), nullable=False),
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("specifier_id", sa.String(), nullable=False),
        sa.Column("granularity_ms", sa.BigInteger(), nullable=False),
        sa.Column("report_back_ms", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("cancel_id", sa.String(), nullable=True),
        sa.Column("replaces", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("report_request_id"),
    )
    op.create_index(op.f("ix_report_orders_ven_id"), "report_orders", ["ven_id"], unique=False)
    op.create_table(
        "report_points",
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("specifier_id", sa.String(), nullable=False),
        sa.Column("r_id", sa.String(), nullable=False),
        sa.Column("reading_type", sa.String(), nullable=False),
        sa.Column("resource_id", sa.String(), nullable=True),
        sa.Column("is_whole_site", sa.Boolean(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=True),
        sa.Column("factor", sa.String(), nullable=False),
        sa.Column("shortest_ms", sa.BigInteger(), nullable=True),
        sa.Column("longest_ms", sa.BigInteger(), nullable=True),
        sa.Column("on_change", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("ven_id", "specifier_id", "r_id"),
    )
    op.create_table(
        "superseded",
        sa.Column("intervention_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("percent", sa.String(), nullable=True),
        sa.Column("written", sa.LargeBinary(), nullable=True),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("randomise_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["intervention_id"],
            ["interventions.intervention_id"],
        ),
        sa.PrimaryKeyConstraint("intervention_id", "number"),
    )
    op.create_table(
        "totals",
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("ven_id", "quantity"),
    )
    op.create_table(
        "wishes",
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("ven_id", "kind"),
    )
    op.create_table(
        "event_resources",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("resource_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.event_id"],
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["chargepoints.resource_id"],
        ),
        sa.PrimaryKeyConstraint("event_id", "resource_id"),
    )
    op.create_table(
        "opts",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opt_id", sa.String(), nullable=False),
        sa.Column("ven_id", sa.String(), nullable=False),
        sa.Column("opt", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("programme", sa.String(), nullable=True),
        sa.Column("is_whole_site", sa.Boolean(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.event_id"],
        ),
        sa.ForeignKeyConstraint(
            ["ven_id"],
            ["sites.ven_id"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_opts_event_id"), "opts", ["event_id"], unique=False)
    op.create_index(op.f("ix_opts_ven_id"), "opts", ["ven_id"], unique=False)
    op.create_table(
        "states",
        sa.Column("resource_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("overridden", sa.Boolean(), nullable=False),
        sa.Column("share", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["chargepoints.resource_id"],
        ),
        sa.PrimaryKeyConstraint("resource_id"),
    )
    op.create_table(
        "opt_periods",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["number"],
            ["opts.number"],
        ),
        sa.PrimaryKeyConstraint("number", "place"),
    )
    op.create_table(
        "opt_resources",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["opts.number"],
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["chargepoints.resource_id"],
        ),
        sa.PrimaryKeyConstraint("number", "resource_id"),
    )
    op.bulk_insert(
        sa.table("changes", sa.column("only", sa.Integer()), sa.column("number", sa.BigInteger())),
        [{"only": 1, "number": 0}],
    )
