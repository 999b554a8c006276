"""One submission as the worker took it up: read once, opened once, before anything is judged.

Guarantees: what does not open, because the verification has ended or somebody forged it, is told apart from what a
store cannot give now. The private key lives as long as the task does, and is in no `repr`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from policies.model import Policy
from policies.parts import CheckMethod, ContactKind
from verifier.contacts.life import SubmissionKind
from verifier.contacts.registered import open_point
from verifier.contacts.sealing import unseal
from verifier.contacts.tables import ContactCheckRow, ContactPointRow, ContactSubmissionRow
from verifier.db.leases import Lease
from verifier.ids import CheckId, SubmissionId, VerificationId
from verifier.locales import NO_HINT, choose_locale
from verifier.vault.errors import BrokenSealError
from verifier.vault.keys import PrivateKey
from verifier.vault.service import Vault
from verifier.verifications.life import is_terminal
from verifier.verifications.moves import get_policy, get_verification
from verifier.verifications.tables import VerificationRow


class MootError(Exception):
    """There is nothing to judge any more, or never was: the submission is thrown away."""


class LeaseLostError(Exception):
    """Another worker took the submission up meanwhile: nothing of this judging counts."""


@dataclass(frozen=True)
class Task:
    """What one submission says, and what it is judged against."""

    lease: Lease
    kind: SubmissionKind
    verification: VerificationId
    contact: ContactKind | None
    method: CheckMethod | None
    check: CheckId | None
    challenge: str | None
    source: str
    created_at: datetime
    policy: Policy
    hint: str
    reference: str
    phrase: str
    account_digest: str | None
    private_key: PrivateKey = field(repr=False)
    data: bytes = field(repr=False)
    addresses: dict[ContactKind, str] = field(repr=False)

    @property
    def submission(self) -> SubmissionId:
        return SubmissionId(self.lease.id)

    @property
    def asked(self) -> tuple[ContactKind, CheckMethod]:
        """Which check it is about. Raises: MootError"""
        if self.contact is None or self.method is None:
            raise MootError
        return self.contact, self.method

    @property
    def address(self) -> str | None:
        """The registered address that it is about, where it is known."""
        return None if self.contact is None else self.addresses.get(self.contact)

    @property
    def locale(self) -> str:
        """The language of the page that it came from, else the agent's hint."""
        try:
            chosen = self.text("locale")
        except MootError:
            chosen = NO_HINT
        return choose_locale(chosen=chosen, hint=self.hint, accept_language="")

    def text(self, name: str) -> str:
        """One field of what was handed in. Raises: MootError"""
        try:
            found = json.loads(self.data)[name]
        except (ValueError, KeyError, TypeError) as error:
            raise MootError from error
        if not isinstance(found, str):
            raise MootError
        return found


@dataclass(frozen=True)
class Sealed:
    """A submission and what it is judged against, as the rows have it."""

    lease: Lease
    submission: ContactSubmissionRow
    verification: VerificationRow
    check: ContactCheckRow | None
    points: Sequence[ContactPointRow]
    policy: Policy


def read_submission(session: Session, lease: Lease) -> Sealed:
    """Read one leased submission.

    Raises:
        MootError: its verification has ended, or it names another's check.
    """
    submission = session.get_one(ContactSubmissionRow, lease.id, options=[undefer(ContactSubmissionRow.sealed)])
    verification = get_verification(session, submission.verification_id)
    check = None if submission.check_id is None else session.get(ContactCheckRow, submission.check_id)
    is_others = check is not None and check.verification_id != verification.id
    if is_terminal(verification.state) or is_others or (submission.check_id is not None and check is None):
        raise MootError
    points = session.scalars(
        select(ContactPointRow)
        .where(ContactPointRow.verification_id == verification.id)
        .options(undefer(ContactPointRow.sealed))
    ).all()
    return Sealed(lease, submission, verification, check, points, get_policy(session, verification))


def open_task(vault: Vault, found: Sealed) -> Task:
    """Open what was read, outside every transaction: a key store is asked.

    Raises:
        MootError: it does not open, so nobody of ours sealed it for this place.
        KeyMissingError, BrokenRecordError, StoreUnavailableError
    """
    submission, verification, check = found.submission, found.verification, found.check
    private_key = vault.open_keys(verification.id)
    try:
        data = _open(private_key, vault, submission)
        addresses = {point.contact: open_point(private_key, vault, point) for point in found.points}
    except BrokenSealError as error:
        raise MootError from error
    return Task(
        lease=found.lease,
        kind=submission.kind,
        verification=verification.id,
        contact=submission.contact if check is None else check.contact,
        method=submission.method if check is None else check.method,
        check=submission.check_id,
        challenge=None if check is None else check.challenge,
        source=submission.source,
        created_at=submission.created_at,
        policy=found.policy,
        hint=verification.locale,
        reference=verification.reference or "",
        phrase=verification.phrase,
        account_digest=verification.account_digest,
        private_key=private_key,
        data=data,
        addresses={contact: address for contact, address in addresses.items() if address is not None},
    )


def _open(private_key: PrivateKey, vault: Vault, submission: ContactSubmissionRow) -> bytes:
    if submission.sealed is None:
        return b""
    return unseal(private_key, vault, submission.verification_id, name=submission.id, sealed=submission.sealed)
