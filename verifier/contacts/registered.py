"""What the desk has registered on the account: sealed when the verification is created, opened by the worker only.

Guarantees: a contact point comes with the request, from a program that may set one; nobody adds or changes one later.
Where the desk keeps the address to itself and sends its keyed digest, what the customer types is compared with that,
in constant time, before anything is sent anywhere.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.ask import find_recent
from policies.model import Policy
from policies.parts import ContactKind
from verifier.contacts.errors import UnusableContactPointError
from verifier.contacts.points import parse_contact
from verifier.contacts.sealing import seal, unseal
from verifier.contacts.tables import ContactPointRow
from verifier.ids import VerificationId
from verifier.vault.keys import PrivateKey
from verifier.vault.service import Vault
from verifier.verifications.tables import VerificationRow

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class GivenContact:
    """One contact point as the desk sent it: its normal form, or the keyed digest of that."""

    contact: ContactKind
    value: str | None = field(default=None, repr=False)
    digest: str | None = field(default=None, repr=False)
    changed_at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.digest is None):
            raise UnusableContactPointError({"contact": self.contact})

    def describe(self) -> str:
        """For the digest of the request: the same request is the same text."""
        return "\0".join((self.contact, self.value or "", self.digest or "", str(self.changed_at or "")))


def parse_given(
    contact: ContactKind, *, value: str | None, digest: str | None, changed_at: datetime | None, forbid_disposable: bool
) -> GivenContact:
    """Check a contact point as it came from the desk.

    Raises:
        MalformedContactError, DisposableContactError, UnusableContactPointError
    """
    if digest is not None and _DIGEST.fullmatch(digest) is None:
        raise UnusableContactPointError({"contact": contact})
    normal = None if value is None else parse_contact(contact, value, forbid_disposable=forbid_disposable)
    return GivenContact(contact, value=normal, digest=digest, changed_at=changed_at)


def digest_contact(key: bytes, contact: ContactKind, normal: str) -> str:
    """The digest that a desk sends instead of an address: HMAC-SHA-256 with the contact digest key, in hex."""
    return hmac.new(key, f"verifier/v1/contact/{contact}/{normal}".encode(), "sha256").hexdigest()


def is_contact(key: bytes, contact: ContactKind, normal: str, *, digest: str) -> bool:
    """Whether an address that somebody typed is the one that the desk meant; in constant time."""
    return hmac.compare_digest(digest_contact(key, contact, normal), digest)


def keep_points(session: Session, vault: Vault, verification: VerificationId, points: Iterable[GivenContact]) -> None:
    """Seal what came with the request, in the transaction that creates the verification."""
    for point in points:
        row = ContactPointRow(verification_id=verification, contact=point.contact, changed_at=point.changed_at)
        row.digest = point.digest
        if point.value is not None:
            row.sealed = seal_point(session, vault, verification, contact=point.contact, normal=point.value)
        session.add(row)


def seal_point(
    session: Session, vault: Vault, verification: VerificationId, *, contact: ContactKind, normal: str
) -> bytes:
    return seal(session, vault, verification, name=f"contact-{contact}", data=normal.encode())


def open_point(private_key: PrivateKey, vault: Vault, row: ContactPointRow) -> str | None:
    """The address, if it is known: what the desk sent, or what the customer typed and the desk meant."""
    if row.sealed is None:
        return None
    name = f"contact-{row.contact}"
    return unseal(private_key, vault, row.verification_id, name=name, sealed=row.sealed).decode()


def read_points(session: Session, verification: VerificationId) -> Mapping[ContactKind, ContactPointRow]:
    """Every registered contact point, in the order of their kinds."""
    rows = session.scalars(select(ContactPointRow).where(ContactPointRow.verification_id == verification))
    found = {row.contact: row for row in rows}
    return {contact: found[contact] for contact in ContactKind if contact in found}


def find_untold(session: Session, verification: VerificationId) -> frozenset[ContactKind]:
    """The contact points that the desk gave as a digest only, and that the customer has not typed yet."""
    points = read_points(session, verification)
    return frozenset(kind for kind, point in points.items() if point.is_untold)


def has_point(session: Session, row: VerificationRow, contact: ContactKind) -> bool:
    """Whether the desk gave this contact point. An account is known by the digest that every request keeps."""
    if contact is ContactKind.ACCOUNT:
        return row.account_digest is not None
    return session.get(ContactPointRow, (row.id, contact)) is not None


def read_recent(session: Session, row: VerificationRow, policy: Policy) -> frozenset[ContactKind]:
    """Which contact points had changed shortly before the request: they do not suffice alone.

    Counted from the request, not from now: nobody gains by waiting.
    """
    changed_at = {contact: point.changed_at for contact, point in read_points(session, row.id).items()}
    return find_recent(policy, changed_at, now=row.created_at)
