"""What the sections of a policy must say to each other, each refusal with its place.

Guarantees: every document and field that is asked for has rules and every rule is used; whatever is kept has a period;
a customer who keeps to the rules cannot run into a limit; no time that is promised to anyone outlasts what it depends
on; and a person who reviews is told what to compare.
"""

from collections.abc import Iterator, Mapping

from policies.ask import is_contact_only
from policies.model import Policy
from policies.nodes import Fields, Node, Place
from policies.parts import DocumentRequirement, ProofLine
from policies.retention import DataClass


def verify_agreement(policy: Policy, *, root: Node, found: Mapping[str, Node]) -> None:
    """Raise `PolicyError` for the first thing in one section that another contradicts."""
    _verify_documents_are_used(policy, node=found.get("documents"))
    _verify_fields_are_used(policy, node=found.get("details"))
    _verify_contacts_are_used(policy, node=found.get("contacts"))
    _verify_reviewers_compare(policy, place=found["review"].place)
    _verify_limits_leave_room(policy, place=found.get("limits", root).place)
    _verify_times_agree(policy, place=found["retention"].place)
    _verify_all_is_kept_for_a_time(policy, retention=found["retention"])


def _verify_documents_are_used(policy: Policy, *, node: Node | None) -> None:
    used = {(slot.document, slot.slot) for slot in policy.slots()}
    for name, place in _key_places(node):
        unused = [slot for slot in policy.documents[name].slot_titles if (name, slot) not in used]
        if len(unused) == len(policy.documents[name].slot_titles):
            raise place.refuse("unused_rules", f"No line of `proofs` asks for `{name}`. Use its rules or remove them.")
        if unused:
            raise place.refuse("slot_titles", f"No line of `proofs` asks for `{unused[0]}` of `{name}`. Remove it.")


def _verify_fields_are_used(policy: Policy, *, node: Node | None) -> None:
    used = policy.fields()
    for name, place in _key_places(node):
        if name not in used:
            raise place.refuse("unused_rules", f"No line of `proofs` asks for `{name}`. Use its rules or remove them.")


def _verify_contacts_are_used(policy: Policy, *, node: Node | None) -> None:
    if node is not None and not policy.has_contact_checks():
        raise node.place.refuse(
            "unused_rules", "No line of `proofs` asks for a contact check. Use these rules or remove them."
        )


def _verify_reviewers_compare(policy: Policy, *, place: Place) -> None:
    alone = [is_contact_only(line) for line in policy.ladder]
    if policy.review.contact_checks_decide and not any(alone):
        raise place.refuse(
            "unused_rules", "`contact_checks_decide` needs a line of contact checks alone. Add one, or remove it."
        )
    if policy.review.contact_checks_decide and (policy.review.lines > 1 or policy.review.second_look_share):
        raise place.refuse(
            "contradiction",
            "`contact_checks_decide` approves without a person, but `lines: 2` and `second_look_share` ask for two."
            " Remove one of them.",
        )
    if not policy.review.checklist and not all(alone):
        raise place.refuse(
            "missing_key", "`review` needs `checklist`: a person reviews documents and details; what do they compare?"
        )


def _key_places(node: Node | None) -> list[tuple[str, Place]]:
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
    if policy.link.open_for + policy.review.answer_for > policy.retention.longest_undecided():
        raise place.refuse(
            "too_little_time",
            "`undecided_for`, or a period that shortens it, is shorter than `open_for` and `answer_for` together:"
            " what is sent on the last day would be destroyed before the desk promised to answer.",
        )
    if policy.link.status_for > policy.retention.longest_rows():
        raise place.refuse(
            "too_little_time",
            "`status_for` is longer than `forget_rows_after`, or than a period that shortens it: the link would promise"
            " an outcome that is forgotten.",
        )


def _verify_all_is_kept_for_a_time(policy: Policy, *, retention: Node) -> None:
    kept = set(_classes_of(policy))
    if policy.retention.classes:
        for data in DataClass:
            if data in kept and data not in policy.retention.classes:
                raise retention.place.refuse(
                    "missing_retention", f"`classes` says nothing of `{data}`: how long do they stay, and why?"
                )
    named = {*policy.retention.classes, *(data for each in policy.retention.countries.values() for data in each)}
    named |= {hold.data.value for hold in policy.retention.holds}
    for unknown in sorted(named - {data.value for data in kept}):
        raise retention.place.refuse(
            "unused_rules", f"`retention` gives a period for `{unknown}`, but no line of `proofs` asks for any."
        )


def _classes_of(policy: Policy) -> Iterator[DataClass]:
    yield DataClass.ROWS
    if policy.slots():
        yield DataClass.DOCUMENTS
    if policy.fields():
        yield DataClass.DETAILS
    if policy.has_contact_checks():
        yield DataClass.CONTACT_POINTS
