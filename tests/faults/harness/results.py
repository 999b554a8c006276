"""What came of the runs, as a JSON file that `scripts.reliability_page` makes its table of.

Runs of a scenario are counted together while its file stays: they may be made at different times.
"""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults.harness.catalogue import SCENARIOS
from tests.faults.harness.scenario import Run, Scenario


@dataclass
class Row:
    """All runs of one scenario."""

    name: str
    breaks: str
    form: str
    runs: int = 0
    held: int = 0
    faults: int = 0
    stories: int = 0
    cut_short: int = 0
    acknowledged: int = 0
    receipts: int = 0
    longest_seconds: float = 0.0
    on: str = ""
    failures: list[str] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Count one more run."""
        self.runs += 1
        self.held += not run.failures
        self.faults += run.faults
        self.stories += run.stories
        self.cut_short += len(run.cut_short)
        self.acknowledged += run.acknowledged
        self.receipts += run.receipts
        self.longest_seconds = round(max(self.longest_seconds, run.longest_seconds), 1)
        self.on = datetime.now(UTC).date().isoformat()
        self.failures += run.failures


@dataclass
class Results:
    """The file."""

    path: Path
    rows: dict[str, Row] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Results":
        if not path.exists():
            return cls(path)
        rows: Sequence[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return cls(path, {row["name"]: Row(**row) for row in rows})

    def add(self, scenario: Scenario, run: Run) -> None:
        """Count a run, and write the file: what was run is not lost when a later one is broken off."""
        self.rows = Results.read(self.path).rows  # another harness may have added to it meanwhile
        new = Row(scenario.name, scenario.breaks, scenario.form)
        self.rows.setdefault(scenario.name, new).add(run)
        self._write()

    def _write(self) -> None:
        order = [scenario.name for scenario in SCENARIOS]
        rows = sorted(self.rows.values(), key=lambda row: order.index(row.name))
        not_run = [f"{each.breaks} ({each.form})" for each in SCENARIOS if each.name not in self.rows]
        made = {"machine": describe_machine(), "not_run": not_run, "rows": [asdict(row) for row in rows]}
        text = json.dumps(made, indent=1, ensure_ascii=False)
        unfinished = self.path.with_suffix(".new")
        unfinished.write_text(f"{text}\n", encoding="utf-8")
        unfinished.replace(self.path)


def describe_machine() -> str:
    """What kind of machine this is; nothing that names it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**3
    return f"{os.cpu_count()} cores, {memory} GB, {platform.system()} {platform.machine()}, Python 3.11"
