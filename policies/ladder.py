"""The ladder of proof: lines of requirements, least intrusive first; one whole line is enough.

Guarantees that no line is empty and that each document and slot that is asked for has its rules and its title.
Contact checks and details are in the language, and refused until they can be made.
"""

from typing import Final

from policies.nodes import Fields, Items, Node
from policies.parts import DocumentRequirement, DocumentRules, ProofLine, Table
from policies.reading import read_choice, read_code, read_codes, read_fields, read_items, suggest

_KINDS: Final = ("document", "contact", "details")


def read_ladder(node: Node, *, documents: Table[DocumentRules]) -> tuple[ProofLine, ...]:
    """The lines of proof, least intrusive first; one whole line is enough."""
    if isinstance(node, Items) and not node.nodes:
        raise node.place.refuse(
            "empty_ladder",
            "`proofs` is empty. A policy that asks for nothing would accept everyone, or keep everyone out: name at"
            " least one line of proof.",
        )
    lines = read_items(node, what="`proofs`", least=1, most=8)
    return tuple(_line(line, documents=documents) for line in lines)


def _line(node: Node, *, documents: Table[DocumentRules]) -> ProofLine:
    if isinstance(node, Items) and not node.nodes:
        raise node.place.refuse(
            "empty_proof", "This line of proof is empty: it would accept everyone. Name a document."
        )
    line: list[DocumentRequirement] = []
    for item in read_items(node, what="A line of proof", least=1, most=8):
        requirement = _requirement(item, documents=documents)
        if any(requirement.document == other.document for other in line):
            raise item.place.refuse(
                "duplicate_code", f"`{requirement.document}` stands in this line twice. Put its slots into one entry."
            )
        line.append(requirement)
    return tuple(line)


def _requirement(node: Node, *, documents: Table[DocumentRules]) -> DocumentRequirement:
    kinds = [key for key, _ in node.pairs if key.text in _KINDS] if isinstance(node, Fields) else []
    if kinds and kinds[0].text == "contact":
        _refuse_contact(node)
    if kinds and kinds[0].text == "details":
        _refuse_details(node)
    found = read_fields(node, what="A proof", required=("document", "slots"))
    document = read_code(found["document"], what="`document`")
    if document not in documents:
        raise found["document"].place.refuse(
            "no_rules", f"`{document}` has no rules under `documents`.{suggest(document, tuple(documents))}"
        )
    slots = read_codes(found["slots"], what="`slots`", most=6)
    for slot in slots:
        if slot not in documents[document].slot_titles:
            known = tuple(documents[document].slot_titles)
            raise found["slots"].place.refuse(
                "slot_titles", f"`{slot}` has no title under `documents.{document}.slots`.{suggest(slot, known)}"
            )
    return DocumentRequirement(document, slots)


# Contact checks and details are read in full, so that a mistake in them is named as one, and only then refused.


def _refuse_contact(node: Node) -> None:
    found = read_fields(node, what="A contact check", required=("contact", "by"))
    read_choice(found["contact"], what="`contact`", choices=("email", "phone"))
    read_choice(found["by"], what="`by`", choices=("code", "reply"))
    raise node.place.refuse(
        "not_yet", "Contact checks are part of the language, but this version cannot make them yet. Remove the line."
    )


def _refuse_details(node: Node) -> None:
    found = read_fields(node, what="A proof by details", required=("details",))
    read_codes(found["details"], what="`details`", most=12)
    raise node.place.refuse(
        "not_yet", "Details are part of the language, but this version cannot ask for them yet. Remove the entry."
    )
