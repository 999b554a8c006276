"""Finding due obligations with 1,000, 100,000 and 1,000,000 disposed documents in history: flat.

Run as `python -m benchmarks.due`. Beside it, in the same run: the same question without the partial index.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from verifier.db.base import EPOCH, Base
from verifier.db.engine import Database, open_sqlite
from verifier.retention.service import Rule, lease_due
from verifier.retention.tables import ObligationRow

_SIZES = (1_000, 100_000, 1_000_000)
_NOW = EPOCH + timedelta(days=20_000)
_DUE = 20
_ROUNDS = 51


def fill(database: Database, *, first: int, last: int) -> None:
    """History: closed obligations."""
    for start in range(first, last, 50_000):
        with database.write() as session:
            session.execute(
                insert(ObligationRow),
                [
                    {
                        "copy_id": f"cpy_{number}",
                        "document_id": f"doc_{number}",
                        "verification_id": f"ver_{number}",
                        "rule": Rule.APPROVED,
                        "destroy_by": EPOCH,
                        "due_since": _NOW,
                        "closed_at": _NOW,
                        "attempts": 1,
                    }
                    for number in range(start, min(last, start + 50_000))
                ],
            )


def measure(database: Database, ask: Callable[[Session], object]) -> float:
    """Median milliseconds of a question, asked in transactions that are rolled back."""
    took = []
    for _ in range(_ROUNDS):
        with database.engine.connect() as connection, Session(connection) as session:
            begun = time.perf_counter()
            ask(session)
            took.append((time.perf_counter() - begun) * 1000)
            session.rollback()
    return statistics.median(took)


def ask_without_index(session: Session) -> object:
    """The same rows, by reading the table."""
    query = "SELECT copy_id FROM obligations NOT INDEXED WHERE closed_at IS NULL AND destroy_by <= 0 LIMIT 32"
    return session.execute(text(query)).all()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        database = open_sqlite(Path(folder) / "due.sqlite")
        Base.metadata.tables[ObligationRow.__tablename__].create(database.engine)
        with database.write() as session:
            session.execute(
                insert(ObligationRow),
                [
                    {
                        "copy_id": f"cpy_due_{number}",
                        "document_id": f"doc_due_{number}",
                        "verification_id": "ver_due",
                        "rule": Rule.APPROVED,
                        "destroy_by": EPOCH,
                        "due_since": _NOW,
                        "attempts": 0,
                    }
                    for number in range(_DUE)
                ],
            )
        filled = 0
        for size in _SIZES:
            fill(database, first=filled, last=size)
            filled = size
            ours = measure(database, lambda session: lease_due(session, _NOW, limit=32))
            plain = measure(database, ask_without_index)
            print(f"{size:9,} disposed in history: leased in {ours:6.2f} ms; by reading the table {plain:8.2f} ms")
        database.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
