"""Begins a new root key at once: for whoever fears that today's was seen.

Guarantees: from the return on, every process wraps with the new root; nothing is wrapped again, because a copy of the
old root opens what it wrapped before, whatever is written now. So the sweep destroys the old one when no record names
it. A crash after the root was made leaves a root without its entry, and the next rotation begins another.
"""

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.vault.roots import RootNumber
from verifier.vault.service import Vault


def rotate_root(database: Database, clock: Clock, vault: Vault) -> RootNumber:
    """Begin a root, and log it. Raises `TooManyRootsError`, `StoreUnavailableError`."""
    with database.read() as session:
        now = clock.now(session)
    number = vault.begin_root(now)
    with database.write() as session:
        record(session, clock.now(session), EntryKind.ROOT_KEY_BEGUN, {"root": str(number)})
    return number
