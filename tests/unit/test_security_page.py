"""Every check that SECURITY.md names is there: a file that exists, and a test of that name in it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def list_checks() -> list[tuple[str, str]]:
    """File and test, as the page names them; `::name` alone is in the file named before it."""
    checks, file = [], ""
    for named in re.findall(r"`((?:tests/|::)[^`]*)`", PAGE):
        path, _, test = named.partition("::")
        file = path or file
        checks.append((file, test))
    return checks


def test_every_file_that_the_page_names_is_there() -> None:
    files = {file for file, _ in list_checks()}
    assert len(files) > 15
    assert [file for file in files if not list(ROOT.glob(file.rstrip("/")))] == []


def test_every_test_that_the_page_names_is_there() -> None:
    named = [(file, test) for file, test in list_checks() if test]
    assert len(named) > 15
    assert [test for file, test in named if f"\ndef {test}(" not in (ROOT / file).read_text(encoding="utf-8")] == []
