"""The sections of a policy that hold for every proof, each read by itself within its bounds.

The bounds are the product's: a policy may ask for less, never for more. What sections must say to each other
(rules that are used, limits that leave room) is checked in `policies.language`; what a proof names is read in
`policies.proof_rules`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from policies.nodes import Items, Leaf, Node
from policies.parts import (
    ChecklistItem,
    Limits,
    LinkRules,
    Reason,
    ReviewRules,
    Text,
)
from policies.reading import (
    read_choice,
    read_coded_texts,
    read_duration,
    read_duration_or,
    read_fields,
    read_number_or,
    read_size,
    read_switch_or,
)

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_REVIEW_OPTIONAL: Final = (
    "checklist", "four_eyes", "second_look_share", "resubmissions", "claim_for", "expected", "contact_checks_decide",
)  # fmt: skip
_NO_STOCK: Final[Mapping[str, Text]] = {}


def read_link(node: Node) -> LinkRules:
    """How long the link takes documents and shows the outcome."""
    found = read_fields(node, what="`link`", required=("open_for", "status_for"))
    return LinkRules(
        open_for=read_duration(found["open_for"], what="`open_for`", least=10 * _MINUTE, most=30 * _DAY),
        status_for=read_duration(found["status_for"], what="`status_for`", least=_DAY, most=366 * _DAY),
    )


def read_review(node: Node) -> ReviewRules:
    """Who decides, by when, and what they compare."""
    found = read_fields(node, what="`review`", required=("lines", "answer_for"), optional=_REVIEW_OPTIONAL)
    lines: Literal[1, 2] = 2 if read_choice(found["lines"], what="`lines`", choices=("1", "2")) == "2" else 1
    decides = read_switch_or(found, "contact_checks_decide", default=False)
    if "checklist" not in found and not decides:
        raise node.place.refuse("missing_key", "`review` needs `checklist`: what does the reviewer compare?")
    nothing = Items(node.place, ())
    least = 1 if "checklist" in found else 0
    checklist = read_coded_texts(
        found.get("checklist", nothing), what="`checklist`", least=least, most=12, stock=_NO_STOCK
    )
    expected = found.get("expected", nothing)
    return ReviewRules(
        lines=lines,
        answer_for=read_duration(found["answer_for"], what="`answer_for`", least=_HOUR, most=30 * _DAY),
        # Four eyes unless the policy says otherwise: a default must not weaken.
        four_eyes=read_switch_or(found, "four_eyes", default=True),
        second_look_share=read_number_or(found, "second_look_share", least=0, most=100, default=0),
        checklist=tuple(ChecklistItem(code, text) for code, text in checklist.items()),
        resubmissions=read_number_or(found, "resubmissions", least=0, most=10, default=3),
        claim_for=read_duration_or(found, "claim_for", least=_MINUTE, most=8 * _HOUR, default=15 * _MINUTE),
        expected_fields=read_coded_texts(expected, what="`expected`", least=0, most=12, stock=_NO_STOCK),
        contact_checks_decide=decides,
    )


def read_reasons(node: Node, *, stock: Mapping[str, Text]) -> tuple[Reason, ...]:
    """What the customer may be told."""
    found = read_coded_texts(node, what="`reasons`", least=1, most=30, stock=stock)
    return tuple(Reason(code, text) for code, text in found.items())


def read_limits(node: Node) -> Limits:
    """What one verification may send."""
    found = read_fields(
        node, what="`limits`", required=(), optional=("max_documents", "uploads_at_once", "total_bytes")
    )
    total = Leaf(node.place, "100MB", is_plain=True)
    return Limits(
        max_documents=read_number_or(found, "max_documents", least=1, most=100, default=20),
        uploads_at_once=read_number_or(found, "uploads_at_once", least=1, most=4, default=2),
        total_bytes=read_size(found.get("total_bytes", total), what="`total_bytes`", least=1000, most=1_000_000_000),
    )
