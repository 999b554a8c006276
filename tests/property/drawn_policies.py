"""Any ladder over a small world, for laws of the decision functions and for orders of events under it.

`written` turns one into the text of a policy that an installation reads: what the parser calls unreachable is left out,
by the parser itself.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hypothesis import strategies as st

from policies import (
    METHODS_OF,
    CheckMethod,
    ContactKind,
    ContactRequirement,
    DetailsRequirement,
    DocumentRequirement,
    Policy,
    PolicyError,
    ProofLine,
    is_contact_only,
)
from policies.language import parse_policy
from policies.writing import Written, written_ladder
from tests.case_policies import CASE_POLICIES

Check = tuple[ContactKind, CheckMethod]
Part = ContactRequirement | str | tuple[str, str]

BASE: Final = CASE_POLICIES["account-recovery"]
SLOTS: Final = [(document, slot) for document in ("identity", "letter") for slot in ("front", "back")]
CHECKS: Final[Sequence[Check]] = [(kind, method) for kind, methods in METHODS_OF.items() for method in methods]
GIVEN_BY_HAND: Final[Sequence[Check]] = [
    (ContactKind.EMAIL, CheckMethod.CODE),
    (ContactKind.PHONE, CheckMethod.CODE),
    (ContactKind.ACCOUNT, CheckMethod.ATTESTATION),
]
"""The checks that need nothing but what a test has in its hands."""
FIELDS: Final = ["hash", "amount", "date"]
TYPED: Final = {"hash": "ab" * 32, "amount": "12.50 EUR", "date": "2026-11-22"}
_KINDS: Final = {"hash": "transaction_hash", "amount": "amount", "date": "date"}


@st.composite
def lines(draw: st.DrawFn, checks: Sequence[Check] = CHECKS) -> ProofLine:
    """Any line over a small world; at least one of its requirements is not optional."""
    asked = [ContactRequirement(*check) for check in sorted(draw(st.frozensets(st.sampled_from(checks), max_size=2)))]
    fields = sorted(draw(st.frozensets(st.sampled_from(FIELDS), max_size=2)))
    documents = sorted(draw(st.frozensets(st.sampled_from(("identity", "letter")), max_size=2)))
    line: list[ContactRequirement | DetailsRequirement | DocumentRequirement] = [*asked]
    line += [DetailsRequirement(tuple(fields))] if fields else []
    for document in documents:
        slots = tuple(sorted(draw(st.frozensets(st.sampled_from(("front", "back")), min_size=1))))
        line.append(DocumentRequirement(document, slots, is_optional=draw(st.booleans())))
    return tuple(draw(st.permutations(line)))


@st.composite
def policies(draw: st.DrawFn, checks: Sequence[Check] = CHECKS) -> Policy:
    """Any ladder of one to four lines that a policy can be built with."""
    ladder = tuple(line for line in draw(st.lists(lines(checks), min_size=1, max_size=4)) if needs(line)) or (
        (DetailsRequirement(("hash",)),),
    )
    return replace(BASE, ladder=ladder, review=replace(BASE.review, contact_checks_decide=draw(st.booleans())))


def needs(line: ProofLine) -> set[object]:
    """What must be there, written a second time, apart from the code that is tested."""
    found: set[object] = set()
    for item in line:
        if isinstance(item, ContactRequirement):
            found.add((item.contact, item.by))
        elif isinstance(item, DetailsRequirement):
            found |= set(item.fields)
        elif not item.is_optional:
            found |= {(item.document, slot) for slot in item.slots}
    return found


def list_parts(line: ProofLine) -> list[Part]:
    """Everything that a line names, what is optional included: checks, fields, and slots of documents."""
    parts: list[Part] = []
    for item in line:
        match item:
            case ContactRequirement():
                parts.append(item)
            case DetailsRequirement():
                parts += item.fields
            case DocumentRequirement():
                parts += [(item.document, slot) for slot in item.slots]
    return parts


@dataclass(frozen=True)
class Drawn:
    """A ladder, and what a policy says besides of contact checks."""

    ladder: tuple[ProofLine, ...]
    may_decide: bool
    tells_other: bool


@st.composite
def ladders(draw: st.DrawFn) -> Drawn:
    """Any ladder whose checks are given by hand; often checks alone come first, which seldom happens by chance."""
    policy = draw(policies(GIVEN_BY_HAND))
    first = draw(st.lists(st.sampled_from(GIVEN_BY_HAND), max_size=2, unique=True))
    alone = [tuple(ContactRequirement(*check) for check in first)] if first else []
    return Drawn((*alone, *policy.ladder), policy.review.contact_checks_decide, draw(st.booleans()))


def written(drawn: Drawn, *, name: str) -> str:
    """The text of a policy with all lines of the ladder that can be reached, in their order."""
    kept: tuple[ProofLine, ...] = ()
    for line in drawn.ladder:
        longer = (*kept, line)
        try:
            parse_policy(_written(replace(drawn, ladder=longer), name=name), origin=name)
        except PolicyError as error:
            if error.code != "unreachable":
                raise
        else:
            kept = longer
    return _written(replace(drawn, ladder=kept), name=name)


def _written(drawn: Drawn, *, name: str) -> str:
    """Every policy in JSON is one in YAML too."""
    items = [item for line in drawn.ladder for item in line]
    asked = {(item.document, slot) for item in items if isinstance(item, DocumentRequirement) for slot in item.slots}
    fields = {field for item in items if isinstance(item, DetailsRequirement) for field in item.fields}
    policy: dict[str, Written] = {
        "policy": name,
        "title": {"en": "Any policy"},
        "link": {"open_for": "P3D", "status_for": "P30D"},
        "proofs": written_ladder(drawn.ladder),
        "review": {"lines": 1, "answer_for": "PT24H", "checklist": [{"same": {"en": "It is the same."}}]},
        "retention": {"undecided_for": "P7D", "why": {"en": "So that nobody else gets in."}},
        "reasons": [{"unreadable": {"en": "We could not read it."}}],
    }
    if asked:
        policy["documents"] = {document: _rules(document, asked) for document in sorted({name for name, _ in asked})}
    if fields:
        policy["details"] = {field: {"kind": _KINDS[field], "title": {"en": field}} for field in sorted(fields)}
    if any(isinstance(item, ContactRequirement) for item in items):
        policy["contacts"] = {"changed_within": "P7D", "tell_other": drawn.tells_other}
    if drawn.may_decide and any(map(is_contact_only, drawn.ladder)):
        assert isinstance(policy["review"], dict)
        policy["review"]["contact_checks_decide"] = True
    return json.dumps(policy, indent=1)


def _rules(document: str, asked: set[tuple[str, str]]) -> Written:
    return {
        "title": {"en": document},
        "max_bytes": "5MB",
        "max_pages": 2,
        "must_show": {"en": "Your name."},
        "may_cover": {"en": "Everything else."},
        "slots": {slot: {"en": slot} for name, slot in sorted(asked) if name == document},
    }
