"""The parts of a policy, written back as the plain values of its canonical form: one way only, nothing left out.

Guarantees that what is written is the policy language again (`policies.sections` reads it). A stored policy must keep
its version for ever: a field that joins the language later is left out here where the policy does not give it.
"""

from typing import TypeAlias, assert_never

from policies.measures import write_duration
from policies.parts import (
    ContactRequirement,
    ContactRules,
    DetailRules,
    DetailsRequirement,
    DocumentRequirement,
    DocumentRules,
    Limits,
    LinkRules,
    ProofLine,
    Requirement,
    ReviewRules,
    Table,
)
from policies.retention import LegalHold, Periods, RetentionRules, usual_code

Written: TypeAlias = "bool | int | str | list[Written] | dict[str, Written]"


def written_link(link: LinkRules) -> Written:
    """The section `link`."""
    return {"open_for": write_duration(link.open_for), "status_for": write_duration(link.status_for)}


def written_ladder(ladder: tuple[ProofLine, ...]) -> Written:
    """The section `proofs`."""
    return [[_written_requirement(item) for item in line] for line in ladder]


def _written_requirement(item: Requirement) -> Written:
    match item:
        case DocumentRequirement():
            written: dict[str, Written] = {"document": item.document, "slots": list(item.slots)}
            return written | {"optional": True} if item.is_optional else written
        case ContactRequirement():
            return {"contact": item.contact.value, "by": item.by.value}
        case DetailsRequirement():
            return {"details": list(item.fields)}
        case _:
            assert_never(item)


def written_details(details: Table[DetailRules]) -> Written:
    """The section `details`."""
    return {code: _written_detail(rules) for code, rules in details.items()}


def _written_detail(rules: DetailRules) -> Written:
    written: dict[str, Written] = {"kind": rules.kind.value, "title": dict(rules.title)}
    return written if rules.hint is None else written | {"hint": dict(rules.hint)}


def written_contacts(contacts: ContactRules) -> Written:
    """The section `contacts`."""
    return {
        "changed_within": write_duration(contacts.changed_within),
        "tell_other": contacts.tell_other,
        "forbid_disposable": contacts.forbid_disposable,
    }


def written_rules(rules: DocumentRules) -> Written:
    """One entry of the section `documents`."""
    written: dict[str, Written] = {
        "title": dict(rules.title),
        "max_bytes": rules.max_bytes,
        "max_pages": rules.max_pages,
        "must_show": dict(rules.must_show),
        "may_cover": dict(rules.may_cover),
        "slots": {slot: dict(title) for slot, title in rules.slot_titles.items()},
    }
    return written | {"captions": True} if rules.captions else written


def written_review(review: ReviewRules) -> Written:
    """The section `review`."""
    written: dict[str, Written] = {
        "lines": review.lines,
        "answer_for": write_duration(review.answer_for),
        "four_eyes": review.four_eyes,
        "second_look_share": review.second_look_share,
        "checklist": [{item.code: dict(item.text)} for item in review.checklist],
        "resubmissions": review.resubmissions,
        "claim_for": write_duration(review.claim_for),
        "expected": [{code: dict(text)} for code, text in review.expected_fields.items()],
    }
    if not review.checklist:
        del written["checklist"]
    return written | {"contact_checks_decide": True} if review.contact_checks_decide else written


def written_retention(retention: RetentionRules) -> Written:
    """The section `retention`."""
    written: dict[str, Written] = {
        "undecided_for": write_duration(retention.undecided_for),
        "why": dict(retention.why),
        "unfinished_upload_for": write_duration(retention.unfinished_upload_for),
        "forget_rows_after": write_duration(retention.forget_rows_after),
        "hold_for": write_duration(retention.hold_for),
    }
    if retention.classes:
        written["classes"] = _written_periods(retention.classes)
    if retention.countries:
        written["countries"] = {name: _written_periods(periods) for name, periods in retention.countries.items()}
    if retention.holds:
        written["holds"] = [_written_hold(hold, number=n) for n, hold in enumerate(retention.holds, start=1)]
    return written


def _written_periods(periods: Periods) -> Written:
    return {
        data: {"keep_for": write_duration(period.keep_for), "why": dict(period.why)} for data, period in periods.items()
    }


def _written_hold(hold: LegalHold, *, number: int) -> Written:
    written: dict[str, Written] = {
        "class": hold.data.value,
        "keep_for": write_duration(hold.keep_for),
        "law": dict(hold.law),
    }
    if hold.code != usual_code(number):
        written["code"] = hold.code
    return written if hold.country is None else written | {"country": hold.country}


def written_limits(limits: Limits) -> Written:
    """The section `limits`."""
    return {
        "max_documents": limits.max_documents,
        "uploads_at_once": limits.uploads_at_once,
        "total_bytes": limits.total_bytes,
    }
