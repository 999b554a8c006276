"""Writes `docs/retention.md` from the policies that come with the product; with `--check`, fails if it is not current.

The page is for auditors and customers' data protection officers: what is kept, how long at most, and why, in one place.
Everything on it is the policies' own.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from policies import Policy, describe_duration, load_builtin
from policies.retention import LegalHold
from scripts.pages import find_age, write_or_check

PAGE: Final = Path("docs", "retention.md")
_INTRODUCTION: Final = """\
# How long things stay

What a customer sends is destroyed when their verification ends: decided, cancelled, withdrawn or expired. The key goes
within seconds and the bytes are seen absent within a minute; each document earns a deletion receipt. The periods below
are the longest that anything can stay if nobody decides.

Where a period names a country, it holds for customers there; Verifier is not told where a customer lives, so it keeps
to the shortest.

A law's minimum is a hold with that law as its reason. It counts from the end of the verification, for what was there
then and could be decided on: documents with their captions, details, or contact points. From the end on no page and no
programme opens it; the customer's page and the auditor's say until when it is kept, and why. When the minimum is over
it is destroyed as everything else is, with the same receipts. Of several minimums the longest counts, for the same
reason. What a customer took back, what was refused and what had to be sent again is not kept. {laws}

An installation with policies of its own: `verifier policy explain NAME` says the same of each of them.

This page is written by `scripts/retention_page.py` from `policies/builtin`. Change the policy, then run it.
"""
_NAMES: Final = {
    "documents": "Documents",
    "details": "Details",
    "contact_points": "Contact points",
    "rows": "Case number and digests, after the end",
}


def page() -> str:
    """The page as the policies have it now."""
    policies = load_builtin().values()
    holds = any(policy.retention.list_holds() for policy in policies)
    said = "The policies that have one say so below." if holds else "No policy below has one for what customers send."
    introduction = _INTRODUCTION.format(laws=said)
    return "\n".join([introduction, *(line for policy in policies for line in _section(policy))]) + "\n"


def _section(policy: Policy) -> Iterator[str]:
    yield from (f"## {policy.title['en']}", "", f"Policy `{policy.name}`. {policy.retention.why['en']}", "")
    if policy.no_proof is not None:
        yield from ("Nothing is asked for and nothing is kept.", "")
        return
    yield from ("| What | Where | At most | Why |", "|---|---|---|---|")
    yield from (f"| {what} | {where} | {how_long} | {why} |" for what, where, how_long, why in _rows(policy))
    yield ""
    for hold in policy.retention.holds:
        yield from (_hold(hold), "")


def _rows(policy: Policy) -> Iterator[tuple[str, str, str, str]]:
    retention = policy.retention
    undecided = describe_duration(retention.longest_undecided())
    yield "All that was sent, if nobody decides", "everywhere", undecided, "The shortest of the periods below."
    if policy.documents:
        upload = describe_duration(retention.unfinished_upload_for)
        yield "An upload that broke off", "everywhere", upload, "So that it can be sent once more."
    shown = describe_duration(policy.link.status_for)
    yield "The outcome, for the customer", "everywhere", shown, "So that they can see it, and the deletion receipts."
    rows = describe_duration(retention.longest_rows())
    if "rows" not in retention.classes:
        yield _NAMES["rows"], "everywhere", rows, "So that the desk can answer questions about the case."
    for where, periods in (("everywhere", retention.classes), *retention.countries.items()):
        for data, period in periods.items():
            yield _NAMES[data], where, describe_duration(period.keep_for), period.why["en"]


def _hold(hold: LegalHold) -> str:
    where = "everywhere" if hold.country is None else f"in {hold.country}"
    return (
        f"By law, {where}: {_NAMES[hold.data].lower()} stay at least {describe_duration(hold.keep_for)} after the end."
        f" {hold.law['en']}"
    )


def complaints(root: Path) -> list[str]:
    """One sentence for each thing that is wrong."""
    return find_age(root, PAGE, page(), script="scripts.retention_page")


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page, complaints))
