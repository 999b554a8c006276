"""Processes that are asked to end, as at every upgrade: SIGTERM under load, all of them in turn."""

import time
from dataclasses import dataclass
from typing import Final

from tests.faults.apart import find_children
from tests.faults.harness.load import Load
from tests.faults.harness.processes import await_next_web
from tests.faults.harness.scenario import Run
from tests.faults.harness.stage import EARLY_ZONES, Stage
from tests.faults.harness.under_load import Repeated

_ENDS_WITHIN: Final = 90.0


@dataclass(frozen=True)
class Rolling(Repeated):
    """SIGTERM for web and workers in turn; each must end by itself, and the next takes over."""

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        for _ in range(self.times):
            time.sleep(1.0)
            self._restart_web(stage)
            run.faults += 1
            if stage.form == "stack":
                self._restart_workers(stage)
                run.faults += 2

    def _restart_web(self, stage: Stage) -> None:
        deaths = stage.service.deaths
        stage.service.ask_web_to_stop()
        await_next_web(stage, deaths)

    def _restart_workers(self, stage: Stage) -> None:
        workers = stage.parts.workers
        for zones in (EARLY_ZONES, ("log",)):
            # The next one is there before the old one goes: the oldest stands first.
            workers.start_worker(*zones)
            old = workers.started.pop(0)
            children = find_children(old.pid)
            old.terminate()
            old.wait(_ENDS_WITHIN)
            assert children, "the worker had no pool child"
