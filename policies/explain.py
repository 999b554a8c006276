"""A policy in plain words, for the people who write, buy or audit one.

Guarantees that every duration, limit and sentence shown is the policy's own. The frame is English; what the customer
reads is shown in the language that was asked for. Pages build their own words (`verifier.web`).
"""

from collections.abc import Iterator

from policies.ask import is_contact_only
from policies.measures import describe_duration, describe_size
from policies.model import Policy
from policies.words import tell_decider, tell_line


def explain(policy: Policy, language: str = "en") -> str:
    """What is asked of whom, in which order, why, who sees it, and how long each thing stays."""
    head = f"{policy.title.in_language(language)} ({policy.name}, {policy.version[:19]})"
    if policy.no_proof is not None:
        why = policy.no_proof.in_language(language)
        return f"{head}\n\nNo proof is asked for: {why} Simply answer. Nothing is stored.\n"
    parts = [
        head,
        _asked(policy, language),
        *_contacts(policy),
        *(_document(policy, name, language) for name in policy.documents),
        f"Why: {policy.retention.why.in_language(language)}",
        _reviewed(policy),
        _kept(policy, language),
    ]
    return "\n\n".join(parts) + "\n"


def _asked(policy: Policy, language: str) -> str:
    open_for = describe_duration(policy.link.open_for)
    lines = [
        f"{tell_line(line, policy=policy, language=language)} ({tell_decider(line, policy=policy)})"
        for line in policy.ladder
    ]
    if len(lines) == 1:
        return f"The customer has {open_for} to {lines[0]}."
    listed = "\n".join(f"  {number}. {line}." for number, line in enumerate(lines, start=1))
    return (
        f"The customer has {open_for} for one of these. They are offered from the top, the least intrusive first, and"
        f" the customer may choose another:\n{listed}"
    )


def _contacts(policy: Policy) -> Iterator[str]:
    if not policy.has_contact_checks():
        return
    rules = policy.contacts
    said = [
        "Contact points come from the desk's own system, never from the person who asks.",
        f"One that changed within {describe_duration(rules.changed_within)} is not enough alone.",
    ]
    if rules.tell_other:
        said.append("The other registered contact point is told that a verification was opened.")
    if rules.forbid_disposable and any(item.contact == "email" for item in policy.checks()):
        said.append("Throw-away e-mail addresses are refused.")
    yield " ".join(said)


def _document(policy: Policy, name: str, language: str) -> str:
    rules = policy.documents[name]
    pages = "1 page" if rules.max_pages == 1 else f"{rules.max_pages} pages"
    captions = " Whoever sends one says in a line what it shows." if rules.captions else ""
    return (
        f"{name}: up to {describe_size(rules.max_bytes)} and {pages} a file.{captions}\n"
        f"  Must show: {rules.must_show.in_language(language)}\n"
        f"  May cover: {rules.may_cover.in_language(language)}"
    )


def _reviewed(policy: Policy) -> str:
    review = policy.review
    if review.contact_checks_decide and all(map(is_contact_only, policy.ladder)):
        return "Nobody reviews anything: a contact check that is confirmed approves at once."
    who_decides = (
        "One reviewer decides" if review.lines == 1 else "Two people look one after the other, and the second decides,"
    )
    lines = [f"{who_decides} within {describe_duration(review.answer_for)}."]
    if review.contact_checks_decide:
        lines.append("Where contact checks are enough, nobody has to.")
    if review.four_eyes:
        lines.append("Nobody reviews what they had a hand in: the request, its link, or documents sent for it.")
    if review.second_look_share:
        lines.append(f"{review.second_look_share} % of approvals get a second look by another person.")
    again = {0: "never", 1: "once"}.get(review.resubmissions, f"up to {review.resubmissions} times")
    lines.append(f"The customer may be asked to send something again {again}.")
    return " ".join(lines)


def _kept(policy: Policy, language: str) -> str:
    retention = policy.retention
    sent = f"until the decision; without one, {describe_duration(retention.longest_undecided())}"
    kept = [
        ("What is sent", f"{sent}; what a law below demands, longer" if retention.list_holds() else sent),
        *([("An unfinished upload", describe_duration(retention.unfinished_upload_for))] if policy.documents else []),
        ("The outcome, for the customer", describe_duration(policy.link.status_for)),
        ("The case number and digests", f"{describe_duration(retention.longest_rows())} after the end"),
    ]
    lines = [f"  {what}: {how_long}." for what, how_long in kept]
    lines += [f"  {words}" for words in tell_periods(policy, language)]
    return "How long things stay:\n" + "\n".join(lines)


def tell_periods(policy: Policy, language: str = "en") -> list[str]:
    """One sentence for each period by class and country, with its why, and for each minimum of a law."""
    retention = policy.retention
    named = [("", retention.classes), *((f" in {name}", periods) for name, periods in retention.countries.items())]
    said = [
        f"{data.replace('_', ' ').capitalize()}{where}: at most {describe_duration(period.keep_for)}."
        f" {period.why.in_language(language)}"
        for where, periods in named
        for data, period in periods.items()
    ]
    for hold in retention.holds:
        where = "" if hold.country is None else f" in {hold.country}"
        said.append(
            f"{hold.data.replace('_', ' ').capitalize()}{where}: at least {describe_duration(hold.keep_for)} after the"
            f" end, because of a law ({hold.code}): {hold.law.in_language(language)}"
        )
    if retention.list_holds():
        said.append(
            "Where a customer lives is not known, so the longest of these counts for everyone. What a law keeps stays"
            " locked and is opened by nobody; then it is destroyed, with a deletion receipt."
        )
    return said
