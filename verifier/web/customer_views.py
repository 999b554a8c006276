"""Turns rows and policies into the customer's views: facts only, in the reader's language."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from policies.ask import decides_alone, is_satisfied
from policies.model import Policy
from policies.parts import DetailsRequirement, DocumentRequirement, ProofLine
from verifier.contacts.life import CheckState
from verifier.contacts.reading import read_statuses
from verifier.contacts.registered import find_untold
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.proofs.details import DETAIL, find_uncaptioned, read_given, was_typed
from verifier.proofs.offers import find_current_line, read_offers
from verifier.proofs.service import (
    SlotStatus,
    gather_evidence,
    get_slots,
    is_under_way,
    read_besides,
    read_documents,
)
from verifier.verifications.life import VerificationState, is_key_lost, is_terminal
from verifier.verifications.moves import find_unreadable_at, get_policy
from verifier.verifications.tables import VerificationRow
from verifier.web.describe import get_destroyed_at
from verifier.web.detail_reading import read_questions
from verifier.web.detail_views import label_slot
from verifier.web.law_views import is_held, tell_held, tell_laws
from verifier.web.pages.common import CustomerShell, FieldError
from verifier.web.pages.customer import (
    Case,
    DocumentAsk,
    Refusal,
    SlotCard,
    SlotState,
    StatusCheck,
    StatusDocument,
    StatusKind,
    StatusPage,
    TaskPage,
    Way,
    WithdrawReason,
)
from verifier.web.pages.facts import Facts
from verifier.web.pages.language import translator
from verifier.web.problems import problem_for
from verifier.web.proof_words import title_check

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
        self.now: Final = now
        self.row: Final = row
        self.policy: Final[Policy] = get_policy(session, row)
        self.documents: Final[Sequence[DocumentRow]] = read_documents(session, row.id)
        self.evidence: Final = gather_evidence(self.documents, read_besides(session, row))
        self.given: Final = read_given(session, row.id)
        self.questions: Final = read_questions(session, row, locale=locale)
        self._was_typed: Final = was_typed(session, row.id)
        self.offers: Final = read_offers(session, row)
        self.line: Final = find_current_line(session, row)
        self.checks: Final = read_statuses(session, row.id)
        self.untold: Final = find_untold(session, row.id)
        self._typed_destroyed_at: Final = (
            find_unreadable_at(session, row.id) if self._was_typed or self.checks else None
        )
        self.locale: Final = locale
        self.shell: Final = CustomerShell(desk=desk, laws=tell_laws(self.policy, locale=locale))
        self.held: Final = tell_held(session, now, row, policy=self.policy, locale=locale)

    @property
    def is_asked(self) -> bool:
        """Whether documents are asked for now."""
        return self.row.state is VerificationState.REQUESTED

    @property
    def requirements(self) -> ProofLine:
        """What the way asks for that the customer is on; nothing where none is left."""
        return () if self.line is None else self.policy.ladder[self.line]

    @property
    def status(self) -> str:
        return self.row.state

    def case(self) -> Case:
        return Case(
            reference=self.row.reference or "",
            action=self.policy.title.in_language(self.locale),
            phrase=self.row.phrase,
        )

    def cards(self) -> Sequence[SlotCard]:
        return [self._card(status) for status in get_slots(self.policy, self.documents)]

    def can_submit(self) -> bool:
        """Whether one whole way is ready and nothing is under way."""
        return (
            self.is_asked
            and not any(is_under_way(document) for document in self.documents)
            and is_satisfied(self.policy, self.evidence)
            and find_uncaptioned(self.policy, self.documents, self.given) is None
        )

    def changed(self) -> str:
        """A text that is another one whenever the page is."""
        facts = [self.row.state, self.row.generation, self.row.resubmissions, str(self.row.answer_by)]
        facts += [f"{d.id}{d.state}{d.pages}{d.refusal}{d.disposed_at}" for d in self.documents]
        facts += [self.line, *self.offers.lines]
        facts += [f"{c.id}{c.state}{c.tries_left}{c.sends_left}{c.is_sent}{c.failure}{c.reasons}" for c in self.checks]
        facts += [*sorted(self.given.details), *sorted(self.given.captions), str(self._typed_destroyed_at)]
        facts += [f"{held.data}{held.until}" for held in self.held]
        return hashlib.sha256("|".join(map(str, facts)).encode()).hexdigest()[:16]

    def task_page(
        self, *, form_token: str, facts: Facts, document: str | None = None, errors: tuple[FieldError, ...] = ()
    ) -> TaskPage:
        """The page of documents, or of answers; `document`: only this one, where it is one step among others."""
        cards = {card.slot: card for card in self.cards()}
        wanted = [each for each in self.requirements if isinstance(each, DocumentRequirement)]
        shown = [each for each in wanted if document is None or each.document == document]
        is_step = document is not None
        asks_details = any(isinstance(each, DetailsRequirement) for each in self.requirements) and not is_step
        return TaskPage(
            errors=errors,
            shell=self.shell,
            case=self.case(),
            verification_id=self.row.id,
            form_token=form_token,
            ways=(Way(documents=tuple(self._ask(each, cards) for each in shown)),),
            facts=facts,
            can_submit=self.can_submit(),
            changed=self.changed(),
            questions=tuple(each for each in self.questions if asks_details or not each.name.startswith(DETAIL)),
            step=document or "",
            kept=() if is_step else tuple(self._status_document(each) for each in self.list_kept()),
        )

    def list_kept(self) -> list[DocumentRow]:
        """What was added for another way and still lies here; it is handed in too, or can be taken back."""
        wanted = {
            (each.document, slot)
            for each in self.requirements
            if isinstance(each, DocumentRequirement)
            for slot in each.slots
        }
        held = [status.current for status in get_slots(self.policy, self.documents) if status.current is not None]
        return [each for each in held if (each.document, each.slot) not in wanted]

    def status_page(self) -> StatusPage:
        row = self.row
        ended = is_terminal(row.state)
        arrived = [document.sealed_at for document in self.documents if document.sealed_at is not None]
        checked = [document.ready_at for document in self.documents if document.ready_at is not None]
        reasons = [self.policy.reason(code) for code in row.reasons]
        return StatusPage(
            shell=self.shell,
            case=self.case(),
            verification_id=row.id,
            kind=self._kind(),
            arrived_at=max(arrived, default=row.submitted_at) if row.submitted_at else None,
            checked_at=max(checked, default=row.submitted_at) if row.submitted_at else None,
            decided_at=row.ended_at,
            destroyed_at=get_destroyed_at(row, self.documents) if self.documents else self._typed_destroyed_at,
            checks=self._confirmed(),
            is_decided_alone=row.state is VerificationState.APPROVED and decides_alone(self.policy, self.evidence),
            was_typed=self._was_typed,
            answer_by=None if ended else row.answer_by,
            is_late=not ended and row.answer_by is not None and row.answer_by < self.now,
            destroy_by=None if ended else row.undecided_by,
            reasons=tuple(reason.text.in_language(self.locale) for reason in reasons if reason is not None),
            documents=tuple(self._status_document(document) for document in self.documents),
            can_withdraw=not ended,
            changed=self.changed(),
            held=self.held,
        )

    def _confirmed(self) -> tuple[StatusCheck, ...]:
        return tuple(
            StatusCheck(
                label=title_check((each.contact, each.method), locale=self.locale), confirmed_at=each.decided_at
            )
            for each in self.checks
            if each.state is CheckState.CONFIRMED and each.decided_at is not None
        )

    def _kind(self) -> StatusKind:
        kind = _KINDS[self.row.state]
        if is_key_lost(self.row.state, self.row.reasons):
            return StatusKind.KEY_LOST
        is_disowned = kind is StatusKind.WITHDRAWN and WithdrawReason.NOT_ME in self.row.reasons
        return StatusKind.DISOWNED if is_disowned else kind

    def label_of(self, document: DocumentRow) -> str:
        """Such as "Identity document, Front"."""
        return label_slot(self.policy, f"{document.document}.{document.slot}", locale=self.locale)

    def _status_document(self, document: DocumentRow) -> StatusDocument:
        return StatusDocument(
            document=document.id,
            label=self.label_of(document),
            destroyed_at=document.disposed_at,
            is_held=is_held(document, self.held),
        )

    def _ask(self, requirement: DocumentRequirement, cards: dict[str, SlotCard]) -> DocumentAsk:
        rules = self.policy.documents[requirement.document]
        return DocumentAsk(
            title=rules.title.in_language(self.locale),
            must_show=rules.must_show.in_language(self.locale),
            may_cover=rules.may_cover.in_language(self.locale),
            max_bytes=rules.max_bytes,
            max_pages=rules.max_pages,
            slots=tuple(cards[f"{requirement.document}.{slot}"] for slot in requirement.slots),
        )

    def _card(self, status: SlotStatus) -> SlotCard:
        place, current, last = status.place, status.current, status.last
        label = self.policy.documents[place.document].slot_titles[place.slot].in_language(self.locale)
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
                refusal=tell_refusal(last.refusal, locale=self.locale),
            )
        asked_again = self.policy.reason(last.asked_again) if last is not None and last.asked_again else None
        return SlotCard(
            slot=slot,
            label=label,
            state=SlotState.EMPTY,
            asked_again=None if asked_again is None else asked_again.text.in_language(self.locale),
        )


def tell_refusal(code: str, *, locale: str) -> Refusal:
    """Why a document could not be read, from the one table."""
    problem = problem_for(code, translate=translator(locale))
    return Refusal(code=code, sentence=problem.detail, next_step=problem.next_step)
