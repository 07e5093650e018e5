"""People who propose, release and halt; a substation for each feeder; modifications that a restored store raises."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("person_id"),
        sa.UniqueConstraint("account"),
    )
    op.create_table(
        "release_rules",
        sa.Column("only", sa.Integer(), nullable=False),
        sa.Column("above_watts", sa.BigInteger(), nullable=False),
        sa.Column("above_sites", sa.BigInteger(), nullable=False),
        sa.Column("most_half_hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("only"),
    )
    op.create_table(
        "halts",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("feeder_id", sa.String(), nullable=True),
        sa.Column("programme", sa.String(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["by"],
            ["people.person_id"],
        ),
        sa.ForeignKeyConstraint(
            ["feeder_id"],
            ["feeders.feeder_id"],
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by"],
            ["people.person_id"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "proposals",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("amends", sa.String(), nullable=True),
        sa.Column("modification_number", sa.Integer(), nullable=True),
        sa.Column("programme", sa.String(), nullable=True),
        sa.Column("percent", sa.String(), nullable=True),
        sa.Column("written", sa.LargeBinary(), nullable=True),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("randomise_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("stood", sa.String(), nullable=False),
        sa.Column("reasons", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("broke_glass", sa.Boolean(), nullable=False),
        sa.Column("became", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["amends"],
            ["interventions.intervention_id"],
        ),
        sa.ForeignKeyConstraint(
            ["author"],
            ["people.person_id"],
        ),
        sa.ForeignKeyConstraint(
            ["became"],
            ["interventions.intervention_id"],
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["people.person_id"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "proposal_feeders",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("feeder_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feeder_id"],
            ["feeders.feeder_id"],
        ),
        sa.ForeignKeyConstraint(
            ["number"],
            ["proposals.number"],
        ),
        sa.PrimaryKeyConstraint("number", "feeder_id"),
    )
    op.create_table(
        "request_keys",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("intervention_id", sa.String(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["intervention_id"],
            ["interventions.intervention_id"],
        ),
        sa.ForeignKeyConstraint(
            ["number"],
            ["proposals.number"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.person_id"],
        ),
        sa.PrimaryKeyConstraint("person_id", "key"),
    )
    op.add_column("feeders", sa.Column("substation", sa.String(), server_default="", nullable=False))
    op.add_column("interventions", sa.Column("raised", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "interventions",
        sa.Column("released_by", sa.String(), sa.ForeignKey("people.person_id"), nullable=True),
        inline_references=True,
    )
    op.add_column(
        "interventions",
        sa.Column("second", sa.String(), sa.ForeignKey("people.person_id"), nullable=True),
        inline_references=True,
    )
    op.add_column("interventions", sa.Column("broke_glass", sa.String(), nullable=True))
