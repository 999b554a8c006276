"""A form of details, read: the inputs of one question become one text, and what was typed stays at hand.

The names: `detail.<field>` and `caption.<document>.<slot>`; a detail whose question has several inputs sends them as
`detail.<field>.<part>` (`PARTS`). Leaves to others: whether the texts have their format (`verifier.proofs.details`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request

from policies.model import Policy
from policies.parts import DetailKind
from verifier.proofs.details import CAPTION, DETAIL, Typed
from verifier.proofs.errors import UnknownDetailError
from verifier.web.errors import InvalidFieldError
from verifier.web.json_bodies import parse_json_object

PARTS: Final[Mapping[DetailKind, tuple[str, ...]]] = {
    DetailKind.AMOUNT: ("number", "currency"),
    DetailKind.DATE: ("day", "month", "year"),
    DetailKind.EMAIL_HEADER: ("pasted", "from", "to", "date", "time"),
}
_MOST_FIELDS: Final = 200
_HEADER_LINES: Final = (("From", "from"), ("To", "to"), ("Date", "date"), ("Time", "time"))


@dataclass(frozen=True)
class Sent:
    """What came, as a form or as JSON, under the names of a form's inputs."""

    form_token: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)


async def read_sent(request: Request) -> Sent:
    """Raises: MalformedJsonError, InvalidFieldError"""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        return _read_json(parse_json_object(await request.body()))
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
    return Sent(fields.pop("form_token", ""), fields)


def _read_json(body: Mapping[str, object]) -> Sent:
    fields: dict[str, str] = {}
    for member, prefix in (("details", DETAIL), ("captions", CAPTION)):
        given = body.get(member, {})
        if not isinstance(given, dict) or len(given) > _MOST_FIELDS:
            raise InvalidFieldError({"pointer": f"/{member}"})
        if not all(isinstance(text, str) for text in given.values()):
            raise InvalidFieldError({"pointer": f"/{member}"})
        fields |= {f"{prefix}{name}": text for name, text in given.items()}
    token = body.get("form_token", "")
    if not isinstance(token, str):
        raise InvalidFieldError({"pointer": "/form_token"})
    return Sent(token, fields)


@dataclass(frozen=True)
class DetailsForm:
    """What was sent. `values`: by the name of the input, exactly as it was typed, to be shown again after an error."""

    typed: Typed
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


def read_details_form(fields: Mapping[str, str], policy: Policy) -> DetailsForm:
    """The details and captions among the fields of a form; all other fields are left alone.

    Raises:
        UnknownDetailError: a name that belongs to no detail of the policy.
    """
    values = {name: text for name, text in fields.items() if name.startswith((DETAIL, CAPTION))}
    captions = {name.removeprefix(CAPTION): text for name, text in values.items() if name.startswith(CAPTION)}
    parts: dict[str, dict[str, str]] = {}
    for name, text in values.items():
        if name.startswith(DETAIL):
            code, _dot, part = name.removeprefix(DETAIL).partition(".")
            parts.setdefault(code, {})[part] = text
    details = {code: _join(policy, code, given) for code, given in parts.items()}
    return DetailsForm(Typed(details=details, captions=captions), values)


def _join(policy: Policy, code: str, given: Mapping[str, str]) -> str:
    rules = policy.details.get(code)
    if rules is None or not set(given) <= {"", *PARTS.get(rules.kind, ())}:
        raise UnknownDetailError
    if "" in given:
        return given[""]
    said = {part: text.strip() for part, text in given.items() if text.strip()}
    match rules.kind:
        case DetailKind.AMOUNT:
            return f"{said.get('number', '')} {said.get('currency', '')}".strip()
        case DetailKind.DATE:
            return "-".join(said.get(part, "") for part in ("year", "month", "day")) if said else ""
        case _:
            return said["pasted"] if "pasted" in said else _write_header(said)


def _write_header(said: Mapping[str, str]) -> str:
    # One input is one line: a line break inside it must not begin another field.
    return "\n".join(f"{name}: {' '.join(said[part].split())}" for name, part in _HEADER_LINES if part in said)
