"""The log's public key, for tiers that show receipts and have no key to sign with. Whoever signs writes it at start."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installation", sa.Column("log_key", sa.String(length=400), nullable=True))
