"""The parts of a policy, written back as the plain values of its canonical form: one way only, nothing left out.

Guarantees that what is written is the policy language again (`policies.sections` reads it). A stored policy must keep
its version for ever: a field that joins the language later is left out here where the policy does not give it.
"""

from typing import TypeAlias

from policies.measures import write_duration
from policies.parts import DocumentRules, Limits, LinkRules, ProofLine, RetentionRules, ReviewRules

Written: TypeAlias = "bool | int | str | list[Written] | dict[str, Written]"


def written_link(link: LinkRules) -> Written:
    """The section `link`."""
    return {"open_for": write_duration(link.open_for), "status_for": write_duration(link.status_for)}


def written_ladder(ladder: tuple[ProofLine, ...]) -> Written:
    """The section `proofs`."""
    return [[{"document": item.document, "slots": list(item.slots)} for item in line] for line in ladder]


def written_rules(rules: DocumentRules) -> Written:
    """One entry of the section `documents`."""
    return {
        "title": dict(rules.title),
        "max_bytes": rules.max_bytes,
        "max_pages": rules.max_pages,
        "must_show": dict(rules.must_show),
        "may_cover": dict(rules.may_cover),
        "slots": {slot: dict(title) for slot, title in rules.slot_titles.items()},
    }


def written_review(review: ReviewRules) -> Written:
    """The section `review`."""
    return {
        "lines": review.lines,
        "answer_for": write_duration(review.answer_for),
        "four_eyes": review.four_eyes,
        "second_look_share": review.second_look_share,
        "checklist": [{item.code: dict(item.text)} for item in review.checklist],
        "resubmissions": review.resubmissions,
        "claim_for": write_duration(review.claim_for),
        "expected": [{code: dict(text)} for code, text in review.expected_fields.items()],
    }


def written_retention(retention: RetentionRules) -> Written:
    """The section `retention`."""
    return {
        "undecided_for": write_duration(retention.undecided_for),
        "why": dict(retention.why),
        "unfinished_upload_for": write_duration(retention.unfinished_upload_for),
        "forget_rows_after": write_duration(retention.forget_rows_after),
        "hold_for": write_duration(retention.hold_for),
    }


def written_limits(limits: Limits) -> Written:
    """The section `limits`."""
    return {
        "max_documents": limits.max_documents,
        "uploads_at_once": limits.uploads_at_once,
        "total_bytes": limits.total_bytes,
    }
