"""Policy text in, `Policy` out; or a `PolicyError` that names line, column and what to change.

Guarantees, beyond each section's own bounds: every document that is asked for has rules and every rule is used;
every slot has a title; a customer who keeps to the rules cannot run into a limit; and no time that is promised to
anyone outlasts what it depends on.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from policies.ask import is_contact_only
from policies.ladder import Named, read_ladder
from policies.model import Policy
from policies.nodes import Fields, Node, Place, read_tree
from policies.parts import (
    USUAL_CONTACTS,
    DetailRules,
    DetailsRequirement,
    DocumentRequirement,
    DocumentRules,
    ProofLine,
    Table,
    Text,
)
from policies.proof_rules import read_contacts, read_details, read_documents
from policies.reading import read_code, read_coded_texts, read_fields, read_text
from policies.sections import (
    read_limits,
    read_link,
    read_reasons,
    read_retention,
    read_review,
)

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_REQUIRED: Final = ("policy", "title", "link", "proofs", "review", "reasons")
_OPTIONAL: Final = ("documents", "details", "contacts", "retention", "limits")


def parse_policy(text: str, *, origin: str) -> Policy:
    """Read one policy. `origin` (a file name) stands in every refusal; raises `PolicyError` and nothing else."""
    root = read_tree(text, origin=origin)
    found = read_fields(root, what="A policy", required=_REQUIRED, optional=_OPTIONAL)
    if "retention" not in found:
        raise root.place.refuse(
            "missing_retention", "A policy needs `retention`: without it, what is sent would stay for ever."
        )
    nothing = Fields(root.place, ())
    documents = read_documents(found["documents"]) if "documents" in found else Table[DocumentRules](())
    details = read_details(found["details"]) if "details" in found else Table[DetailRules](())
    policy = Policy(
        name=read_code(found["policy"], what="`policy`", pattern=_NAME),
        title=read_text(found["title"], what="`title`"),
        link=read_link(found["link"]),
        ladder=read_ladder(found["proofs"], named=Named(documents, details)),
        documents=documents,
        review=read_review(found["review"]),
        retention=read_retention(found["retention"]),
        reasons=read_reasons(found["reasons"], stock=_stock_reasons()),
        limits=read_limits(found.get("limits", nothing)),
        details=details,
        contacts=read_contacts(found["contacts"]) if "contacts" in found else USUAL_CONTACTS,
    )
    _verify_every_rule_is_used(policy, node=found.get("documents", nothing))
    _verify_every_field_is_used(policy, node=found.get("details", nothing))
    _verify_contacts_are_used(policy, found=found)
    _verify_reviewers_compare(policy, place=found["review"].place)
    _verify_limits_leave_room(policy, place=found.get("limits", root).place)
    _verify_times_agree(policy, place=found["retention"].place)
    return policy


@cache
def _stock_reasons() -> Table[Text]:
    text = files("policies").joinpath("reasons.yaml").read_text(encoding="utf-8")
    tree = read_tree(text, origin="reasons.yaml")
    return read_coded_texts(tree, what="The stock of reasons", least=1, most=30, stock={})


def _verify_every_rule_is_used(policy: Policy, *, node: Node) -> None:
    used = {(slot.document, slot.slot) for slot in policy.slots()}
    for name, place in _key_places(node):
        unused = [slot for slot in policy.documents[name].slot_titles if (name, slot) not in used]
        if len(unused) == len(policy.documents[name].slot_titles):
            raise place.refuse("unused_rules", f"No line of `proofs` asks for `{name}`. Use its rules or remove them.")
        if unused:
            raise place.refuse("slot_titles", f"No line of `proofs` asks for `{unused[0]}` of `{name}`. Remove it.")


def _verify_every_field_is_used(policy: Policy, *, node: Node) -> None:
    asked = (item for line in policy.ladder for item in line if isinstance(item, DetailsRequirement))
    used = {field for item in asked for field in item.fields}
    for name, place in _key_places(node):
        if name not in used:
            raise place.refuse("unused_rules", f"No line of `proofs` asks for `{name}`. Use its rules or remove them.")


def _verify_contacts_are_used(policy: Policy, *, found: Mapping[str, Node]) -> None:
    if "contacts" in found and not policy.has_contact_checks():
        raise found["contacts"].place.refuse(
            "unused_rules", "No line of `proofs` asks for a contact check. Use these rules or remove them."
        )


def _verify_reviewers_compare(policy: Policy, *, place: Place) -> None:
    alone = [is_contact_only(line) for line in policy.ladder]
    if policy.review.contact_checks_decide and not any(alone):
        raise place.refuse(
            "unused_rules",
            "`contact_checks_decide` needs a line of contact checks alone. Add one, or remove it.",
        )
    if not policy.review.checklist and not all(alone):
        raise place.refuse(
            "missing_key", "`review` needs `checklist`: a person reviews documents and details; what do they compare?"
        )


def _key_places(node: Node) -> list[tuple[str, Place]]:
    return [(key.text, key.place) for key, _ in node.pairs] if isinstance(node, Fields) else []


def _verify_limits_leave_room(policy: Policy, *, place: Place) -> None:
    for line in policy.ladder:
        slots = sum(len(item.slots) for item in line if isinstance(item, DocumentRequirement))
        if slots > policy.limits.max_documents:
            raise place.refuse(
                "limits_too_small",
                f"A line of `proofs` asks for {slots} documents, but `max_documents` is {policy.limits.max_documents}.",
            )
        needed = _bytes_of(line, policy=policy)
        if needed > policy.limits.total_bytes:
            raise place.refuse(
                "limits_too_small",
                f"A line of `proofs` allows {needed} bytes in all, but `total_bytes` is {policy.limits.total_bytes}."
                " Who keeps to the rules must not run into a limit.",
            )


def _bytes_of(line: ProofLine, *, policy: Policy) -> int:
    asked = (item for item in line if isinstance(item, DocumentRequirement))
    return sum(policy.documents[item.document].max_bytes * len(item.slots) for item in asked)


def _verify_times_agree(policy: Policy, *, place: Place) -> None:
    if policy.link.open_for + policy.review.answer_for > policy.retention.undecided_for:
        raise place.refuse(
            "too_little_time",
            "`undecided_for` is shorter than `open_for` and `answer_for` together: documents sent on the last day"
            " would be destroyed before the desk promised to answer.",
        )
    if policy.link.status_for > policy.retention.forget_rows_after:
        raise place.refuse(
            "too_little_time",
            "`status_for` is longer than `forget_rows_after`: the link would promise an outcome that is forgotten.",
        )
