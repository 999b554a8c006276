"""The canonical form: the same language written in one way only, every default spelled out, as RFC 8785 JSON.

Guarantees `policy_from_canonical(policy.to_canonical()) == policy`, and refuses text that is not exactly what it
would write itself. A stored policy must keep its version for ever: a field that joins the language later is left out
of the canonical form where the policy does not give it.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import rfc8785

from policies.errors import PolicyError
from policies.language import parse_policy
from policies.measures import write_duration
from policies.model import DocumentRules, Policy, ReviewRules, Text


def canonical_text(policy: Policy) -> str:
    """The whole content of the policy, in one way only."""
    return rfc8785.dumps(_content(policy)).decode("utf-8")


def version_of(policy: Policy) -> str:
    """`sha256:<hex>` of the canonical form."""
    return f"sha256:{hashlib.sha256(canonical_text(policy).encode('utf-8')).hexdigest()}"


@lru_cache(maxsize=256)
def policy_from_canonical(text: str) -> Policy:
    """Read back what `to_canonical` wrote; raises `PolicyError` for anything else. Remembers: policies are few."""
    policy = parse_policy(text, origin="stored policy")
    if canonical_text(policy) != text:
        raise PolicyError(
            "not_canonical",
            sentence="The stored policy is not in its canonical form, so its version cannot be trusted.",
            origin="stored policy",
        )
    return policy


def _content(policy: Policy) -> dict[str, Any]:
    return {
        "policy": policy.name,
        "title": _text(policy.title),
        "link": {
            "open_for": write_duration(policy.link.open_for),
            "status_for": write_duration(policy.link.status_for),
        },
        "proofs": [[{"document": item.document, "slots": list(item.slots)} for item in line] for line in policy.ladder],
        "documents": {name: _rules(rules) for name, rules in policy.documents.items()},
        "review": _review(policy.review),
        "retention": {
            "undecided_for": write_duration(policy.retention.undecided_for),
            "why": _text(policy.retention.why),
            "unfinished_upload_for": write_duration(policy.retention.unfinished_upload_for),
            "forget_rows_after": write_duration(policy.retention.forget_rows_after),
            "hold_for": write_duration(policy.retention.hold_for),
        },
        "reasons": [{reason.code: _text(reason.text)} for reason in policy.reasons],
        "limits": {
            "max_documents": policy.limits.max_documents,
            "uploads_at_once": policy.limits.uploads_at_once,
            "total_bytes": policy.limits.total_bytes,
        },
    }


def _rules(rules: DocumentRules) -> dict[str, Any]:
    return {
        "title": _text(rules.title),
        "max_bytes": rules.max_bytes,
        "max_pages": rules.max_pages,
        "must_show": _text(rules.must_show),
        "may_cover": _text(rules.may_cover),
        "slots": {slot: _text(title) for slot, title in rules.slot_titles.items()},
    }


def _review(review: ReviewRules) -> dict[str, Any]:
    return {
        "lines": review.lines,
        "answer_for": write_duration(review.answer_for),
        "four_eyes": review.four_eyes,
        "second_look_share": review.second_look_share,
        "checklist": [{item.code: _text(item.text)} for item in review.checklist],
        "resubmissions": review.resubmissions,
        "claim_for": write_duration(review.claim_for),
        "expected": [{code: _text(text)} for code, text in review.expected_fields.items()],
    }


def _text(text: Text) -> Mapping[str, str]:
    return dict(text)
