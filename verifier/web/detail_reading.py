"""Which details one verification asks of its customer now, and which of them are there."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from policies.model import Policy
from policies.parts import DetailsRequirement
from verifier.proofs.details import read_given
from verifier.proofs.offers import find_current_line
from verifier.verifications.moves import get_policy
from verifier.verifications.tables import VerificationRow
from verifier.web.detail_views import list_caption_questions, list_questions
from verifier.web.pages.questions import Question


def read_questions(
    session: Session, row: VerificationRow, *, locale: str, values: Mapping[str, str] | None = None
) -> list[Question]:
    """Every detail that the customer is asked for now, then every caption; after an error, with what was typed."""
    policy = get_policy(session, row)
    given = read_given(session, row.id)
    again = why_asked_again(row, policy, locale=locale)
    asked = list_asked(session, row, policy)
    fields = [*asked, *(code for code in policy.fields() if code not in asked)] if values else asked
    details = list_questions(policy, given, locale=locale, fields=fields, values=values, asked_again=again)
    return [*details, *list_caption_questions(policy, given, locale=locale, values=values)]


def list_asked(session: Session, row: VerificationRow, policy: Policy) -> list[str]:
    """The fields of the line that the customer is on; of the whole ladder where that line has none."""
    line = find_current_line(session, row)
    items = () if line is None else policy.ladder[line]
    fields = [code for item in items if isinstance(item, DetailsRequirement) for code in item.fields]
    return fields or list(policy.fields())


def why_asked_again(row: VerificationRow, policy: Policy, *, locale: str) -> str | None:
    """The reason's sentence, where the reviewer sent everything back."""
    reason = policy.reason(row.reasons[0]) if row.resubmissions and row.reasons else None
    return None if reason is None else reason.text.in_language(locale)
