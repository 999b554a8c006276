"""Writes `docs/reliability.md` from the results of `make faults`; with `--check`, fails if it is not current.

Results lie in `docs/reliability.json`, as the harness wrote them: nothing on the page is written by hand but the
sentences around the table, and what it names of other tests exists (`tests/unit/test_reliability_page.py`).
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from scripts.pages import find_age, write_or_check

PAGE: Final = Path("docs", "reliability.md")
RESULTS: Final = Path("docs", "reliability.json")
_ROOT: Final = Path(__file__).resolve().parent.parent
_INTRODUCTION: Final = """\
# What happens when something breaks

While verifications run, one thing is broken, and mended where it can be. Then everything is looked at: the database,
both buckets with all versions, delete markers and open uploads, the key store, the folder for temporary files, the
published log. A run held if all of this is so:

- no document and no key past its deadline: 60 seconds from when it was due, or from the return of what was broken;
- every upload that was acknowledged is there, or has a deletion receipt;
- every deletion receipt is true, names every copy, and verifies offline; one for each document, and none for a document
  whose bytes are there;
- the stores hold what the rows say, and nothing else; who ended has no key, who lives has one;
- one log, which verifies from its first entry to its last, and whose published tiles lead to its published root;
- a verification that is begun afterwards comes to its end, and no process is left over.

*Embedded* is `verifier serve` as it comes: SQLite and folders, one worker. *Stack* is PostgreSQL, two S3 buckets (the
documents' with versions), Redis and Celery workers, each a process of its own. The store is moto's server behind a
proxy that fails. A story is one verification from its link to its end; one that was
cut short ended with a refusal, or with a client that waited no longer. *Longest* is how long anything waited for its
destruction at most, after it was due (or after the return), with everything on one small machine that others used too:
it says that the deadline was kept, and is no measurement of speed. A row counts what was run since
the last mend of what it had broken (CHANGELOG.md says what that was).

Run it: `make faults ROUNDS={rounds} RESULTS=docs/reliability.json`, then `python -m scripts.reliability_page`. Once
through takes about an hour. What is killed or restarted can be so more often in a run:
`python -m tests.faults.harness --only kill-web --times 50 --results docs/reliability.json`.
Machine: {machine}.
"""
_COLUMNS: Final = (
    "| Broken | Form | Runs | Held | Faults | Stories | Uploads | Receipts | Longest | Last run |",
    "|---|---|---:|---:|---:|---:|---:|---:|---:|---|",
)
_ELSEWHERE: Final[Sequence[tuple[str, str]]] = (
    (
        "A backup from before the disposal is restored: shredded stays unreadable, no second receipt",
        "tests/scenarios/test_restoring.py",
    ),
    (
        "The same, and the log falls short of what was published: it does not fork, and is begun anew only on command",
        "tests/scenarios/test_restoring_log.py",
    ),
    ("The customer tier attacked with its whole environment and credentials", "tests/security/test_customer_tier.py"),
    (
        "Key records that are lost: the verification ends, and a new link is asked for",
        "tests/scenarios/test_key_loss.py",
    ),
    ("Forged messages (ten thousand in `make faults`), and two beats", "tests/faults/test_broker.py"),
    ("Many processes that want the same row, slot, quota or place in the log", "tests/faults/test_rivals.py"),
    ("An upload, a check and a hanging decoder beside the disposal of what they write", "tests/faults/test_races.py"),
    ("The commit fails at every door", "tests/security/test_commit_fails.py"),
    ("The log fails or lags: nothing is shown", "tests/security/test_no_log_no_view.py"),
    ("Stores that lie or are down, each call of them", "tests/security/test_lying_stores.py"),
    ("A worker that outlives its web process", "tests/faults/test_orphans.py"),
)


def page(results: Mapping[str, Any]) -> str:
    """The page that these results make."""
    rows = results["rows"]
    rounds = min((row["runs"] for row in rows), default=1)
    lines = [_INTRODUCTION.format(machine=results["machine"], rounds=rounds), *_COLUMNS]
    lines += [_line(row) for row in rows]
    lines += ["", *_totals(rows), *_broken(rows), *_not_run(results["not_run"]), *_elsewhere()]
    return "\n".join(lines) + "\n"


def _line(row: Mapping[str, Any]) -> str:
    cells = (
        row["breaks"], row["form"], row["runs"], row["held"], row["faults"], _stories(row), row["acknowledged"],
        row["receipts"], f"{row['longest_seconds']:.1f} s", row["on"],
    )  # fmt: skip
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _stories(row: Mapping[str, Any]) -> str:
    cut = row["cut_short"]
    return f"{row['stories']}, {cut} cut short" if cut else str(row["stories"])


def _broken(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    failed = [row for row in rows if row["failures"]]
    if not failed:
        return
    yield from ("## What did not hold", "")
    for row in failed:
        yield from (f"- {row['breaks']}: {failure}" for failure in row["failures"])
    yield ""


def _totals(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    runs, held = (sum(row[name] for row in rows) for name in ("runs", "held"))
    faults, uploads, receipts = (sum(row[name] for row in rows) for name in ("faults", "acknowledged", "receipts"))
    yield f"{held} of {runs} runs held. {faults} faults, {uploads} acknowledged uploads, {receipts} deletion receipts."
    yield "Receipts may be more than uploads: what arrived without its answer reaching the customer is receipted too."
    yield ""


def _not_run(not_run: Sequence[str]) -> Iterator[str]:
    if not_run:
        yield from ("## Not run for this page", "", "Scenarios that there are, and that no row above counts:", "")
        yield from (f"- {what}" for what in not_run)
        yield ""


def _elsewhere() -> Iterator[str]:
    yield from ("## Tried by tests of their own", "", "These run in `make test`.", "", "| Broken | Test |", "|---|---|")
    yield from (f"| {what} | `{test}` |" for what, test in _ELSEWHERE)


def make() -> str:
    """The page of the results that lie there now."""
    return page(json.loads((_ROOT / RESULTS).read_text(encoding="utf-8")))


def complaints(root: Path) -> list[str]:
    """One sentence for each thing that is wrong."""
    return find_age(root, PAGE, make(), script="scripts.reliability_page")


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, make, complaints))
