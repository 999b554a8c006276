"""The exit for whoever did not ask: a link in the notice to the other registered contact point.

The token is derived by the staff tier when the verification is created; the row holds its digest, and the token sealed
for the worker that writes the notice. So neither the database nor the tier that faces the customer can make one.
Guarantees: a GET changes nothing; the POST ends the verification as "not me" and alarms, once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.contacts.errors import UnknownExitError
from verifier.contacts.sealing import seal, unseal
from verifier.contacts.tables import ExitRow
from verifier.ids import NoticeId, VerificationId
from verifier.vault.keys import PrivateKey
from verifier.vault.service import Vault
from verifier.verifications.life import VerificationState, is_terminal
from verifier.verifications.links import digest_token
from verifier.verifications.moves import get_verification, lock_verification, move
from verifier.verifications.tables import VerificationRow

NOT_ME: Final = "not_me"
_NAME: Final = "exit"


def keep_exit(session: Session, vault: Vault, verification: VerificationId, *, token: str) -> None:
    """Keep the exit of a new verification."""
    sealed = seal(session, vault, verification, name=_NAME, data=token.encode("ascii"))
    session.add(ExitRow(token_digest=digest_token(token), verification_id=verification, sealed=sealed))


def open_exit(private_key: PrivateKey, vault: Vault, row: ExitRow) -> str | None:
    if row.sealed is None:
        return None
    return unseal(private_key, vault, row.verification_id, name=_NAME, sealed=row.sealed).decode("ascii")


def read_told(session: Session, verification: VerificationId) -> Mapping[str, NoticeId]:
    """The notice that told each channel of the link that is good now."""
    told = session.scalar(select(ExitRow.told).where(ExitRow.verification_id == verification))
    return told or {}


def get_exit_verification(session: Session, token: str) -> VerificationRow:
    """The verification that an exit ends. Changes nothing.

    Raises:
        UnknownExitError
    """
    found = session.get(ExitRow, digest_token(token))
    if found is None:
        raise UnknownExitError
    return get_verification(session, found.verification_id)


def leave(session: Session, now: datetime, token: str) -> VerificationRow:
    """End the verification as one that its account's owner did not ask for. Pressed twice, it counts once.

    Where it has ended otherwise, nothing can be undone here; but it is logged, and the desk sees that its owner says
    so: an approval that they did not ask for is what they have to know of most.

    Raises:
        UnknownExitError
    """
    row = lock_verification(session, get_exit_verification(session, token).id)
    found = session.get_one(ExitRow, digest_token(token), populate_existing=True)  # somebody may have been first
    if found.used_at is not None and is_terminal(row.state):
        return row
    record(session, now, EntryKind.EXIT_USED, {"verification": row.id, "state": row.state})
    if not is_terminal(row.state):  # whatever the row says of having been used: it ends what lives
        move(session, now, row, to=VerificationState.WITHDRAWN, actor="customer", reasons=[NOT_ME])
    if found.used_at is None:
        found.used_at = now  # last: the database takes it for what has ended only
    return row
