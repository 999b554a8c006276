"""A policy in plain words, for the people who write, buy or audit one.

Guarantees that every duration, limit and sentence shown is the policy's own. The frame is English; what the customer
reads is shown in the language that was asked for. Pages build their own words (`verifier.web`).
"""

from policies.measures import describe_duration, describe_size
from policies.model import Policy
from policies.parts import ContactRequirement, DetailsRequirement, DocumentRequirement, ProofLine, Requirement


def explain(policy: Policy, language: str = "en") -> str:
    """What is asked of whom, why, who sees it, and how long each thing stays."""
    parts = [
        f"{policy.title.in_language(language)} ({policy.name}, {policy.version[:19]})",
        _asked(policy, language),
        *(_document(policy, name, language) for name in policy.documents),
        f"Why: {policy.retention.why.in_language(language)}",
        _reviewed(policy),
        _kept(policy),
    ]
    return "\n\n".join(parts) + "\n"


def _asked(policy: Policy, language: str) -> str:
    open_for = describe_duration(policy.link.open_for)
    lines = [_line(line, policy=policy, language=language) for line in policy.ladder]
    if len(lines) == 1:
        return f"The customer has {open_for} to send: {lines[0]}."
    listed = "\n".join(f"  {number}. {line}" for number, line in enumerate(lines, start=1))
    return f"The customer has {open_for} to send one of these, least intrusive first:\n{listed}"


def _line(line: ProofLine, *, policy: Policy, language: str) -> str:
    return "; and ".join(_requirement(item, policy=policy, language=language) for item in line)


def _requirement(item: Requirement, *, policy: Policy, language: str) -> str:
    match item:
        case DocumentRequirement():
            return _document_asked(item, policy=policy, language=language)
        case ContactRequirement():
            return f"show control of the registered {item.contact} ({item.by})"
        case DetailsRequirement():
            return ", ".join(policy.details[field].title.in_language(language) for field in item.fields)


def _document_asked(item: DocumentRequirement, *, policy: Policy, language: str) -> str:
    rules = policy.documents[item.document]
    slots = ", ".join(rules.slot_titles[slot].in_language(language) for slot in item.slots)
    return f"{rules.title.in_language(language)} [{slots}]"


def _document(policy: Policy, name: str, language: str) -> str:
    rules = policy.documents[name]
    pages = "1 page" if rules.max_pages == 1 else f"{rules.max_pages} pages"
    return (
        f"{name}: up to {describe_size(rules.max_bytes)} and {pages} a file.\n"
        f"  Must show: {rules.must_show.in_language(language)}\n"
        f"  May cover: {rules.may_cover.in_language(language)}"
    )


def _reviewed(policy: Policy) -> str:
    review = policy.review
    who_decides = (
        "One reviewer decides" if review.lines == 1 else "Two people look one after the other, and the second decides,"
    )
    lines = [f"{who_decides} within {describe_duration(review.answer_for)}."]
    if review.four_eyes:
        lines.append("Nobody reviews what they had a hand in: the request, its link, or documents sent for it.")
    if review.second_look_share:
        lines.append(f"{review.second_look_share} % of approvals get a second look by another person.")
    again = {0: "never", 1: "once"}.get(review.resubmissions, f"up to {review.resubmissions} times")
    lines.append(f"The customer may be asked to send something again {again}.")
    return " ".join(lines)


def _kept(policy: Policy) -> str:
    retention = policy.retention
    kept = (
        ("Documents", f"until the decision; without one, {describe_duration(retention.undecided_for)}"),
        ("An unfinished upload", describe_duration(retention.unfinished_upload_for)),
        ("The outcome, for the customer", describe_duration(policy.link.status_for)),
        ("The case number and digests", f"{describe_duration(retention.forget_rows_after)} after the end"),
    )
    return "How long things stay:\n" + "\n".join(f"  {what}: {how_long}." for what, how_long in kept)
