"""What follows where the key of a live verification is gone without anybody having shredded it.

Nothing that was sealed to it will ever open, and nothing that is still sent to it could be read. So the verification
ends: cancelled, for the reason `key_lost`, and the customer is told to ask for a new link (docs/decisions/0023).

Guarantees: ended only where the key store, which carries our mark, was asked and had no key; a store that does not
answer ends nothing. Its documents are disposed of as ever, with deletion receipts; no law keeps what nobody can open.
Leaves to others: looking (`verifier.disposal.sweep`, and whoever finds no key when they open something).
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.ids import VerificationId
from verifier.meters import get_meters
from verifier.telemetry import get_log
from verifier.vault.errors import KeyMissingError
from verifier.vault.key_store import KeyStore
from verifier.vault.service import Vault
from verifier.verifications.life import KEY_LOST, VerificationState, is_terminal
from verifier.verifications.moves import lock_verification, move, select_live
from verifier.verifications.tables import VerificationKeyRow

_WORKER: Final = "worker"


def read_live_keys(session: Session) -> Sequence[VerificationId]:
    """The verifications whose key must be there."""
    query = select(VerificationKeyRow.verification_id).where(
        VerificationKeyRow.verification_id.in_(select_live()), VerificationKeyRow.shred_by.is_(None)
    )
    return session.scalars(query.order_by(VerificationKeyRow.verification_id)).all()


def find_lost(database: Database, keys: KeyStore) -> list[VerificationId]:
    """The live verifications of whose key the store has no record. Raises `StoreUnavailableError`."""
    with database.read() as session:
        live = read_live_keys(session)
    # Asked after the rows were read: a record is there before its row, and goes after its end.
    present = set(keys.list())
    return [each for each in live if each not in present and keys.is_absent(each)]


def end_lost(database: Database, clock: Clock, verification: VerificationId) -> bool:
    """End a verification whose key was not found; `False` where it had ended, and its key went because of that."""
    with database.write() as session:
        row = lock_verification(session, verification)
        now = clock.now(session)
        if is_terminal(row.state):
            return False
        move(session, now, row, to=VerificationState.CANCELLED, actor=_WORKER, reasons=[KEY_LOST])
    get_log().error("key.lost", verification=verification)
    get_meters().count_lost_key()
    return True


def end_if_lost(database: Database, clock: Clock, vault: Vault, verification: VerificationId) -> bool:
    """For whoever found no key when they opened something: look again, and end it. Raises `StoreUnavailableError`."""
    try:
        vault.open_keys(verification)
    except KeyMissingError:
        return end_lost(database, clock, verification)
    return False
