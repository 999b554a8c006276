"""The policy language as JSON Schema (2020-12), for editors: it completes and underlines while somebody writes.

Guarantees that every policy is accepted by it. It refuses less than the parser does: what sections must say to each
other, and texts that are missing in a language, only `policies.language` knows.
"""

from typing import Any, Final

from policies.parts import METHODS_OF, ContactKind, DetailKind
from policies.reading import CODE, LANGUAGE, NAME
from policies.retention import DataClass

Schema = dict[str, Any]

_TEXT: Final = {"$ref": "#/$defs/text"}
_DURATION: Final = {"$ref": "#/$defs/duration"}
_CODE: Final = {"$ref": "#/$defs/code"}
_SWITCH: Final = {"type": "boolean"}
_PERIODS: Final = {"$ref": "#/$defs/periods"}


def build_schema() -> Schema:
    """The whole schema, as plain values."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A policy of Verifier",
        "oneOf": [_with_proofs(), _without_proof()],
        "$defs": {
            "text": _keyed(
                {"type": "string", "minLength": 1},
                names=LANGUAGE.pattern,
                required=["en"],
                says="A sentence by language, such as {en: …, nl: …}.",
            ),
            "code": {"type": "string", "pattern": f"^{CODE.pattern}$"},
            "duration": {"type": "string", "pattern": "^P[0-9DWTHMS]+$", "description": "Such as P3D or PT48H."},
            "size": {"type": ["string", "integer"], "description": "Such as 20MB or 16MiB."},
            "coded": {"oneOf": [_CODE, _keyed(_TEXT, names=CODE.pattern, most=1)]},
            "period": _object({"keep_for": _DURATION, "why": _TEXT}, required=("keep_for", "why")),
            "periods": _object({data.value: {"$ref": "#/$defs/period"} for data in DataClass}),
            "requirement": {"oneOf": [_document_asked(), _details_asked(), *map(_check_asked, METHODS_OF)]},
        },
    }


def _with_proofs() -> Schema:
    return _object(
        {
            **_head(),
            "link": _object({"open_for": _DURATION, "status_for": _DURATION}, required=("open_for", "status_for")),
            "proofs": _list(_list({"$ref": "#/$defs/requirement"}, least=1, most=8), least=1, most=8),
            "documents": _keyed(_document(), names=CODE.pattern, most=12),
            "details": _keyed(_detail(), names=CODE.pattern, most=16),
            "contacts": _object({"changed_within": _DURATION, "tell_other": _SWITCH, "forbid_disposable": _SWITCH}),
            "review": _review(),
            "retention": _retention(),
            "reasons": _list({"$ref": "#/$defs/coded"}, least=1, most=30),
            "limits": _object(
                {
                    "max_documents": _number(1, 100),
                    "uploads_at_once": _number(1, 4),
                    "total_bytes": {"$ref": "#/$defs/size"},
                }
            ),
        },
        required=("policy", "title", "link", "proofs", "review", "retention", "reasons"),
    )


def _without_proof() -> Schema:
    why = _object({"why": _TEXT}, required=("why",))
    return _object({**_head(), "no_proof": why}, required=("policy", "title", "no_proof"))


def _head() -> Schema:
    languages = _list({"type": "string", "pattern": f"^{LANGUAGE.pattern}$"}, least=1, most=24)
    return {"policy": {"type": "string", "pattern": f"^{NAME.pattern}$"}, "title": _TEXT, "languages": languages}


def _document_asked() -> Schema:
    return _object(
        {"document": _CODE, "slots": _list(_CODE, least=1, most=6), "optional": _SWITCH}, required=("document", "slots")
    )


def _details_asked() -> Schema:
    return _object({"details": _list(_CODE, least=1, most=12)}, required=("details",))


def _check_asked(contact: ContactKind) -> Schema:
    methods = {"enum": [method.value for method in METHODS_OF[contact]]}
    return _object({"contact": {"const": contact.value}, "by": methods}, required=("contact", "by"))


def _document() -> Schema:
    required = ("title", "max_bytes", "max_pages", "must_show", "may_cover", "slots")
    return _object(
        {
            "title": _TEXT,
            "max_bytes": {"$ref": "#/$defs/size"},
            "max_pages": _number(1, 50),
            "must_show": _TEXT,
            "may_cover": _TEXT,
            "slots": _keyed(_TEXT, names=CODE.pattern, most=None),
            "captions": _SWITCH,
        },
        required=required,
    )


def _detail() -> Schema:
    kinds = {"enum": [kind.value for kind in DetailKind]}
    return _object({"kind": kinds, "title": _TEXT, "hint": _TEXT}, required=("kind", "title"))


def _review() -> Schema:
    return _object(
        {
            "lines": {"enum": [1, 2]},
            "answer_for": _DURATION,
            "checklist": _list({"$ref": "#/$defs/coded"}, least=1, most=12),
            "expected": _list({"$ref": "#/$defs/coded"}, least=0, most=12),
            "four_eyes": _SWITCH,
            "second_look_share": _number(0, 100),
            "resubmissions": _number(0, 10),
            "claim_for": _DURATION,
            "contact_checks_decide": _SWITCH,
        },
        required=("lines", "answer_for"),
    )


def _retention() -> Schema:
    hold = _object(
        {
            "class": {"enum": [data.value for data in DataClass]},
            "keep_for": _DURATION,
            "law": _TEXT,
            "code": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,39}$"},
            "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
        },
        required=("class", "keep_for", "law"),
    )
    return _object(
        {
            "undecided_for": _DURATION,
            "why": _TEXT,
            "unfinished_upload_for": _DURATION,
            "forget_rows_after": _DURATION,
            "hold_for": _DURATION,
            "classes": _PERIODS,
            "countries": _keyed(_PERIODS, names="[A-Z]{2}"),
            "holds": _list(hold, least=0, most=8),
        },
        required=("undecided_for", "why"),
    )


def _object(properties: Schema, *, required: tuple[str, ...] = ()) -> Schema:
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | {"required": list(required)} if required else made


def _keyed(
    value: Schema, *, names: str, most: int | None = None, required: list[str] | None = None, says: str = ""
) -> Schema:
    made: Schema = {"type": "object", "patternProperties": {f"^{names}$": value}, "additionalProperties": False}
    made |= {"maxProperties": most} if most else {}
    made |= {"required": required} if required else {"minProperties": 1}
    return made | {"description": says} if says else made


def _list(items: Schema, *, least: int, most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def _number(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}
