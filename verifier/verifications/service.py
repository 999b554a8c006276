"""The story of a verification outside its evidence: asked for, shown, renewed, cancelled.

Guarantees: a 201 means that the key record and the row are both durable; a crash between them leaves an orphan key
that the sweep removes. At most one live verification stands for one (reference, policy).
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.model import Policy
from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.db.locks import insert_once, lock_name
from verifier.ids import VerificationId, new_verification_id
from verifier.locales import NO_HINT
from verifier.retention import service as retention
from verifier.vault.errors import NotGivenError
from verifier.vault.keys import PublicKey
from verifier.vault.secrets import keyed_digest
from verifier.vault.service import Vault
from verifier.verifications.beside import NOTHING, Beside, EndWithLink
from verifier.verifications.errors import (
    AlreadyDecidedError,
    UnknownExpectedFieldError,
    UnknownPolicyError,
    VerificationExistsError,
)
from verifier.verifications.expected import list_expected
from verifier.verifications.handlers import note_handler
from verifier.verifications.intake import verify_intake_open
from verifier.verifications.life import VerificationState, is_terminal
from verifier.verifications.links import LinkKey, store_link
from verifier.verifications.moves import end_customer_sessions, get_policy, get_undecided_end, lock_verification, move
from verifier.verifications.once import Once
from verifier.verifications.phrase import new_phrase
from verifier.verifications.reference import parse_reference
from verifier.verifications.sealed_values import seal_value
from verifier.verifications.tables import IS_LIVE, PolicyVersionRow, VerificationKeyRow, VerificationRow


@dataclass(frozen=True)
class NewVerification:
    """What an agent asks for. `locale` is a hint that went through `verifier.locales.parse_hint`. `account` and
    `expected` are private; `repr` leaves them out.
    """

    reference: str
    policy: str
    locale: str = NO_HINT
    account: str | None = field(default=None, repr=False)
    expected: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Created:
    """The verification that stands now; `is_new` tells a creation from the one that was already there."""

    id: VerificationId
    is_new: bool


class Verifications:
    """Creates, renews, cancels and expires verifications."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        vault: Vault,
        policies: Mapping[str, Policy],
        link_key: LinkKey,
        digest_key: bytes,
        intake_closes_after: timedelta,
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._policies: Final = policies
        self._link_key: Final = link_key
        self._digest_key: Final = digest_key
        self._intake_closes_after: Final = intake_closes_after

    def digest_request(self, asked: NewVerification, beside: Beside = NOTHING) -> str:
        """A keyed digest of all that was asked for, to tell a repetition from another request."""
        content: list[object] = [asked.reference, asked.policy, asked.locale, asked.account]
        content.append(sorted(asked.expected.items()))
        content += beside.describe()
        return keyed_digest(self._digest_key, "request", json.dumps(content, ensure_ascii=True))

    def get_current_policy(self, name: str) -> Policy:
        """Raises: UnknownPolicyError"""
        try:
            return self._policies[name]
        except KeyError:
            raise UnknownPolicyError from None

    def create(
        self, asked: NewVerification, *, actor: str, once: Once[VerificationId], beside: Beside = NOTHING
    ) -> Created:
        """Ask for a verification, or find the one that the same request made before.

        Raises:
            InvalidReferenceError, ReferenceLooksLikeAddressError, UnknownPolicyError, UnknownExpectedFieldError
            VerificationExistsError: live for this reference and policy, with other contents or by another actor.
            ClockBehindError, LogBehindError, IntakeClosedError, StoreUnavailableError
        """
        parse_reference(asked.reference)
        policy = self.get_current_policy(asked.policy)
        if not set(asked.expected) <= set(list_expected(policy)):
            raise UnknownExpectedFieldError
        digest = self.digest_request(asked, beside)
        with self._database.read() as session:
            now = self._clock.now(session)
            verify_intake_open(session, now, closes_after=self._intake_closes_after)
            standing = once.find(session, now) or _find_live(session, asked, digest, actor=actor)
        if standing is not None:
            return Created(standing, is_new=False)
        verification = new_verification_id()
        public_key = self._vault.create_keys(verification, now)
        faults.hit("create.key_recorded")
        created = self._store(
            verification, public_key, asked, policy=policy, digest=digest, actor=actor, once=once, beside=beside
        )
        faults.hit("create.committed")
        if not created.is_new:
            with suppress(NotGivenError):  # where the staff's tier deletes no keys, the sweep finds an orphan
                self._vault.shred(verification)
        return created

    def _store(
        self,
        verification: VerificationId,
        public_key: PublicKey,
        asked: NewVerification,
        *,
        policy: Policy,
        digest: str,
        actor: str,
        once: Once[VerificationId],
        beside: Beside,
    ) -> Created:
        with self._database.write() as session:
            lock_name(session, "live", asked.policy, asked.reference)
            now = self._clock.now(session)
            standing = once.find(session, now) or _find_live(session, asked, digest, actor=actor)
            if standing is not None:
                return Created(standing, is_new=False)
            _keep_policy(session, policy)
            row = self._new_row(verification, asked, policy=policy, digest=digest, actor=actor, now=now)
            session.add(row)
            session.flush()
            session.add(VerificationKeyRow(verification_id=verification, public_key=public_key.to_bytes()))
            session.flush()  # what is sealed from here on asks the database for this key
            for name, value in asked.expected.items():
                seal_value(session, now, self._vault, verification, name=f"expected.{name}", value=value)
            store_link(session, row, token=self._link_key.derive_token(verification, row.generation))
            note_handler(session, verification, actor=actor)
            once.keep(session, now, verification)
            beside.keep(session, now, row)
            record(
                session,
                now,
                EntryKind.VERIFICATION_CREATED,
                {
                    "verification": verification,
                    "policy": policy.name,
                    "policy_version": policy.version,
                    "actor": actor,
                },
            )
        return Created(verification, is_new=True)

    def _new_row(
        self,
        verification: VerificationId,
        asked: NewVerification,
        *,
        policy: Policy,
        digest: str,
        actor: str,
        now: datetime,
    ) -> VerificationRow:
        undecided_by = now + policy.retention.longest_undecided()
        account = asked.account
        return VerificationRow(
            id=verification,
            reference=asked.reference,
            policy=policy.name,
            policy_version=policy.version,
            account_digest=None if account is None else keyed_digest(self._digest_key, "account", account),
            request_digest=digest,
            locale=asked.locale,
            phrase=new_phrase(),
            state=VerificationState.REQUESTED,
            created_by=actor,
            created_at=now,
            generation=1,
            link_expires_at=min(now + policy.link.open_for, undecided_by),
            undecided_by=undecided_by,
        )

    def renew_link(
        self, verification: VerificationId, *, actor: str, once: Once[VerificationId], end_with_link: EndWithLink
    ) -> None:
        """Issue the next link; the old ones and their sessions end with it, and so does what other rooms say.

        Raises:
            UnknownVerificationError, AlreadyDecidedError
        """
        with self._database.write() as session:
            row = lock_verification(session, verification)
            now = self._clock.now(session)
            if once.find(session, now) is not None:
                return
            once.keep(session, now, verification)
            if is_terminal(row.state):
                raise AlreadyDecidedError({"state": row.state})
            row.generation += 1
            row.link_expires_at = min(now + get_policy(session, row).link.open_for, row.undecided_by)
            end_with_link(session, now, row)
            if row.state is VerificationState.REQUESTED:
                retention.postpone_verification(session, now, row.id, destroy_by=get_undecided_end(session, row))
            store_link(session, row, token=self._link_key.derive_token(row.id, row.generation))
            end_customer_sessions(session, row.id)
            note_handler(session, row.id, actor=actor)
            record(
                session,
                now,
                EntryKind.LINK_ISSUED,
                {"verification": row.id, "generation": row.generation, "actor": actor},
            )
            faults.hit("renew.before_commit")

    def get_link_token(self, row: VerificationRow) -> str:
        return self._link_key.derive_token(row.id, row.generation)

    def cancel(self, verification: VerificationId, *, actor: str, once: Once[VerificationId]) -> None:
        """End a verification on the desk's behalf. Raises: UnknownVerificationError, AlreadyDecidedError"""
        with self._database.write() as session:
            row = lock_verification(session, verification)
            now = self._clock.now(session)
            if once.find(session, now) is not None:
                return
            once.keep(session, now, verification)
            move(session, now, row, to=VerificationState.CANCELLED, actor=actor)


def _find_live(session: Session, asked: NewVerification, digest: str, *, actor: str) -> VerificationId | None:
    row = session.scalars(
        select(VerificationRow).where(
            VerificationRow.reference == asked.reference,
            VerificationRow.policy == asked.policy,
            IS_LIVE,
        )
    ).one_or_none()
    if row is None:
        return None
    # For anybody else an answer would tell whether they guessed what the request holds sealed.
    if row.created_by != actor or row.request_digest != digest:
        raise VerificationExistsError
    return row.id


def _keep_policy(session: Session, policy: Policy) -> None:
    if session.get(PolicyVersionRow, policy.version) is None:
        kept = {"version": policy.version, "name": policy.name, "canonical": policy.to_canonical()}
        insert_once(session, PolicyVersionRow, kept)
