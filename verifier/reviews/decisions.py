"""Decisions: what a reviewer may decide, and what becomes of it.

Guarantees: only the holder of the live claim decides; an approval needs a satisfied policy and every page fetched by
the one who approves; where the policy asks for two lines, or a quality sample was drawn, the first approval leads to a
second look, blind. Row, obligations and entries are written together.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.model import Policy
from verifier import faults
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import record, verify_log_keeps_up
from verifier.contacts.telling import verify_told
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.evidence.documents import end_document
from verifier.evidence.errors import UnknownDocumentError
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.ids import DocumentId, VerificationId
from verifier.proofs.details import DETAIL, Given, forget_caption, read_given
from verifier.proofs.errors import UnknownDetailError
from verifier.proofs.service import read_besides, read_documents, verify_satisfied
from verifier.retention import service as retention
from verifier.retention.service import Rule
from verifier.reviews.claims import verify_claimed, verify_four_eyes, verify_in_review
from verifier.reviews.errors import (
    DocumentsNeededError,
    PagesNotAllViewedError,
    ReasonNeededError,
    TooManyResubmissionsError,
    UnknownReasonError,
)
from verifier.reviews.tables import ClaimRow, DecisionRow, PageViewRow
from verifier.reviews.views import verify_details_viewed
from verifier.vault.service import Vault
from verifier.verifications.life import VerificationState
from verifier.verifications.moves import get_policy, get_undecided_end, lock_verification, move, verify_in_time
from verifier.verifications.once import Once
from verifier.verifications.sealed_values import forget_value, seal_value
from verifier.verifications.tables import VerificationRow


class Outcome(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    RESUBMIT = "resubmit"
    ESCALATE = "escalate"


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided. The note is for staff, sealed, and dies with the verification."""

    outcome: Outcome
    reasons: Sequence[str] = ()
    documents: Sequence[DocumentId] = ()
    details: Sequence[str] = ()
    note: str | None = field(default=None, repr=False)


class Decisions:
    """Takes decisions."""

    def __init__(self, database: Database, *, clock: Clock, vault: Vault) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault

    def decide(
        self, verification: VerificationId, decision: Decision, *, actor: str, once: Once[VerificationId]
    ) -> VerificationState:
        """Decide, and say what state that led to.

        Raises:
            UnknownVerificationError, AlreadyDecidedError, WrongStateError, TooLateError, NotClaimedError,
            FourEyesError, UnknownReasonError, ReasonNeededError, DocumentsNeededError, UnknownDocumentError,
            PagesNotAllViewedError, DetailsNotViewedError, UnknownDetailError, NotEverythingSentError,
            TooManyResubmissionsError, LogBehindError, OtherNotToldError
        """
        with self._database.write() as session:
            row = lock_verification(session, verification)
            now = self._clock.now(session)
            if once.find(session, now) is not None:
                return row.state
            once.keep(session, now, verification)
            self._verify_may_decide(session, now, row, decision, actor=actor)
            policy = get_policy(session, row)
            _verify_reasons(policy, decision)
            documents = read_documents(session, verification)
            _verify_asked_again(documents, read_given(session, verification), decision)
            to = _choose_state(session, row, decision, policy=policy, documents=documents, actor=actor)
            _record_decision(session, now, row, decision, actor=actor, to=to)
            if decision.note:
                name = f"note.{secrets.token_hex(8)}"
                seal_value(session, now, self._vault, verification, name=name, value=decision.note)
            move(session, now, row, to=to, actor=actor, reasons=decision.reasons)
            if decision.outcome is Outcome.RESUBMIT:
                _ask_again(session, now, row, decision, documents=documents, policy=policy)
            session.delete(session.get_one(ClaimRow, verification))
            faults.hit("decide.before_commit")
        faults.hit("decide.committed")
        return to

    def _verify_may_decide(
        self, session: Session, now: datetime, row: VerificationRow, decision: Decision, *, actor: str
    ) -> None:
        verify_in_review(row)
        verify_claimed(session, now, row.id, actor=actor)
        verify_four_eyes(session, row, actor=actor)
        verify_log_keeps_up(session, now)
        verify_in_time(row, now)
        if decision.outcome is Outcome.APPROVE:  # whatever else it ends in lets nobody in
            verify_told(session, now, row.id)


def _verify_reasons(policy: Policy, decision: Decision) -> None:
    if any(policy.reason(code) is None for code in decision.reasons):
        raise UnknownReasonError
    if decision.outcome in {Outcome.REJECT, Outcome.RESUBMIT} and not decision.reasons:
        raise ReasonNeededError


def _verify_asked_again(documents: Sequence[DocumentRow], given: Given, decision: Decision) -> None:
    """Raise where a decision names anything but documents and details that the reviewer could look at.

    Raises:
        UnknownDocumentError, UnknownDetailError
    """
    if not set(decision.details) <= given.details:
        raise UnknownDetailError
    if not set(decision.documents) <= {document.id for document in documents if document.state is DocumentState.READY}:
        raise UnknownDocumentError


def _choose_state(
    session: Session,
    row: VerificationRow,
    decision: Decision,
    *,
    policy: Policy,
    documents: Sequence[DocumentRow],
    actor: str,
) -> VerificationState:
    """The state that this decision leads to from here, or the refusal of it."""
    match decision.outcome:
        case Outcome.APPROVE:
            verify_satisfied(policy, documents, read_besides(session, row))
            _verify_all_viewed(session, documents, actor=actor)
            verify_details_viewed(session, row.id, actor=actor)
            return _after_approval(row, policy)
        case Outcome.REJECT:
            return VerificationState.REJECTED
        case Outcome.ESCALATE:
            return VerificationState.SECOND_REVIEW
        case Outcome.RESUBMIT:
            if row.resubmissions >= policy.review.resubmissions:
                raise TooManyResubmissionsError({"most": policy.review.resubmissions})
            if not (decision.documents or decision.details):
                raise DocumentsNeededError
            return VerificationState.REQUESTED
        case _:
            assert_never(decision.outcome)


def _after_approval(row: VerificationRow, policy: Policy) -> VerificationState:
    if row.state is VerificationState.SECOND_REVIEW:
        return VerificationState.APPROVED
    is_sample = secrets.randbelow(100) < policy.review.second_look_share
    needs_second = policy.review.lines == 2 or is_sample
    return VerificationState.SECOND_REVIEW if needs_second else VerificationState.APPROVED


def _verify_all_viewed(session: Session, documents: Sequence[DocumentRow], *, actor: str) -> None:
    ready = [document for document in documents if document.state is DocumentState.READY]
    views = session.execute(
        select(PageViewRow.document_id, PageViewRow.page).where(
            PageViewRow.actor == actor, PageViewRow.document_id.in_([document.id for document in ready])
        )
    )
    viewed = {(document, page) for document, page in views}
    for document in ready:
        if any((document.id, page) not in viewed for page in range(1, (document.pages or 0) + 1)):
            raise PagesNotAllViewedError


def _record_decision(
    session: Session,
    now: datetime,
    row: VerificationRow,
    decision: Decision,
    *,
    actor: str,
    to: VerificationState,
) -> None:
    session.add(
        DecisionRow(
            verification_id=row.id,
            actor=actor,
            outcome=decision.outcome,
            reasons=list(decision.reasons),
            documents=list(decision.documents),
            decided_at=now,
            resulted_in=to,
        )
    )
    record(
        session,
        now,
        EntryKind.DECISION_MADE,
        {
            "verification": row.id,
            "outcome": decision.outcome,
            "reasons": list(decision.reasons),
            "documents": list(decision.documents),
            "actor": actor,
        }
        | ({"details": list(decision.details)} if decision.details else {}),
    )


def _ask_again(
    session: Session,
    now: datetime,
    row: VerificationRow,
    decision: Decision,
    *,
    documents: Sequence[DocumentRow],
    policy: Policy,
) -> None:
    """Back to the customer: what is named goes at once, and the link is open again for long enough."""
    ready = {document.id: document for document in documents if document.state is DocumentState.READY}
    for document in decision.documents:
        ready[document].asked_again = decision.reasons[0]
        end_document(session, now, row.id, document, rule=Rule.RESUBMIT)
        forget_caption(session, ready[document])
    for code in decision.details:
        forget_value(session, row.id, name=f"{DETAIL}{code}")
    row.resubmissions += 1
    row.answer_by = None
    row.undecided_by = now + policy.retention.longest_undecided()
    row.link_expires_at = max(row.link_expires_at, min(now + policy.link.open_for, row.undecided_by))
    retention.postpone_verification(session, now, row.id, destroy_by=get_undecided_end(session, row))
