"""The same lives beside 1,000,000 disposed documents and beside none, in turns: by how much they become slower.

Run as `python -m benchmarks.growth [VERIFICATIONS] [--documents N] [--rounds N] [--at-once N] [--database sqlite|
postgresql]`. Two installations of each kind of database run beside each other (`verifier serve` and its worker): one is
empty, the other's rows are those of a verification that was really lived, so many times, its log included. They take
turns, the one begins that ended last; medians are compared. Ends with 1 where a life fails. A million documents are
some 25 million rows: they take some minutes and many GB on each database, in the folder for temporary files.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.checking import make_photo
from benchmarks.crowd import Crowd, Outcome, join_spans, percentile, print_failures
from benchmarks.history import write_history
from benchmarks.life import prove_by_photo
from benchmarks.lived import read_lived
from benchmarks.places import Embedded, end_in_order
from tests.servers.postgres import find_missing, run_postgres

_AIM: Final = 1.2
_COMPARED: Final = (
    "link and open",
    "checking, with its wait",
    "three views",
    "decide",
    "decision to unreadable",
    "decision to destroyed",
)

Database: TypeAlias = Callable[[str], dict[str, str]]
"""What an installation of this name is told of its database."""


@contextmanager
def _on_sqlite() -> Iterator[Database]:
    yield lambda _name: {}


@contextmanager
def _on_postgresql() -> Iterator[Database]:
    with run_postgres() as server:
        password = {"database_password_file": str(server.password_file)}
        yield lambda name: {"database_url": server.create(name), **password}


_KINDS: Final = {"sqlite": _on_sqlite, "postgresql": _on_postgresql}


def measure(kind: str, asked: argparse.Namespace) -> list[str]:
    """Which lives failed."""
    photo = make_photo()
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        database = open_.enter_context(_KINDS[kind]())
        crowds: dict[str, Crowd] = {}
        empty, full = (Embedded(folder / name, **database(name)) for name in ("empty", "full"))
        live = partial(prove_by_photo, photo=photo)
        for name, embedded in (("empty", empty), ("full", full)):
            open_.callback(embedded.stop)
            if name == "full":
                _fill(empty, full, documents=asked.documents)
            crowds[name] = open_.enter_context(closing(Crowd(embedded.start(), at_once=asked.at_once)))
            failures = crowds[name].live([live]).failures
            if failures:
                return failures
        outcomes: dict[str, list[Outcome]] = {name: [] for name in crowds}
        for number in range(asked.rounds):
            for name in ("empty", "full") if number % 2 == 0 else ("full", "empty"):
                outcomes[name].append(crowds[name].live([live] * asked.verifications))
    _compare(outcomes)
    return [failure for many in outcomes.values() for outcome in many for failure in outcome.failures]


def _fill(empty: Embedded, full: Embedded, *, documents: int) -> None:
    """One life was lived in the one; the other gets it so many times."""
    full.run("setup")
    with empty.opened() as house:
        lived = read_lived(house)
    begun = time.perf_counter()
    with full.opened() as house:
        write_history(house, lived, times=documents)
    rows, took = documents * sum(map(len, lived.rows.values())), time.perf_counter() - begun
    each = f"{len(lived.leaves)} entries of the log each"
    print(f"  {documents:,} disposed documents, {rows:,} rows, {each}; filled in in {took:.0f} s")


def _compare(outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    rates = {name: statistics.median(outcome.rate for outcome in many) for name, many in outcomes.items()}
    used = {name: statistics.median(outcome.used for outcome in many) for name, many in outcomes.items()}
    for name in outcomes:
        print(f"  {name:<6} {rates[name]:6.2f} lives a second, {used[name]:6.3f} s of processor a life")
    spans = {name: join_spans(many) for name, many in outcomes.items()}
    for step in _COMPARED:
        told = []
        for name in outcomes:
            took = spans[name].took[step]
            told.append(f"{name} p50 {statistics.median(took):6.0f} ms, p99 {percentile(took, 0.99):6.0f} ms")
        print(f"    {step:<26} {'   '.join(told)}")
    slower, dearer = rates["empty"] / rates["full"], used["full"] / used["empty"]
    print(f"  beside the full one: {slower:.2f} × the time, {dearer:.2f} × the processor time (aim: at most {_AIM} ×)")


def main() -> int:
    end_in_order()
    parser = argparse.ArgumentParser(description="Lives beside a million disposed documents.")
    parser.add_argument("verifications", type=int, nargs="?", default=24, help="in each round, on each installation")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--database", choices=_KINDS, action="append", help="only this one; both where none is named")
    asked = parser.parse_args()
    failures = list[str]()
    for kind in asked.database or _KINDS:
        missing = find_missing() if kind == "postgresql" else ""
        print(f"{kind}: {f'not measured; {missing}' if missing else ''}")
        if not missing:
            failed = measure(kind, asked)
            print_failures(failed)
            failures += failed
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
