"""What writers of one thing wait at where no row stands for it yet; on SQLite every writer waits for every other.

On PostgreSQL two transactions at once see neither what the other has inserted nor that it is about to. Whoever must
first look and then insert takes a name for the rest of the transaction, or inserts and sees who was first.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from verifier.db.base import Base, table_of

_TAKE_NAME: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def lock_name(session: Session, *parts: str) -> None:
    """Wait until no other transaction holds this name, and hold it until this one ends.

    What is read after it shows what the last holder committed. Take a verification's lock before any name.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_TAKE_NAME, {"name": "/".join(parts)})


def put_in_place(session: Session, rows: type[Base], values: Mapping[str, object]) -> None:
    """Insert a row, or give the one under its key these values. Reads nothing of what stands there."""
    table = table_of(rows)
    keys = [column.name for column in table.primary_key]
    changed = {name: value for name, value in values.items() if name not in keys}
    if session.get_bind().dialect.name == "postgresql":
        session.execute(postgresql.insert(table).values(values).on_conflict_do_update(table.primary_key, set_=changed))
    else:
        session.execute(sqlite.insert(table).values(values).on_conflict_do_update(table.primary_key, set_=changed))


def insert_once(session: Session, rows: type[Base], values: Mapping[str, object]) -> bool:
    """Insert a row unless one stands under its key; whether it was inserted.

    Waits for whoever is inserting it right now: where the answer is no, theirs is committed and can be read.
    """
    table = table_of(rows)
    if session.get_bind().dialect.name == "postgresql":
        inserted = session.execute(postgresql.insert(table).values(values).on_conflict_do_nothing())
    else:
        inserted = session.execute(sqlite.insert(table).values(values).on_conflict_do_nothing())
    return bool(inserted.rowcount)  # type: ignore[attr-defined]  # an insert's result counts its rows
