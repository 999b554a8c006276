"""The rules of what a proof names: documents, details, contact points; each read by itself within its bounds.

The bounds are the product's: a policy may ask for less, never for more. Whether every rule is used, and everything that
is asked for has its rules, is checked in `policies.ladder` and `policies.language`.
"""

from datetime import timedelta
from typing import Final

from policies.nodes import Fields, Node
from policies.parts import USUAL_CONTACTS, ContactRules, DetailKind, DetailRules, DocumentRules, Table, Text
from policies.reading import (
    read_choice,
    read_code,
    read_duration_or,
    read_fields,
    read_number,
    read_size,
    read_switch_or,
    read_text,
)

_DAY: Final = timedelta(days=1)


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
    required = ("title", "max_bytes", "max_pages", "must_show", "may_cover", "slots")
    found = read_fields(node, what=what, required=required, optional=("captions",))
    return DocumentRules(
        title=read_text(found["title"], what=f"{what}: `title`"),
        max_bytes=read_size(found["max_bytes"], what=f"{what}: `max_bytes`", least=1000, most=100_000_000),
        max_pages=read_number(found["max_pages"], what=f"{what}: `max_pages`", least=1, most=50),
        must_show=read_text(found["must_show"], what=f"{what}: `must_show`"),
        may_cover=read_text(found["may_cover"], what=f"{what}: `may_cover`"),
        slot_titles=_slot_titles(found["slots"], what=f"{what}: `slots`"),
        captions=read_switch_or(found, "captions", default=False),
    )


def _slot_titles(node: Node, *, what: str) -> Table[Text]:
    if not isinstance(node, Fields) or not node.pairs:
        raise node.place.refuse("wrong_kind", f"{what} is a mapping: each slot with the title that people read.")
    titles = {
        read_code(key, what="A slot"): read_text(value, what=f"{what}: `{key.text}`") for key, value in node.pairs
    }
    return Table.of(sorted(titles.items()))


def read_details(node: Node) -> Table[DetailRules]:
    """The fields that the customer types, by their codes."""
    if not isinstance(node, Fields) or not node.pairs:
        raise node.place.refuse("wrong_kind", "`details` is a mapping: each field with its kind and its title.")
    if len(node.pairs) > 16:
        raise node.pairs[16][0].place.refuse("too_many", "`details` takes at most 16 fields.")
    rules = {read_code(key, what="A field's name"): _detail(value, name=key.text) for key, value in node.pairs}
    return Table.of(sorted(rules.items()))


def _detail(node: Node, *, name: str) -> DetailRules:
    what = f"`details.{name}`"
    found = read_fields(node, what=what, required=("kind", "title"), optional=("hint",))
    return DetailRules(
        kind=DetailKind(read_choice(found["kind"], what=f"{what}: `kind`", choices=tuple(DetailKind))),
        title=read_text(found["title"], what=f"{what}: `title`"),
        hint=read_text(found["hint"], what=f"{what}: `hint`") if "hint" in found else None,
    )


def read_contacts(node: Node) -> ContactRules:
    """What holds for every contact check."""
    found = read_fields(
        node, what="`contacts`", required=(), optional=("changed_within", "tell_other", "forbid_disposable")
    )
    return ContactRules(
        changed_within=read_duration_or(
            found, "changed_within", least=timedelta(hours=1), most=366 * _DAY, default=USUAL_CONTACTS.changed_within
        ),
        tell_other=read_switch_or(found, "tell_other", default=USUAL_CONTACTS.tell_other),
        forbid_disposable=read_switch_or(found, "forbid_disposable", default=USUAL_CONTACTS.forbid_disposable),
    )
