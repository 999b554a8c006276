"""Whom the link that is good now was told of. Who was told before this is told once more, rather than not at all."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("exits", sa.Column("told", sa.JSON(), nullable=False, server_default="{}"))
