"""Takes away at once what lies in the stores and no row knows: after a restore, when somebody accepted the loss.

The sweep takes orphans away by itself, after a day, but not when they are suddenly many: that looks like a wrong
setting. After a restore they are many, because all that came after the backup is one; only a person can tell the two
apart. Guarantees: keys go first, so that what is left of documents opens no more; each is seen absent, and logged.
"""

from sqlalchemy import select

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.evidence.tables import CopyRow
from verifier.ids import VerificationId
from verifier.vault.service import Vault
from verifier.verifications.tables import VerificationKeyRow


def remove_orphans(database: Database, clock: Clock, vault: Vault) -> int:
    """Remove them all; how many there were. Raises `StillPresentError`, `StoreUnavailableError`."""
    with database.read() as session:
        keys = set(session.scalars(select(VerificationKeyRow.verification_id)))
        copies = {(document, name) for document, name in session.execute(select(CopyRow.document_id, CopyRow.name))}
    orphan_keys = [each for each in vault.keys.list() if each not in keys]
    for verification in orphan_keys:
        vault.shred(verification)
        _record(database, clock, "keys", verification)
    found = list(vault.objects.list(installation=vault.installation))
    orphans = sorted({each.key for each in found if (each.key.document, each.key.copy) not in copies})
    for key in orphans:
        vault.delete_copy(key)
        _record(database, clock, "objects", key.verification)
    return len(orphan_keys) + len(orphans)


def _record(database: Database, clock: Clock, store: str, verification: VerificationId) -> None:
    with database.write() as session:
        fields = {"store": store, "verification": verification}
        record(session, clock.now(session), EntryKind.ORPHAN_REMOVED, fields)
