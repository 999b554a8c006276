"""What the log sets aside, which of its keys signs nothing more, and which copies are looked for once more."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("log_head", sa.Column("ended_key", sa.Text(), nullable=True))
    op.add_column("entries", sa.Column("set_aside_at", sa.BigInteger(), nullable=True))
    op.add_column("copies", sa.Column("look_again_by", sa.BigInteger(), nullable=True))
    for name, table, column, condition in (
        ("ix_entries_set_aside", "entries", "id", "set_aside_at IS NOT NULL"),
        ("ix_copies_look_again", "copies", "look_again_by", "look_again_by IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
