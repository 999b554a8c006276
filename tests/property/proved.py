"""What proves something, read from the rows by the words of DESIGN, beside the product's own reading of them."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.parts import ContactRequirement, DetailsRequirement, DocumentRequirement, ProofLine, is_optional
from verifier.contacts.life import CheckState
from verifier.contacts.tables import ContactCheckRow, ContactPointRow
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.proofs.details import read_given
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationRow

_WAS_READY: Final = frozenset({DocumentState.READY, DocumentState.DISPOSING, DocumentState.DISPOSED})

MIXED: Final = """
policy: mixed
title: {en: Get your wallet back}
proofs:
  - [{contact: email, by: code}, {contact: phone, by: code}]
  - [{contact: phone, by: code}, {details: [symbol]}]
  - [{contact: email, by: code}, {document: letter, slots: [page]}]
  - [{document: letter, slots: [page]}, {details: [symbol]}]
details:
  symbol: {kind: payment_reference, title: {en: Variable symbol}}
documents:
  letter:
    title: {en: Letter}
    max_bytes: 5MB
    max_pages: 2
    must_show: {en: Your name.}
    may_cover: {en: Everything else.}
    slots: {page: {en: The page}}
contacts: {changed_within: P7D, tell_other: true}
review:
  lines: 1
  answer_for: PT24H
  contact_checks_decide: true
  checklist: [same: {en: It is the same.}]
retention: {undecided_for: P7D, why: {en: So that nobody else gets in.}}
reasons: [unreadable: {en: We could not read it.}]
link: {open_for: P3D, status_for: P30D}
"""


def _needs_checks_only(line: ProofLine) -> bool:
    return all(isinstance(item, ContactRequirement) or is_optional(item) for item in line)


def find_whole_lines(session: Session, row: VerificationRow) -> Iterator[bool]:
    """For each line that is whole: whether it may decide alone. Read from the rows, by the words of DESIGN."""
    of_checks = (ContactCheckRow.verification_id == row.id, ContactCheckRow.state == CheckState.CONFIRMED)
    confirmed = {(check.contact, check.method) for check in session.scalars(select(ContactCheckRow).where(*of_checks))}
    ready = {
        (document.document, document.slot)
        for document in session.scalars(select(DocumentRow).where(DocumentRow.verification_id == row.id))
        if document.state in _WAS_READY
    }
    given = read_given(session, row.id).details
    policy = get_policy(session, row)
    points = session.scalars(select(ContactPointRow).where(ContactPointRow.verification_id == row.id))
    since = row.created_at - policy.contacts.changed_within
    recent = {point.contact for point in points if point.changed_at is not None and point.changed_at > since}
    for line in policy.ladder:
        is_alone, is_whole = True, True
        if _needs_checks_only(line) and any(isinstance(i, ContactRequirement) and i.contact in recent for i in line):
            continue  # what changed recently is never enough, whoever decides
        for item in line:
            match item:
                case ContactRequirement():
                    is_whole &= (item.contact, item.by) in confirmed
                    is_alone &= item.contact not in recent
                case DocumentRequirement():
                    is_alone = False
                    is_whole &= item.is_optional or all((item.document, slot) in ready for slot in item.slots)
                case DetailsRequirement():
                    is_alone = False
                    is_whole &= set(item.fields) <= given
        if is_whole:
            yield is_alone and policy.review.contact_checks_decide
