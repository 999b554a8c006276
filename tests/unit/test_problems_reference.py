"""The check of the table against the code finds what it says it finds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import error_reference
from verifier.web.answers import ANSWERS

ERROR = (
    'from verifier.errors import VerifierError\nclass OneError(VerifierError):\n    """One."""\n    code = "{code}"\n'
)


@pytest.fixture
def complaints(tmp_path: Path) -> Callable[..., list[str]]:
    """What the check says about a tree with this one module and this one test."""

    def check(*, module: str, test: str = "", page: str = "") -> list[str]:
        for name, text in (
            ("verifier/rooms.py", module),
            ("tests/test_rooms.py", test),
            (str(error_reference.PAGE), page or error_reference.page()),
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return list(error_reference.complaints(tmp_path))

    return check


def test_an_error_whose_code_the_table_does_not_know_is_found(complaints: Callable[..., list[str]]) -> None:
    said = "verifier/rooms.py raises 'no_such_code', which verifier/web/answers does not know."

    assert said in complaints(module=ERROR.format(code="no_such_code"))
    assert said not in complaints(module=ERROR.format(code="forbidden"))


def test_an_error_of_an_error_and_one_with_a_typed_code_are_found(complaints: Callable[..., list[str]]) -> None:
    module = ERROR.format(code="forbidden") + "class TwoError(OneError):\n    code: ClassVar[str] = 'no_such_code'\n"

    assert any("'no_such_code'" in sentence for sentence in complaints(module=module))


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("", True),
        ("NAME = 'forbidden'\n", True),
        ("def test_it():\n    assert answer == 'forbidden'\n", False),
        ("@mark.parametrize('code', ['forbidden'])\ndef test_it(code):\n    assert answer == code\n", False),
        ("def test_it():\n    with pytest.raises(OneError):\n        pass\n", False),
    ],
)
def test_a_code_that_no_test_asserts_is_found(complaints: Callable[..., list[str]], test: str, *, found: bool) -> None:
    said = complaints(module=ERROR.format(code="forbidden"), test=test)

    assert ("'forbidden' is asserted by no test." in said) == found


def test_a_word_of_ours_in_an_assertion_is_its_code(complaints: Callable[..., list[str]]) -> None:
    module = ERROR.format(code="forbidden") + 'class Refusal(StrEnum):\n    CORRUPT_PDF = "corrupt_pdf"\n'
    test = "def test_it():\n    assert error.reason is Refusal.CORRUPT_PDF\n"

    assert "'corrupt_pdf' is asserted by no test." not in complaints(module=module, test=test)
    assert "'corrupt_pdf' is asserted by no test." in complaints(module=module)


def test_a_row_that_nothing_raises_is_found(complaints: Callable[..., list[str]]) -> None:
    said = complaints(module=ERROR.format(code="forbidden"))

    assert "'forbidden' is in the table, but nothing raises it." not in said
    assert "'not_found' is in the table, but nothing raises it." in said


def test_a_page_that_is_not_current_is_found(complaints: Callable[..., list[str]]) -> None:
    said = "docs/reference/errors.md is not current. Run python -m scripts.error_reference."

    assert said not in complaints(module="")
    assert said in complaints(module="", page="# Errors\n")


def test_the_page_names_every_code() -> None:
    page = error_reference.page()

    assert [code for code in ANSWERS if f"| `{code}` |" not in page] == []
