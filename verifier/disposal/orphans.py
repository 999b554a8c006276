"""Orphans: what lies in the stores and no row knows. One rule of what is one, for the sweep and after a restore.

The sweep takes orphans away by itself, after a day, but not when they are suddenly many: that looks like a wrong
setting. After a restore they are many, because all that came after the backup is one; only a person can tell the two
apart, and who accepted the loss has them taken away at once. Guarantees: a row is read after the store named its bytes,
and a copy's is there before its first byte, so that one that only just arrives is none; of those that are removed keys
go first, so that what is left of documents opens no more; each is seen absent, and logged. Leaves to others: that
nobody is at work when all are removed, for a new key lies in its store a moment before its row does.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from sqlalchemy import select

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.evidence.tables import CopyRow
from verifier.ids import VerificationId
from verifier.vault.objects import ObjectKey
from verifier.vault.service import Vault
from verifier.verifications.tables import VerificationKeyRow

T = TypeVar("T")


def match_objects(database: Database, vault: Vault) -> Iterator[tuple[ObjectKey, CopyRow | None]]:
    """Every copy that lies in the store, with its row; an orphan has none."""
    for item in vault.objects.list(installation=vault.installation):
        with database.read() as session:
            of = CopyRow.document_id == item.key.document, CopyRow.name == item.key.copy
            row = session.scalars(select(CopyRow).where(*of)).one_or_none()
        yield item.key, row


def match_keys(database: Database, vault: Vault) -> Iterator[tuple[VerificationId, VerificationKeyRow | None]]:
    """Every key that lies in the store, with its row; an orphan has none."""
    for verification in vault.keys.list():
        with database.read() as session:
            row = session.get(VerificationKeyRow, verification)
        yield verification, row


def find_orphans(matched: Iterable[tuple[T, object | None]]) -> list[T]:
    """Those without a row."""
    return [found for found, row in matched if row is None]


def remove_orphans(database: Database, clock: Clock, vault: Vault) -> int:
    """Remove them all; how many there were. Raises `StillPresentError`, `StoreUnavailableError`."""
    keys = find_orphans(match_keys(database, vault))
    for verification in keys:
        vault.shred(verification)
        _record(database, clock, "keys", verification)
    objects = sorted(set(find_orphans(match_objects(database, vault))))
    for key in objects:
        vault.delete_copy(key)
        _record(database, clock, "objects", key.verification)
    return len(keys) + len(objects)


def _record(database: Database, clock: Clock, store: str, verification: VerificationId) -> None:
    with database.write() as session:
        fields = {"store": store, "verification": verification}
        record(session, clock.now(session), EntryKind.ORPHAN_REMOVED, fields)
