"""Pages that a script writes: written anew, or with `--check` compared with what the script would write now.

Guarantees: `--check` changes nothing, says everything that is wrong on standard error, and fails where anything is.
Leaves to others: what the page says, and what else may be wrong with it.
"""

import argparse
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent

Complaints = Callable[[Path], Collection[str]]
"""What is wrong below a root, one sentence for each thing."""


def find_age(root: Path, page: Path, made: str, *, script: str) -> list[str]:
    """A complaint where the page does not say what the script makes now."""
    file = root / page
    if file.is_file() and file.read_text(encoding="utf-8") == made:
        return []
    return [f"{page} is not current. Run python -m {script}."]


def write_or_check(page: Path, make: Callable[[], str], complaints: Complaints) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(description=f"Write or check {page}.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail where something is wrong")
    if parser.parse_args().check:
        return tell(complaints(_ROOT))
    (_ROOT / page).parent.mkdir(parents=True, exist_ok=True)
    (_ROOT / page).write_text(make(), encoding="utf-8")
    return 0


def tell(complaints: Collection[str]) -> int:
    """Say each on standard error; the exit code."""
    for sentence in complaints:
        print(sentence, file=sys.stderr)
    return 1 if complaints else 0
