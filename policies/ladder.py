"""The ladder of proof: lines of requirements, least intrusive first; one whole line is enough.

Guarantees that no line is empty or could be skipped whole, that each document, slot and field that is asked for has
its rules, that each check fits its contact point, and that every line can be reached.
"""

from dataclasses import dataclass
from typing import Final

from policies.ask import needs_checks_only
from policies.nodes import Fields, Items, Node
from policies.parts import (
    METHODS_OF,
    CheckMethod,
    ContactKind,
    ContactRequirement,
    DetailRules,
    DetailsRequirement,
    DocumentRequirement,
    DocumentRules,
    ProofLine,
    Requirement,
    Table,
    is_optional,
)
from policies.reading import (
    read_choice,
    read_code,
    read_codes,
    read_fields,
    read_items,
    read_switch_or,
    suggest,
)

_KINDS: Final = ("document", "contact", "details")


@dataclass(frozen=True)
class Named:
    """What a line may name."""

    documents: Table[DocumentRules]
    details: Table[DetailRules]


def read_ladder(node: Node, *, named: Named) -> tuple[ProofLine, ...]:
    """The lines of proof, least intrusive first; one whole line is enough."""
    if isinstance(node, Items) and not node.nodes:
        raise node.place.refuse(
            "empty_ladder",
            "`proofs` is empty. A policy that asks for nothing would accept everyone, or keep everyone out: name at"
            " least one line of proof.",
        )
    lines: list[ProofLine] = []
    for item in read_items(node, what="`proofs`", least=1, most=8):
        line = _line(item, named=named)
        _verify_reachable(line, before=lines, node=item)
        lines.append(line)
    return tuple(lines)


def _line(node: Node, *, named: Named) -> ProofLine:
    if isinstance(node, Items) and not node.nodes:
        raise node.place.refuse(
            "empty_proof", "This line of proof is empty: it would accept everyone. Name what proves."
        )
    line: list[Requirement] = []
    for item in read_items(node, what="A line of proof", least=1, most=8):
        requirement = _requirement(item, named=named)
        if any(_subject(requirement) == _subject(other) for other in line):
            advice = f"{_subject(requirement)} stands in this line twice. Put them into one entry, or remove one."
            raise item.place.refuse("duplicate_code", advice)
        line.append(requirement)
    if all(map(is_optional, line)):
        raise node.place.refuse(
            "empty_proof", "Everything in this line is optional: it would accept everyone. Name what proves."
        )
    return tuple(line)


def _subject(requirement: Requirement) -> str:
    """What may stand in a line once."""
    match requirement:
        case DocumentRequirement():
            return f"`{requirement.document}`"
        case ContactRequirement():
            return f"`{requirement.contact}` by `{requirement.by}`"
        case DetailsRequirement():
            return "`details`"


def _verify_reachable(line: ProofLine, *, before: list[ProofLine], node: Node) -> None:
    """Who could satisfy this line has satisfied the earlier one already, with less: nobody would ever come here.

    But checks of a contact point that changed recently are not enough alone, and are beside something else.
    """
    for number, earlier in enumerate(before, start=1):
        is_for_recent = needs_checks_only(earlier) and not needs_checks_only(line)
        if needs(earlier) <= needs(line) and not is_for_recent:
            raise node.place.refuse(
                "unreachable",
                f"This line asks for all that line {number} asks for: who can take it is done there already. Put the"
                " one that asks for less alone, or remove one.",
            )


def needs(line: ProofLine) -> frozenset[tuple[str, str]]:
    """What must be there for the line to hold, as comparable pairs."""
    return frozenset(pair for item in line if not is_optional(item) for pair in _pairs(item))


def extras(line: ProofLine) -> frozenset[tuple[str, str]]:
    """What may be sent along, and is never missing, as the same pairs."""
    return frozenset(pair for item in line if is_optional(item) for pair in _pairs(item))


def _pairs(item: Requirement) -> set[tuple[str, str]]:
    match item:
        case DocumentRequirement():
            return {(f"document {item.document}", slot) for slot in item.slots}
        case ContactRequirement():
            return {(f"contact {item.contact}", item.by)}
        case DetailsRequirement():
            return {("details", field) for field in item.fields}


def _requirement(node: Node, *, named: Named) -> Requirement:
    kinds = [key for key, _ in node.pairs if key.text in _KINDS] if isinstance(node, Fields) else []
    kind = kinds[0].text if kinds else "document"
    if kind == "contact":
        return _contact(node)
    if kind == "details":
        return _details(node, rules=named.details)
    return _document(node, rules=named.documents)


def _document(node: Node, *, rules: Table[DocumentRules]) -> DocumentRequirement:
    found = read_fields(node, what="A proof", required=("document", "slots"), optional=("optional",))
    document = read_code(found["document"], what="`document`")
    if document not in rules:
        raise found["document"].place.refuse(
            "no_rules", f"`{document}` has no rules under `documents`.{suggest(document, tuple(rules))}"
        )
    slots = read_codes(found["slots"], what="`slots`", most=6)
    for slot in slots:
        if slot not in rules[document].slot_titles:
            known = tuple(rules[document].slot_titles)
            raise found["slots"].place.refuse(
                "slot_titles", f"`{slot}` has no title under `documents.{document}.slots`.{suggest(slot, known)}"
            )
    return DocumentRequirement(document, slots, read_switch_or(found, "optional", default=False))


def _contact(node: Node) -> ContactRequirement:
    found = read_fields(node, what="A contact check", required=("contact", "by"))
    contact = ContactKind(read_choice(found["contact"], what="`contact`", choices=tuple(ContactKind)))
    by = CheckMethod(read_choice(found["by"], what="`by`", choices=tuple(CheckMethod)))
    if by not in METHODS_OF[contact]:
        fitting = " or ".join(f"`{method}`" for method in METHODS_OF[contact])
        raise found["by"].place.refuse("unfit_check", f"`{contact}` cannot be checked by `{by}`. Write {fitting}.")
    return ContactRequirement(contact, by)


def _details(node: Node, *, rules: Table[DetailRules]) -> DetailsRequirement:
    found = read_fields(node, what="A proof by details", required=("details",))
    fields = read_codes(found["details"], what="`details`", most=12)
    for field in fields:
        if field not in rules:
            raise found["details"].place.refuse(
                "no_rules", f"`{field}` has no rules under `details`.{suggest(field, tuple(rules))}"
            )
    return DetailsRequirement(fields)
