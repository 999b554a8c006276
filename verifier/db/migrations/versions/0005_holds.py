"""Holds, and what has to be known to place one: that a document was checked, that there are contact points.

Nothing that stands in an older database needs it: no policy with a hold could be used before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("data", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index(op.f("ix_holds_verification_id"), "holds", ["verification_id"])
    op.add_column("obligations", sa.Column("is_evidence", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "verifications", sa.Column("has_contact_points", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("verification_keys", sa.Column("forget_unheld_by", sa.BigInteger(), nullable=True))
    to_forget = sa.text("forget_unheld_by IS NOT NULL")
    op.create_index(
        "ix_verification_keys_to_forget_unheld",
        "verification_keys",
        ["forget_unheld_by"],
        sqlite_where=to_forget,
        postgresql_where=to_forget,
    )
