"""`python -m tests.faults.harness`: run scenarios, and keep what came of them.

    --rounds 5             each scenario five times (1)
    --times 50             so often in a run what dies or restarts does so (3)
    --only broker-frozen   only this one; once for each
    --results FILE         where results are added up (var/faults.json)
    --store radosgw        a real store instead of moto's

Exit code 1 where an invariant broke.
"""

import argparse
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.faults.harness.catalogue import SCENARIOS, find
from tests.faults.harness.results import Results
from tests.faults.harness.scenario import Run, Scenario
from tests.faults.harness.servers import Servers
from tests.faults.harness.under_load import Repeated

_ID: Final = re.compile(r"\b(ver|doc)_[a-z2-7]+")


def main() -> int:
    given = _read_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: what was started is stopped
    results = Results.read(given.results)
    given.results.parent.mkdir(parents=True, exist_ok=True)
    chosen = [_repeat(scenario, given.times) for scenario in [find(name) for name in given.only] or SCENARIOS]
    broken = 0
    servers = Servers(given.store)
    try:
        for turn in range(given.rounds):
            for scenario in chosen:
                run = _run_once(scenario, servers, turn=given.first + turn, keep=given.keep)
                results.add(scenario, run)
                broken += bool(run.failures)
    finally:
        servers.close()
    return 1 if broken else 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.harness", description="Break one thing, and look.")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first round: what is drawn follows it")
    parser.add_argument("--times", type=int, help="so often in a run what dies or restarts does so")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--results", type=Path, default=Path("var/faults.json"))
    parser.add_argument("--store", choices=("moto", "radosgw"), default="moto")
    parser.add_argument("--keep", action="store_true", help="leave the folders of runs that failed")
    return parser.parse_args()


def _repeat(scenario: Scenario, times: int | None) -> Scenario:
    return replace(scenario, times=times) if times and isinstance(scenario, Repeated) else scenario


def _run_once(scenario: Scenario, servers: Servers, *, turn: int, keep: bool) -> Run:
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    begun = time.monotonic()
    try:
        run = scenario.run(folder, servers, turn=turn)
    except Exception as error:  # noqa: BLE001 -- a run that could not be made is one that did not hold, and the next is run
        run = Run(failures=[f"{type(error).__name__} {error}"])
    took = time.monotonic() - begun
    outcome = "held" if not run.failures else "BROKEN"
    sys.stdout.write(
        f"{scenario.name} #{turn}: {outcome} in {took:.0f} s; {run.faults} faults, {run.stories} stories, "
        f"{len(run.cut_short)} cut short, {run.acknowledged} uploads, {run.receipts} receipts, "
        f"longest {run.longest_seconds:.1f} s\n"
    )
    cut = Counter(_ID.sub("…", sentence.partition(": ")[2])[:200] for sentence in run.cut_short)
    told = [f"(cut short, {count} times) {sentence}" for sentence, count in cut.items()]
    for sentence in [*run.failures, *told, *run.notes]:
        sys.stdout.write(f"    {sentence[:1000]}\n")
    sys.stdout.flush()
    if run.failures and keep:
        sys.stdout.write(f"    kept: {folder}\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return run


if __name__ == "__main__":
    raise SystemExit(main())
