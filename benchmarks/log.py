"""The log at size: append, export, verify and prove, each beside something comparable in the same run.

`python benchmarks/log.py --entries 1000000` (about five minutes); prints one line a figure.
"""

import argparse
import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import insert, select

from verifier import ids
from verifier.audit.catalogue import EntryKind
from verifier.audit.export import export_lines
from verifier.audit.offline import verify_export_file
from verifier.audit.proofs import get_consistency, get_inclusion
from verifier.audit.publish import FolderPublisher
from verifier.audit.sequencer import Sequencer
from verifier.audit.service import record
from verifier.audit.tables import EntryRow
from verifier.db.base import Base
from verifier.db.clock import DatabaseClock
from verifier.db.engine import Database, open_sqlite
from verifier.translog.checkpoint import LogSigner
from verifier.translog.merkle import EMPTY_ROOT, hash_leaf, hash_node

_PER_TRANSACTION: Final = 100
_PROOFS: Final = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    entries: int = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), entries)


def run(folder: Path, entries: int) -> None:
    database, plain = open_log(folder / "log.db"), open_log(folder / "plain.db")
    signer = LogSigner.generate("benchmark.example/log")
    sequencer = Sequencer(database, DatabaseClock(), signer, FolderPublisher(folder / "published"))

    print(f"{entries:,} entries, {_PER_TRANSACTION} a transaction")
    written = measure(lambda: write(database, entries))
    print_rate("written to the log", entries, written)
    sequenced = measure(sequencer.run_once)
    print_rate("sequenced, signed and published", entries, sequenced)
    leaves = read_leaves(database)
    bare = measure(lambda: write_bare(plain, leaves))
    print_rate("beside it: the same bytes into a bare row", entries, bare)
    print_rate("append, both together", entries, written + sequenced, beside=bare)

    key = signer.verifier.to_text()
    file = folder / "export.jsonl"
    print_rate("exported", entries, measure(lambda: write_file(database, file, key)))
    print(f"{'the exported file':<48}{file.stat().st_size / 1e6:>12,.1f} MB")
    hashed = measure(lambda: compute_root_plainly(leaves))
    print_rate("beside it: hashing leaves and nodes only", entries, hashed)
    whole = measure(lambda: hashlib.sha256(file.read_bytes()).digest())
    print_rate("beside it: SHA-256 of the file", entries, whole)
    verified = measure(lambda: verify_export_file(file, log_key=key, since_checkpoint=None))
    print_rate("verified, every line and the tree", entries, verified, beside=hashed)
    prove(database, entries, naive=hashed)
    for each in (database, plain):
        each.close()


def open_log(path: Path) -> Database:
    database = open_sqlite(path)
    Base.metadata.create_all(database.engine, tables=[Base.metadata.tables[name] for name in TABLES])
    return database


TABLES: Final = ("entries", "log_head", "log_tiles")


def write(database: Database, entries: int) -> None:
    actor = ids.new_staff_id()
    for begin in range(0, entries, _PER_TRANSACTION):
        with database.write() as session:
            verification, document, now = ids.new_verification_id(), ids.new_document_id(), datetime.now(UTC)
            for page in range(1, min(_PER_TRANSACTION, entries - begin) + 1):
                record(
                    session,
                    now,
                    EntryKind.PAGE_VIEWED,
                    {"verification": verification, "document": document, "page": page, "actor": actor},
                )


def read_leaves(database: Database) -> list[bytes]:
    with database.read() as session:
        return list(session.scalars(select(EntryRow.leaf).order_by(EntryRow.log_index)))


def write_bare(database: Database, leaves: list[bytes]) -> None:
    """The least that could be called a log: the bytes in rows, one statement an entry, without checks or a tree."""
    statement = insert(EntryRow.__table__)  # type: ignore[arg-type]  # the table behind the class
    now = datetime.now(UTC)
    for begin in range(0, len(leaves), _PER_TRANSACTION):
        with database.write() as session:
            connection = session.connection()
            for leaf in leaves[begin : begin + _PER_TRANSACTION]:
                connection.execute(statement, {"kind": "bare", "recorded_at": now, "leaf": leaf})


def write_file(database: Database, file: Path, key: str) -> None:
    with file.open("wb") as out:
        out.writelines(export_lines(database, log_key=key))


def compute_root_plainly(leaves: list[bytes]) -> bytes:
    """The whole tree, row by row: what every proof would cost without tiles."""
    row = [hash_leaf(leaf) for leaf in leaves]
    while len(row) > 1:
        odd = row[len(row) & ~1 :]
        row = [hash_node(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)] + odd
    return row[0] if row else EMPTY_ROOT


def prove(database: Database, entries: int, *, naive: float) -> None:
    chosen = random.Random(1)
    inclusion, consistency = [], []
    for _ in range(_PROOFS):
        index, old = chosen.randrange(entries), chosen.randrange(1, entries + 1)
        with database.read() as session:
            inclusion.append(measure(partial(get_inclusion, session, index, entries)))
            consistency.append(measure(partial(get_consistency, session, old, entries)))
    for name, times in (("inclusion proof", inclusion), ("consistency proof", consistency)):
        times.sort()
        middle, late = statistics.median(times), times[int(len(times) * 0.99)]
        print(f"{name:<48}{middle * 1e3:>12,.2f} ms p50{late * 1e3:>10,.2f} ms p99, from tiles")
    print(f"{'beside it: hashing the whole tree':<48}{naive * 1e3:>12,.2f} ms")


def measure(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def print_rate(name: str, entries: int, seconds: float, *, beside: float | None = None) -> None:
    ratio = "" if beside is None else f"   {seconds / beside:.2f} × the time beside it"
    print(f"{name:<48}{entries / seconds:>12,.0f} /s{seconds:>10.2f} s{ratio}")


if __name__ == "__main__":
    main()
