"""The sections of a policy, each read by itself within its bounds.

The bounds are the product's: a policy may ask for less, never for more. What sections must say to each other
(rules that are used, limits that leave room) is checked in `policies.language`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from policies.nodes import Fields, Items, Leaf, Node
from policies.parts import (
    ChecklistItem,
    DocumentRules,
    Limits,
    LinkRules,
    Reason,
    RetentionRules,
    ReviewRules,
    Table,
    Text,
)
from policies.reading import (
    read_choice,
    read_code,
    read_coded_texts,
    read_duration,
    read_fields,
    read_number,
    read_size,
    read_switch,
    read_text,
)

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_NO_STOCK: Final[Mapping[str, Text]] = {}


def _number(found: Mapping[str, Node], name: str, *, least: int, most: int, default: int) -> int:
    return read_number(found[name], what=f"`{name}`", least=least, most=most) if name in found else default


def _duration(
    found: Mapping[str, Node], name: str, *, least: timedelta, most: timedelta, default: timedelta
) -> timedelta:
    return read_duration(found[name], what=f"`{name}`", least=least, most=most) if name in found else default


def read_link(node: Node) -> LinkRules:
    """How long the link takes documents and shows the outcome."""
    found = read_fields(node, what="`link`", required=("open_for", "status_for"))
    return LinkRules(
        open_for=read_duration(found["open_for"], what="`open_for`", least=10 * _MINUTE, most=30 * _DAY),
        status_for=read_duration(found["status_for"], what="`status_for`", least=_DAY, most=366 * _DAY),
    )


def read_documents(node: Node) -> Table[DocumentRules]:
    """The rules of each document, by its code."""
    if not isinstance(node, Fields) or not node.pairs:
        raise node.place.refuse("wrong_kind", "`documents` is a mapping: each document with its rules.")
    if len(node.pairs) > 12:
        raise node.pairs[12][0].place.refuse("too_many", "`documents` takes at most 12 documents.")
    rules = {read_code(key, what="A document's name"): _rules(value, name=key.text) for key, value in node.pairs}
    return Table.of(sorted(rules.items()))


def _rules(node: Node, *, name: str) -> DocumentRules:
    what = f"`documents.{name}`"
    found = read_fields(
        node, what=what, required=("title", "max_bytes", "max_pages", "must_show", "may_cover", "slots")
    )
    return DocumentRules(
        title=read_text(found["title"], what=f"{what}: `title`"),
        max_bytes=read_size(found["max_bytes"], what=f"{what}: `max_bytes`", least=1000, most=100_000_000),
        max_pages=read_number(found["max_pages"], what=f"{what}: `max_pages`", least=1, most=50),
        must_show=read_text(found["must_show"], what=f"{what}: `must_show`"),
        may_cover=read_text(found["may_cover"], what=f"{what}: `may_cover`"),
        slot_titles=_slot_titles(found["slots"], what=f"{what}: `slots`"),
    )


def _slot_titles(node: Node, *, what: str) -> Table[Text]:
    if not isinstance(node, Fields) or not node.pairs:
        raise node.place.refuse("wrong_kind", f"{what} is a mapping: each slot with the title that people read.")
    titles = {
        read_code(key, what="A slot"): read_text(value, what=f"{what}: `{key.text}`") for key, value in node.pairs
    }
    return Table.of(sorted(titles.items()))


def read_review(node: Node) -> ReviewRules:
    """Who decides, by when, and what they compare."""
    optional = ("four_eyes", "second_look_share", "resubmissions", "claim_for", "expected")
    found = read_fields(node, what="`review`", required=("lines", "answer_for", "checklist"), optional=optional)
    lines: Literal[1, 2] = 2 if read_choice(found["lines"], what="`lines`", choices=("1", "2")) == "2" else 1
    checklist = read_coded_texts(found["checklist"], what="`checklist`", least=1, most=12, stock=_NO_STOCK)
    expected = found.get("expected", Items(node.place, ()))
    return ReviewRules(
        lines=lines,
        answer_for=read_duration(found["answer_for"], what="`answer_for`", least=_HOUR, most=30 * _DAY),
        # Four eyes unless the policy says otherwise: a default must not weaken.
        four_eyes=read_switch(found["four_eyes"], what="`four_eyes`") if "four_eyes" in found else True,
        second_look_share=_number(found, "second_look_share", least=0, most=100, default=0),
        checklist=tuple(ChecklistItem(code, text) for code, text in checklist.items()),
        resubmissions=_number(found, "resubmissions", least=0, most=10, default=3),
        claim_for=_duration(found, "claim_for", least=_MINUTE, most=8 * _HOUR, default=15 * _MINUTE),
        expected_fields=read_coded_texts(expected, what="`expected`", least=0, most=12, stock=_NO_STOCK),
    )


def read_retention(node: Node) -> RetentionRules:
    """How long things stay, and why."""
    optional = ("unfinished_upload_for", "forget_rows_after", "hold_for")
    found = read_fields(node, what="`retention`", required=("undecided_for", "why"), optional=optional)
    return RetentionRules(
        undecided_for=read_duration(found["undecided_for"], what="`undecided_for`", least=_HOUR, most=90 * _DAY),
        why=read_text(found["why"], what="`why`"),
        unfinished_upload_for=_duration(found, "unfinished_upload_for", least=_MINUTE, most=_DAY, default=_HOUR),
        forget_rows_after=_duration(found, "forget_rows_after", least=_DAY, most=366 * _DAY, default=90 * _DAY),
        hold_for=_duration(found, "hold_for", least=_DAY, most=366 * _DAY, default=30 * _DAY),
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
        max_documents=_number(found, "max_documents", least=1, most=100, default=20),
        uploads_at_once=_number(found, "uploads_at_once", least=1, most=4, default=2),
        total_bytes=read_size(found.get("total_bytes", total), what="`total_bytes`", least=1000, most=1_000_000_000),
    )
