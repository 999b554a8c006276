"""The README leads to every page for operators, names every command, and leads nowhere that is not there."""

import re
from pathlib import Path
from typing import Final

import pytest
from typer.main import get_command

from verifier.cli import app

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES: Final = sorted(
    str(page.relative_to(ROOT)) for room in ("how-to", "reference") for page in (ROOT / "docs" / room).glob("*.md")
)


@pytest.mark.parametrize("page", PAGES)
def test_the_readme_leads_to_every_guide_and_reference(page: str) -> None:
    assert f"]({page})" in README


def test_the_readme_and_the_list_of_changes_name_every_command_and_no_other() -> None:
    commands = sorted(get_command(app).commands)  # type: ignore[attr-defined]
    named = next(line for line in README.splitlines() if line.startswith("On the command line:"))
    assert sorted(each.removeprefix("verifier ") for each in re.findall("`([a-z -]+)`", named) if "--" not in each) == (
        commands
    )
    told = next(line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if "The command line:" in line)
    assert [each for each in commands if f"`{each}`" not in told] == []


def test_what_the_readme_leads_to_is_there() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)", README) if "://" not in target]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
