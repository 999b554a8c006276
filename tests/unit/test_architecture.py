"""The house keeps its one arrow: `workers → verifier → policies`, and inside verifier only downwards (DESIGN 3 and 12).

Reads the source, so an import inside a function counts like any other: an arrow that is hidden is an arrow.
"""

import ast
import re
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("workers", "verifier", "policies")  # each may import those after it

# DESIGN 3, from the top to the bottom. A room may import what stands after it, and itself.
DOORS: Final = (
    *(
        "__main__",
        "cli",
        "policy_commands",
        "recovery_commands",
        "opening",
        "doctor",
        "serve",
        "app",
        "wiring",
        "stores",
        "address",
    ),
    "demo",
)
ROOMS: Final = (
    *("web", "metrics", "recovery"),
    *("reviews", "proofs", "contacts", "disposal", "evidence", "verifications", "retention", "notices", "staff"),
    *("audit", "vault", "translog", "sanitise", "broker", "db"),
)
GROUND: Final = (
    *("telemetry", "meters", "faults", "safety", "passwords", "trust", "space", "durability"),
    *("settings", "locales", "ids", "errors"),
)
FLOORS: Final = (*DOORS, *ROOMS, *GROUND)

# A client of the public doors: it knows how we fail and where we live, and counts markers in a picture.
DEMO_KNOWS: Final = frozenset({"verifier.errors", "verifier.settings", "verifier.sanitise.segments"})

MOST_FILE_LINES: Final = 400
MOST_FUNCTION_LINES: Final = 50
MEDIAN_FILE_LINES: Final = 130
NINETIETH_FUNCTION_LINES: Final = 30
GENERATED: Final = "verifier.db.migrations.versions."  # written by Alembic, once

BANNED: Final = {
    r"\bUploadFile\b": "spools uploads in clear to the temp folder",
    r"except Exception:\s*pass": "swallows every error",
    r"\bparseaddr\b": "mis-parses hostile addresses",
    r"datetime\.(utcnow|now)\(\)": "time is handed in, and aware",
    r"\b(TODO|FIXME|XXX)\b": "finish it, or say it in a note",
}

Sources = Mapping[str, str]
Arrows = Mapping[str, frozenset[str]]


def read_sources() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = path.read_text(encoding="utf-8")
    return found


def read_arrows(sources: Sources) -> Arrows:
    """Which of our modules each module imports, wherever in it the import stands."""
    return {name: frozenset(_imports(text, known=sources)) - {name} for name, text in sources.items()}


def _imports(text: str, *, known: Sources) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out: a relative one hides where it leads"
            if (node.module or "").split(".")[0] in PACKAGES:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in known else node.module or ""


def find_wrong_arrows(arrows: Arrows) -> list[str]:
    return [f"{name} → {to}" for name in arrows for to in sorted(arrows[name]) if not is_allowed(name, to)]


def is_allowed(name: str, to: str) -> bool:
    begin, end = name.split("."), to.split(".")
    if begin[0] != end[0]:
        return PACKAGES.index(begin[0]) < PACKAGES.index(end[0])
    if begin[0] != "verifier" or begin[1:2] == end[1:2]:
        return True
    if begin[1] == "demo":
        return to in DEMO_KNOWS
    # Only the commands may start the demo: nothing else depends on it.
    return len(end) > 1 and FLOORS.index(begin[1]) < FLOORS.index(end[1]) and (end[1] != "demo" or begin[1] == "cli")


def find_circles(arrows: Arrows) -> list[str]:
    """Modules that reach themselves; each circle once, by the first of its names."""
    reach: dict[str, set[str]] = {name: set(to) for name, to in arrows.items()}
    is_growing = True
    while is_growing:
        is_growing = False
        for found in reach.values():
            farther = found.union(*(reach.get(name, set()) for name in found))
            is_growing = is_growing or farther != found
            found.update(farther)
    return sorted(name for name, found in reach.items() if name in found)


def find_banned(sources: Sources) -> list[str]:
    return [
        f"{name}:{text[: hit.start()].count(chr(10)) + 1} {hit[0]!r}: {why}"
        for name, text in sources.items()
        for pattern, why in BANNED.items()
        for hit in re.finditer(pattern, text)
    ]


def measure_functions(sources: Sources) -> dict[str, int]:
    return {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name, text in sources.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return read_sources()


def written_by_us(sources: Sources) -> dict[str, str]:
    return {name: text for name, text in sources.items() if not name.startswith(GENERATED)}


def test_every_room_stands_on_a_floor(sources: Sources) -> None:
    rooms = {name.split(".")[1] for name in sources if name.startswith("verifier.")}
    assert rooms <= set(FLOORS), f"give these a floor in DESIGN 3 and here: {sorted(rooms - set(FLOORS))}"


def test_no_import_runs_against_the_arrow(sources: Sources) -> None:
    assert find_wrong_arrows(read_arrows(sources)) == []


def test_no_modules_import_each_other_in_a_circle(sources: Sources) -> None:
    assert find_circles(read_arrows(sources)) == []


def test_no_banned_word_stands_in_the_source(sources: Sources) -> None:
    assert find_banned(sources) == []


def test_only_what_notes_it_says_that_a_link_may_be_shown(sources: Sources) -> None:
    assert [name for name, text in sources.items() if re.search(r"(?<!class )\bNoted\(", text)] == [
        "verifier.web.link_showing"
    ]


def test_files_stay_short(sources: Sources) -> None:
    lengths = {name: text.count("\n") for name, text in written_by_us(sources).items()}
    assert {name: length for name, length in lengths.items() if length > MOST_FILE_LINES} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_FILE_LINES


def test_functions_stay_short(sources: Sources) -> None:
    lengths = measure_functions(written_by_us(sources))
    assert {name: length for name, length in lengths.items() if length > MOST_FUNCTION_LINES} == {}
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= NINETIETH_FUNCTION_LINES


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("policies.model", "import verifier.ids"),
        ("policies.model", "from verifier.ids import is_id"),
        ("verifier.cli", "def main() -> None:\n    from workers.schedule import plan_jobs"),
        ("verifier.vault.service", "from verifier.audit.service import record"),
        ("verifier.ids", "from verifier.settings import Settings"),
        ("verifier.web.health", "from verifier.wiring import House"),
        ("verifier.wiring", "from verifier.app import create_app"),
        ("verifier.demo.play", "from verifier.wiring import open_house"),
        ("verifier.serve", "from verifier.demo.play import play"),
    ],
)
def test_an_arrow_that_runs_upwards_is_seen(name: str, text: str) -> None:
    assert len(find_wrong_arrows(read_arrows({name: text}))) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("workers.schedule", "from verifier.wiring import Workshop"),
        ("verifier.wiring", "from policies.loading import load_builtin"),
        ("verifier.audit.service", "from verifier.translog.merkle import hash_leaf"),
        ("verifier.audit.service", "from verifier.audit.leaf import Statement"),
        ("verifier.demo.play", "from verifier.settings import Settings"),
        ("verifier.cli", "import json\nfrom verifier.demo.play import play"),
    ],
)
def test_an_arrow_that_runs_downwards_is_left_alone(name: str, text: str) -> None:
    assert find_wrong_arrows(read_arrows({name: text})) == []


def test_a_circle_is_seen_however_long_it_is() -> None:
    sources = {
        "verifier.vault.a": "from verifier.vault import b",
        "verifier.vault.b": "from verifier.vault.c import x",
        "verifier.vault.c": "def f() -> None:\n    import verifier.vault.a",
        "verifier.vault.d": "from verifier.vault import a",
    }
    assert find_circles(read_arrows(sources)) == ["verifier.vault.a", "verifier.vault.b", "verifier.vault.c"]


def test_a_banned_word_is_seen_with_its_place() -> None:
    assert find_banned({"verifier.x": "\nfrom fastapi import Upload" + "File\n"})[0].startswith("verifier.x:2 ")
