"""Writes `docs/reference/api.md` from the OpenAPI document of the app; with `--check`, fails when it is not current.

The app is made from a house in a folder of its own, which is removed again; nothing is served.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from scripts.pages import find_age, write_or_check
from verifier.app import create_app
from verifier.settings import Settings
from verifier.wiring import open_house

PAGE: Final = Path("docs", "reference", "api.md")
_SECTIONS: Final = {
    "agent": "The desk's system",
    "reviewer": "Reviewers",
    "auditor": "Auditors",
    "customer": "Customers",
    "health": "Operators",
}
_NOT_OURS: Final = frozenset({"HTTPValidationError", "ValidationError"})
_INTRODUCTION: Final = """\
# The API

Programs send an API key as `Authorization: Bearer vk_…`; its role and scopes say what it may do. Bodies are JSON, where
nothing else is said; unknown fields are refused. Every refusal is a problem with a stable `code`:
[errors](errors.md). A POST of the desk's system and a decision may carry an `Idempotency-Key`; then they may be sent
again. Uploads may not: ask how things stand first. Customers' addresses are pages; where `Accept` asks for JSON they
answer programs too, with a form token from the page before.

The same as OpenAPI 3.1, from a running service: `/v1/openapi.json`. This page is written by `scripts/api_reference.py`.
"""

Json = Mapping[str, Any]


def read_openapi() -> Json:
    with tempfile.TemporaryDirectory(prefix="api-") as folder:
        house = open_house(Settings(home=Path(folder) / "home"))
        try:
            return create_app(house).openapi()
        finally:
            house.close()


def page() -> str:
    """The reference page as the app is now."""
    return _write(read_openapi())


def _write(api: Json) -> str:
    """The page: the doors of each audience, then the shapes that the doors under `/v1` speak."""
    parts = [_INTRODUCTION]
    for tag, title in _SECTIONS.items():
        rows = [_door(method, path, door) for method, path, door in _doors(api) if door["tags"][0] == tag]
        parts.append(f"## {title}\n\n| | | |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    parts.append("## Shapes\n")
    parts += [_shape(name, api["components"]["schemas"][name]) for name in _list_shapes(api)]
    return "\n".join(parts)


def _doors(api: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in api["paths"].items():
        for method, door in methods.items():
            yield method.upper(), path, door


def _door(method: str, path: str, door: Json) -> str:
    asked = [each["name"] for each in door.get("parameters", []) if each["in"] == "query"]
    query = f"?{'&'.join(asked)}" if asked else ""
    takes = [_speak(body) for body in door.get("requestBody", {}).get("content", {}).values()]
    answers = ", ".join(
        _answer(path, status, answer) for status, answer in door["responses"].items() if status != "422"
    )
    says = " → ".join(filter(None, [*takes, answers]))
    return f"| `{method} {path}{query}` | {_cell(door['description'])} | {says} |"


def _answer(path: str, status: str, answer: Json) -> str:
    shapes = [_speak(body) for body in answer.get("content", {}).values()]
    is_page = not path.startswith(("/v1/", "/health/"))  # pages redirect, or answer in more than one way
    return " ".join(filter(None, ["" if is_page else status, *shapes]))


def _speak(content: Json) -> str:
    """The shapes of a body, where they have names; the forms of pages have none of ours."""
    schema = content.get("schema", {})
    names = [_name(each) for each in schema.get("anyOf", [schema])]
    return " or ".join(name for name in names if name and "Body_" not in name)


def _list_shapes(api: Json) -> list[str]:
    """What programs send and get; forms of pages and the framework's own shapes are left out."""
    return [name for name in sorted(api["components"]["schemas"]) if name not in _NOT_OURS and "Body_" not in name]


def _shape(name: str, schema: Json) -> str:
    about = f"\n{schema['description']}\n" if "description" in schema else ""
    needed = schema.get("required", [])
    rows = []
    for field, rules in schema.get("properties", {}).items():
        must = "" if field in needed else "optional"
        rows.append(f"| `{field}` | {_kind(rules)} | {must} | {_cell(rules.get('description', ''))} |")
    table = "\n| | | | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n" if rows else f"\n{_kind(schema)}\n"
    return f"### `{name}`\n{about}{table}"


def _kind(rules: Json) -> str:
    if "enum" in rules:
        return " · ".join(f"`{value}`" for value in rules["enum"])
    if "const" in rules:
        return f"`{rules['const']}`"
    if "anyOf" in rules:
        return " or ".join(_kind(each) for each in rules["anyOf"])
    if rules.get("type") == "array":
        return f"list of {_kind(rules.get('items', {}))}"
    if "additionalProperties" in rules and isinstance(rules["additionalProperties"], dict):
        return f"map to {_kind(rules['additionalProperties'])}"
    return _name(rules) or str(rules.get("format") or rules.get("type") or "anything")


def _name(schema: Json) -> str:
    """The name of a shape that is referred to, or nothing."""
    referred = str(schema.get("$ref", "")).rpartition("/")[2]
    return f"`{referred}`" if referred else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def complaints(root: Path) -> list[str]:
    """One sentence for each thing that is wrong."""
    return find_age(root, PAGE, page(), script="scripts.api_reference")


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page, complaints))
