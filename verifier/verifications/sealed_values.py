"""Small private values sealed into columns: expected values, details, notes. They die with the verification's key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from policies.retention import DataClass
from verifier.db.engine import Database
from verifier.db.locks import put_in_place
from verifier.db.prepared import Question
from verifier.ids import VerificationId
from verifier.vault.keys import PublicKey
from verifier.vault.sealing import NO_DOCUMENT, SealContext, open_bytes, seal_bytes
from verifier.vault.service import Vault
from verifier.verifications.errors import UnknownVerificationError
from verifier.verifications.tables import SealedValueRow, VerificationKeyRow

PREFIX_OF: Final = {DataClass.DETAILS: "detail.", DataClass.DOCUMENTS: "caption."}
"""What is kept with a class that is held, by its name: a caption says what a document shows, and stays with it."""

_PUBLIC_KEY: Final = Question(
    select(VerificationKeyRow.public_key).where(VerificationKeyRow.verification_id == bindparam("verification"))
)


def _context(vault: Vault, verification: VerificationId, name: str) -> SealContext:
    return SealContext(
        installation=vault.installation,
        verification=verification,
        document=NO_DOCUMENT,
        copy=name.replace(".", "-"),
    )


def get_public_key(session: Session, verification: VerificationId) -> PublicKey:
    """The key to seal to. Raises: UnknownVerificationError"""
    found = _PUBLIC_KEY.ask(session, {"verification": verification})
    if not found:
        raise UnknownVerificationError
    ((public_key,),) = found
    return PublicKey.from_bytes(public_key)


def seal_value(
    session: Session, now: datetime, vault: Vault, verification: VerificationId, *, name: str, value: str
) -> None:
    """Seal a value under a name such as `expected.full_name`; the caller's transaction keeps it."""
    sealed = seal_bytes(get_public_key(session, verification), _context(vault, verification, name), value.encode())
    session.add(SealedValueRow(verification_id=verification, name=name, sealed=sealed, created_at=now))


def replace_value(
    session: Session, now: datetime, vault: Vault, verification: VerificationId, *, name: str, value: str
) -> None:
    """Seal a value in the place of the one that has its name, if there is one; the caller holds the row's lock."""
    sealed = seal_bytes(get_public_key(session, verification), _context(vault, verification, name), value.encode())
    row = {"verification_id": verification, "name": name, "sealed": sealed, "created_at": now}
    put_in_place(session, SealedValueRow, row)


def forget_value(session: Session, verification: VerificationId, *, name: str) -> None:
    """Delete a value before its verification ends; its name is free again."""
    found = SealedValueRow.verification_id == verification, SealedValueRow.name == name
    session.execute(delete(SealedValueRow).where(*found).execution_options(synchronize_session=False))


def read_names(session: Session, verification: VerificationId, *, prefix: str) -> frozenset[str]:
    """The names of the values that begin with `prefix`, without it. Opens nothing."""
    names = select(SealedValueRow.name).where(
        SealedValueRow.verification_id == verification, SealedValueRow.name.startswith(prefix)
    )
    return frozenset(name.removeprefix(prefix) for name in session.scalars(names))


def read_newest(session: Session, verification: VerificationId, *, prefixes: Sequence[str]) -> datetime | None:
    """When the newest of the values was sealed whose name begins with one of `prefixes`."""
    begins = or_(*(SealedValueRow.name.startswith(prefix) for prefix in prefixes))
    newest = select(func.max(SealedValueRow.created_at)).where(SealedValueRow.verification_id == verification, begins)
    return session.scalar(newest)


def open_values(database: Database, vault: Vault, verification: VerificationId, *, prefix: str) -> dict[str, str]:
    """Open every value whose name begins with `prefix`, by name without it, in the order they were sealed.

    Raises:
        KeyMissingError: the key was destroyed, or is lost.
    """
    with database.read() as session:
        rows = session.execute(
            select(SealedValueRow.name, SealedValueRow.sealed)
            .where(SealedValueRow.verification_id == verification, SealedValueRow.name.startswith(prefix))
            .order_by(SealedValueRow.created_at, SealedValueRow.name)
        ).all()
    if not rows:
        return {}
    private_key = vault.open_keys(verification)
    return {
        name.removeprefix(prefix): open_bytes(private_key, _context(vault, verification, name), sealed).decode()
        for name, sealed in rows
    }
