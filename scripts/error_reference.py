"""Writes `docs/reference/errors.md` from the one table of answers; with `--check`, says what is wrong and fails.

It fails when an error of the code base has a code that the table does not know, when a row of the table is raised
nowhere, when no test asserts a code, and when the page is not current. The code is read, not imported: a module that
does not import is still looked at.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.pages import find_age, write_or_check
from verifier.web.answers import ANSWERS, OUR_FAULTS, SECTIONS, Answer

PAGE: Final = Path("docs", "reference", "errors.md")
_CODE_ROOMS: Final = ("verifier", "workers", "policies")
_TABLE: Final = Path("verifier", "web", "answers")
_BASE: Final = "VerifierError"
_INTRODUCTION: Final = """\
# Errors

Every refusal under `/v1` is an RFC 9457 problem (`application/problem+json`): `type`, `title`, `status`, `detail`, and
with them `code`, which never changes, and `next_step`. People get the same sentences as a page. What was sent is never
repeated. Numbers that a sentence names stand under `facts`.

This page is written by `scripts/error_reference.py`. Change the table in `verifier/web/answers`, then run it.
"""


def _trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(folder.rglob("*.py")):
        yield file, ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def _name_of(base: ast.expr) -> str:
    return base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""


def _own_code(definition: ast.ClassDef) -> str | None:
    for statement in definition.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        named = any(isinstance(target, ast.Name) and target.id == "code" for target in targets)
        if named and isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Constant):
            return str(statement.value.value)
    return None


def errors_defined(root: Path) -> dict[str, tuple[str, str]]:
    """Every subclass of `VerifierError` with a code of its own: its name → the code, and the file that defines it."""
    definitions = [
        (file, node)
        for room in _CODE_ROOMS
        for file, tree in _trees(root / room)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    family = {_BASE}
    while True:
        grown = family | {node.name for _, node in definitions if family & set(map(_name_of, node.bases))}
        if grown == family:
            break
        family = grown
    found = ((file, node.name, _own_code(node)) for file, node in definitions if node.name in family)
    return {name: (code, str(file.relative_to(root))) for file, name, code in found if code is not None}


def _literals(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def codes_named(root: Path) -> set[str]:
    """Every literal of our own code outside the table: codes that are answered without an error of their own."""
    rooms = (pair for room in _CODE_ROOMS for pair in _trees(root / room))
    return {text for file, tree in rooms if root / _TABLE not in file.parents for text in _literals(tree)}


def _words(root: Path) -> dict[str, str]:
    """Every member of a `StrEnum` of ours, as code writes it → its value: `Refusal.CORRUPT_PDF` → corrupt_pdf."""
    return {
        f"{node.name}.{target.id}": str(member.value.value)
        for room in _CODE_ROOMS
        for _, tree in _trees(root / room)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "StrEnum" in map(_name_of, node.bases)
        for member in node.body
        if isinstance(member, ast.Assign) and isinstance(member.value, ast.Constant)
        for target in member.targets
        if isinstance(target, ast.Name)
    }


def _tables(tree: ast.Module) -> dict[str, ast.expr]:
    """The constants of a test module by name: what its parametrised tests are made of."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def codes_asserted(root: Path) -> set[str]:
    """What tests assert: by literal or word of ours, in an assertion, a parameter or a table, or by `pytest.raises`."""
    codes = {name: code for name, (code, _) in errors_defined(root).items()}
    words = _words(root)

    def said(node: ast.AST) -> set[str]:
        members = {ast.unparse(part) for part in ast.walk(node) if isinstance(part, ast.Attribute)}
        return _literals(node) | {words[member] for member in members if member in words}

    found: set[str] = set()
    for _, tree in _trees(root / "tests"):
        tables = _tables(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                found |= said(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for decorator in node.decorator_list:
                    found |= said(decorator)
                names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
                found |= {text for name in names & tables.keys() for text in said(tables[name])}
            elif isinstance(node, ast.Call) and _name_of(node.func) == "raises":
                found |= {codes[name] for name in map(_name_of, node.args) if name in codes}
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _row(code: str, row: Answer) -> str:
    limit = f" {row.limit}" if row.limit else ""
    wait = f", `Retry-After: {row.retry_after}`" if row.retry_after else ""
    says = f"**{row.title}.** {row.detail}{limit}"
    return f"| `{code}` | {row.status}{wait} | {_cell(says)} | {_cell(row.next_step)} |"


def page() -> str:
    """The reference page as the table has it now."""
    lines = [_INTRODUCTION]
    for title, rows in SECTIONS.items():
        lines += [f"## {title}", "", "| Code | Status | What it says | What to do |", "|---|---|---|---|"]
        lines += [*(_row(code, rows[code]) for code in sorted(rows)), ""]
    lines += ["## Faults of ours", "", "A client reads `internal` instead of these; operators meet them in the log and"]
    lines += ["in commands.", "", "| Code | What it means |", "|---|---|"]
    lines += [f"| `{code}` | {_cell(OUR_FAULTS[code])} |" for code in sorted(OUR_FAULTS)]
    return "\n".join(lines) + "\n"


def complaints(root: Path) -> list[str]:
    """One sentence for each thing that is wrong."""
    defined = sorted(errors_defined(root).values())
    raised, named, asserted = {code for code, _ in defined}, codes_named(root), codes_asserted(root)
    found = [
        f"{file} raises {code!r}, which verifier/web/answers does not know."
        for code, file in defined
        if code not in ANSWERS and code not in OUR_FAULTS
    ]
    found += [
        f"{code!r} stands both as an answer and as a fault." for code in sorted(ANSWERS.keys() & OUR_FAULTS.keys())
    ]
    found += [f"{code!r} is in the table, but nothing raises it." for code in sorted(ANSWERS) if code not in named]
    found += [f"{code!r} is listed as a fault, but nothing raises it." for code in sorted(OUR_FAULTS.keys() - raised)]
    found += [f"{code!r} is asserted by no test." for code in sorted(ANSWERS) if code not in asserted]
    return found + find_age(root, PAGE, page(), script="scripts.error_reference")


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page, complaints))
