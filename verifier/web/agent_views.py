"""Turns rows and policies into the agent's views."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from fastapi import Request
from sqlalchemy.orm import Session

from policies.access import Action
from policies.model import Policy
from verifier.contacts.reading import read_statuses
from verifier.evidence.tables import DocumentRow
from verifier.proofs.service import read_documents
from verifier.staff.principal import Principal, may
from verifier.verifications.expected import list_expected
from verifier.verifications.life import VerificationState, is_key_lost, is_terminal
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationRow
from verifier.web.law_views import TO_STAFF, is_held, keeps_documents, tell_held, tell_laws
from verifier.web.link_showing import Noted, get_link_url
from verifier.web.pages.agent import CaseDocument, CasePage, CaseRow, ExpectedField, Language, Link, PolicyChoice
from verifier.web.pages.common import FieldError
from verifier.web.pages.customer import WithdrawReason
from verifier.web.pages.facts import Held
from verifier.web.pages.language import language_names
from verifier.web.replies import write_reply
from verifier.web.rooms import StaffRooms
from verifier.web.staff_check_views import tell_checks
from verifier.web.staff_views import LOCALE, label_document, staff_shell

_TOLD: Final = frozenset({VerificationState.REQUESTED, VerificationState.REJECTED})
"""Where the reasons of the last decision are what the customer reads."""


def tell_policies(policies: Mapping[str, Policy]) -> tuple[PolicyChoice, ...]:
    """What an agent may ask for, by name."""
    return tuple(
        PolicyChoice(
            name=policy.name,
            title=policy.title.in_language(LOCALE),
            expected=tuple(
                ExpectedField(name=name, label=text.in_language(LOCALE)) for name, text in list_expected(policy).items()
            ),
            keeps_documents=keeps_documents(policy),
        )
        for _, policy in sorted(policies.items())
    )


def tell_languages() -> tuple[Language, ...]:
    """The languages that we speak, each by its own name."""
    return tuple(Language(code=code, name=name) for code, name in language_names().items())


def tell_policy_title(name: str, *, policies: Mapping[str, Policy]) -> str:
    """The title of a policy; its name where the installation has it no longer."""
    return policies[name].title.in_language(LOCALE) if name in policies else name


def tell_link(row: VerificationRow, *, noted: Noted, rooms: StaffRooms) -> Link:
    """What an agent sends."""
    url = get_link_url(noted, row, rooms=rooms)
    reply = write_reply(row, url=url, desk=rooms.desk_name)
    return Link(url=url, expires_at=row.link_expires_at, reply=reply, phrase=row.phrase)


def tell_case_row(row: VerificationRow, now: datetime, *, policies: Mapping[str, Policy]) -> CaseRow:
    return CaseRow(
        verification_id=row.id,
        reference=row.reference or row.id,
        policy_title=tell_policy_title(row.policy, policies=policies),
        status=row.state,
        created_at=row.created_at,
        answer_by=None if is_terminal(row.state) else row.answer_by,
        is_late=is_late(row, now),
        is_disowned=_is_disowned(row),
    )


def is_late(row: VerificationRow, now: datetime) -> bool:
    """Whether the customer should have had an answer by now."""
    return not is_terminal(row.state) and row.answer_by is not None and row.answer_by < now


def _is_disowned(row: VerificationRow) -> bool:
    return row.state is VerificationState.WITHDRAWN and WithdrawReason.NOT_ME in row.reasons


def read_case(
    session: Session,
    row: VerificationRow,
    *,
    request: Request,
    principal: Principal,
    rooms: StaffRooms,
    noted: Noted | None,
    is_renewed: bool,
    errors: tuple[FieldError, ...] = (),
) -> CasePage:
    """One case, for this person; with its link where they were noted as one who sees it."""
    now, policy, is_live = rooms.clock.now(session), get_policy(session, row), not is_terminal(row.state)
    shown = noted if is_live else None
    is_over = row.state is VerificationState.REQUESTED and row.link_expires_at <= now
    shell = staff_shell(request, principal, rooms=rooms, current="new")
    held = tell_held(session, now, row, policy=policy, locale=LOCALE, words=TO_STAFF)
    takes_codes = is_live and may(principal, Action.CONTACT_CHECK_SUBMIT)
    return CasePage(
        errors=errors,
        shell=shell,
        form_token=shell.form_token,
        verification_id=row.id,
        reference=row.reference or row.id,
        policy_title=policy.title.in_language(LOCALE),
        status=row.state,
        created_at=row.created_at,
        answer_by=row.answer_by if is_live else None,
        is_late=is_late(row, now),
        decided_at=row.ended_at,
        reasons=_tell_reasons(row, policy) if row.state in _TOLD else (),
        link=None if shown is None or is_over else tell_link(row, noted=shown, rooms=rooms),
        has_new_link=is_renewed and shown is not None,
        is_disowned=_is_disowned(row),
        is_key_lost=is_key_lost(row.state, row.reasons),
        is_link_over=is_over,
        can_renew=is_live and may(principal, Action.LINK_RENEW),
        can_cancel=is_live and may(principal, Action.VERIFICATION_CANCEL),
        documents=tuple(_tell_document(policy, each, row=row, held=held) for each in read_documents(session, row.id)),
        checks=tell_checks(read_statuses(session, row.id), takes_codes=takes_codes),
        laws=tell_laws(policy, locale=LOCALE, words=TO_STAFF),
        held=held,
    )


def _tell_reasons(row: VerificationRow, policy: Policy) -> tuple[str, ...]:
    reasons = [policy.reason(code) for code in row.reasons]
    return tuple(reason.text.in_language(row.locale) for reason in reasons if reason is not None)


def _tell_document(
    policy: Policy, document: DocumentRow, *, row: VerificationRow, held: Sequence[Held]
) -> CaseDocument:
    receipt_url = f"/cases/{row.id}/receipts/{document.id}"
    return CaseDocument(
        label=label_document(policy, document),
        state=document.state,
        receipt_url=receipt_url if document.disposed_at is not None else None,
        is_held=is_held(document, held),
    )
