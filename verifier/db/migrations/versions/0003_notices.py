"""The outbox of notices, and how often something was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_notices()
    _create_send_counts()


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.Enum("email", "sms", name="channel", native_enum=False, length=16), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("code", "opened_elsewhere", name="noticekind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("send_by", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "failure",
            sa.Enum(
                "refused",
                "unreachable",
                "unanswered",
                "unreadable",
                "not_offered",
                "dropped",
                name="failure",
                native_enum=False,
                length=16,
            ),
            nullable=True,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notices_due",
            ["not_before"],
            unique=False,
            sqlite_where=sa.text("sent_at IS NULL AND failed_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND failed_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_notices_verification_id"), ["verification_id"], unique=False)


def _create_send_counts() -> None:
    op.create_table(
        "send_counts",
        sa.Column("subject_digest", sa.String(length=64), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("forget_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject_digest", name=op.f("pk_send_counts")),
    )
    with op.batch_alter_table("send_counts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_send_counts_forget_at"), ["forget_at"], unique=False)
