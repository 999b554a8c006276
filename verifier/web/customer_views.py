"""Turns rows and policies into the customer's views: facts only, in the reader's language."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from policies.ask import is_satisfied
from policies.model import DocumentRequirement, Policy
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.proofs.details import find_uncaptioned, read_given
from verifier.proofs.service import (
    SlotStatus,
    gather_evidence,
    get_slots,
    is_under_way,
    read_besides,
    read_documents,
)
from verifier.verifications.life import VerificationState, is_terminal
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationRow
from verifier.web.describe import get_destroyed_at
from verifier.web.detail_reading import read_questions
from verifier.web.pages.common import CustomerShell, FieldError
from verifier.web.pages.customer import (
    Case,
    DocumentAsk,
    Refusal,
    SlotCard,
    SlotState,
    StatusDocument,
    StatusKind,
    StatusPage,
    TaskPage,
    Way,
    WithdrawReason,
)
from verifier.web.pages.language import translator
from verifier.web.problems import problem_for

_KINDS: Final = {
    VerificationState.REQUESTED: StatusKind.WAITING,
    VerificationState.SUBMITTED: StatusKind.WAITING,
    VerificationState.SECOND_REVIEW: StatusKind.WAITING,
    VerificationState.APPROVED: StatusKind.CONFIRMED,
    VerificationState.REJECTED: StatusKind.NOT_CONFIRMED,
    VerificationState.CANCELLED: StatusKind.CANCELLED,
    VerificationState.WITHDRAWN: StatusKind.WITHDRAWN,
    VerificationState.EXPIRED: StatusKind.EXPIRED,
}
_CARD_STATES: Final = {
    DocumentState.RECEIVING: SlotState.RECEIVING,
    DocumentState.SEALED: SlotState.CHECKING,
    DocumentState.READY: SlotState.READY,
}


class CustomerReading:
    """One verification as its customer sees it, read in one transaction."""

    def __init__(self, session: Session, now: datetime, row: VerificationRow, *, desk: str, locale: str) -> None:
        self._now: Final = now
        self._row: Final = row
        self._policy: Final[Policy] = get_policy(session, row)
        self._documents: Final[Sequence[DocumentRow]] = read_documents(session, row.id)
        self._evidence: Final = gather_evidence(self._documents, read_besides(session, row))
        self._given: Final = read_given(session, row.id)
        self.questions: Final = read_questions(session, row, locale=locale)
        self._locale: Final = locale
        self.shell: Final = CustomerShell(desk=desk)

    @property
    def is_asked(self) -> bool:
        """Whether documents are asked for now."""
        return self._row.state is VerificationState.REQUESTED

    @property
    def status(self) -> str:
        return self._row.state

    def case(self) -> Case:
        return Case(
            reference=self._row.reference or "",
            action=self._policy.title.in_language(self._locale),
            phrase=self._row.phrase,
        )

    def cards(self) -> Sequence[SlotCard]:
        return [self._card(status) for status in get_slots(self._policy, self._documents)]

    def can_submit(self) -> bool:
        """Whether one whole way is ready and nothing is under way."""
        return (
            self.is_asked
            and not any(is_under_way(document) for document in self._documents)
            and is_satisfied(self._policy, self._evidence)
            and find_uncaptioned(self._policy, self._documents, self._given) is None
        )

    def changed(self) -> str:
        """A text that is another one whenever the page is."""
        facts = [self._row.state, self._row.generation, self._row.resubmissions, str(self._row.answer_by)]
        facts += [f"{d.id}{d.state}{d.pages}{d.refusal}{d.disposed_at}" for d in self._documents]
        facts += [*sorted(self._given.details), *sorted(self._given.captions)]
        return hashlib.sha256("|".join(map(str, facts)).encode()).hexdigest()[:16]

    def task_page(self, *, form_token: str, errors: tuple[FieldError, ...] = ()) -> TaskPage:
        cards = {card.slot: card for card in self.cards()}
        return TaskPage(
            errors=errors,
            shell=self.shell,
            case=self.case(),
            verification_id=self._row.id,
            form_token=form_token,
            ways=tuple(
                Way(documents=tuple(self._ask(item, cards) for item in line if isinstance(item, DocumentRequirement)))
                for line in self._policy.ladder
            ),
            reviewers=self._policy.review.lines,
            answer_for=self._policy.review.answer_for,
            destroy_by=self._row.undecided_by,
            why=self._policy.retention.why.in_language(self._locale),
            can_submit=self.can_submit(),
            changed=self.changed(),
            questions=tuple(self.questions),
        )

    def status_page(self) -> StatusPage:
        row = self._row
        ended = is_terminal(row.state)
        arrived = [document.sealed_at for document in self._documents if document.sealed_at is not None]
        checked = [document.ready_at for document in self._documents if document.ready_at is not None]
        reasons = [self._policy.reason(code) for code in row.reasons]
        return StatusPage(
            shell=self.shell,
            case=self.case(),
            verification_id=row.id,
            kind=self._kind(),
            arrived_at=max(arrived) if row.submitted_at and arrived else None,
            checked_at=max(checked) if row.submitted_at and checked else None,
            decided_at=row.ended_at,
            destroyed_at=get_destroyed_at(row, self._documents),
            answer_by=None if ended else row.answer_by,
            is_late=not ended and row.answer_by is not None and row.answer_by < self._now,
            destroy_by=None if ended else row.undecided_by,
            reasons=tuple(reason.text.in_language(self._locale) for reason in reasons if reason is not None),
            documents=tuple(self._status_document(document) for document in self._documents),
            can_withdraw=not ended,
            changed=self.changed(),
        )

    def _kind(self) -> StatusKind:
        kind = _KINDS[self._row.state]
        is_disowned = kind is StatusKind.WITHDRAWN and WithdrawReason.NOT_ME in self._row.reasons
        return StatusKind.DISOWNED if is_disowned else kind

    def label_of(self, document: DocumentRow) -> str:
        """Such as "Identity document, Front"."""
        rules = self._policy.documents[document.document]
        slot = rules.slot_titles[document.slot].in_language(self._locale)
        return f"{rules.title.in_language(self._locale)}, {slot}"

    def _status_document(self, document: DocumentRow) -> StatusDocument:
        return StatusDocument(document=document.id, label=self.label_of(document), destroyed_at=document.disposed_at)

    def _ask(self, requirement: DocumentRequirement, cards: dict[str, SlotCard]) -> DocumentAsk:
        rules = self._policy.documents[requirement.document]
        return DocumentAsk(
            title=rules.title.in_language(self._locale),
            must_show=rules.must_show.in_language(self._locale),
            may_cover=rules.may_cover.in_language(self._locale),
            max_bytes=rules.max_bytes,
            max_pages=rules.max_pages,
            slots=tuple(cards[f"{requirement.document}.{slot}"] for slot in requirement.slots),
        )

    def _card(self, status: SlotStatus) -> SlotCard:
        place, current, last = status.place, status.current, status.last
        label = self._policy.documents[place.document].slot_titles[place.slot].in_language(self._locale)
        slot = f"{place.document}.{place.slot}"
        if current is not None:
            return SlotCard(
                slot=slot,
                label=label,
                state=_CARD_STATES[current.state],
                document=current.id,
                pages=current.pages or 0,
                removed=tuple(current.findings),
            )
        if last is not None and last.refusal is not None:
            return SlotCard(
                slot=slot,
                label=label,
                state=SlotState.REFUSED,
                document=last.id,
                refusal=tell_refusal(last.refusal, locale=self._locale),
            )
        asked_again = self._policy.reason(last.asked_again) if last is not None and last.asked_again else None
        return SlotCard(
            slot=slot,
            label=label,
            state=SlotState.EMPTY,
            asked_again=None if asked_again is None else asked_again.text.in_language(self._locale),
        )


def tell_refusal(code: str, *, locale: str) -> Refusal:
    """Why a document could not be read, from the one table."""
    problem = problem_for(code, translate=translator(locale))
    return Refusal(code=code, sentence=problem.detail, next_step=problem.next_step)
