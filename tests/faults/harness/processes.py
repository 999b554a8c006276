"""Processes that die: at every named fault point, and at any moment."""

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tests.faults.apart import find_children, running_beats
from tests.faults.harness.load import Load
from tests.faults.harness.scenario import Run, Scenario
from tests.faults.harness.servers import Servers
from tests.faults.harness.stage import EARLY_ZONES, Stage, open_stage
from tests.faults.harness.under_load import Repeated, finish
from tests.faults.rounds import Round, die_once
from tests.faults.running import wait_until
from verifier.faults import POINTS

Victim: TypeAlias = Literal["web", "worker", "pool child", "sequencer", "beat"]

_STORY_WITHIN: Final = 240.0
_BACK_WITHIN: Final = 120.0


@dataclass(frozen=True)
class AtFaultPoints(Scenario):
    """SIGKILL of whichever process passes a named point: web, worker or pool child."""

    share: int = 1
    """One in so many of the points, for short runs."""

    def run(self, folder: Path, servers: Servers, *, turn: int) -> Run:
        run, told = Run(), Round()
        points = sorted(POINTS)
        random.Random(turn).shuffle(points)
        with open_stage(self.form, folder, servers, self.settings) as stage:
            load = Load(stage.cast, turn=turn, lines=0)
            threads = [
                die_once(point, stage.service, stage.house, stage.cast, told, turn=turn)
                for point in points[:: self.share]
            ]
            for thread in threads:
                thread.join(_STORY_WITHIN)
                told.failures += [f"the story of {thread.name} did not end"] if thread.is_alive() else []
            load.stories.extend(told.stories)
            stage.note_return()
            finish(stage, load, run)
        run.stories, run.faults = len(told.stories) - len(told.cut_short), sum(told.deaths.values())
        run.failures += told.failures
        run.cut_short += told.cut_short
        return run


@dataclass(frozen=True)
class AtAnyMoment(Repeated):
    """SIGKILL of one kind of process, some times in a run."""

    victim: Victim = "web"

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        dice = random.Random(turn)
        if self.victim == "beat":
            self._kill_beats(stage, run, dice)
            return
        for _ in range(self.times):
            time.sleep(dice.uniform(0.5, 3.0))
            self._kill_once(stage)
            run.faults += 1

    def _kill_beats(self, stage: Stage, run: Run, dice: random.Random) -> None:
        for number in range(self.times):
            with running_beats(stage.service, [stage.folder / f"beat-{number}"]) as beats:
                time.sleep(dice.uniform(2.0, 5.0))
                beats.started[0].kill()
                run.faults += 1

    def _kill_once(self, stage: Stage) -> None:
        starts = len(stage.service.find_worker_starts())
        if self.victim == "web":
            kill_web(stage)
            return
        if stage.form == "embedded":
            (worker,) = find_children(stage.service.web_pid)
            os.kill(worker, signal.SIGKILL)
        else:
            number = 1 if self.victim == "sequencer" else 0
            workers = stage.parts.workers
            if self.victim == "worker":
                workers.started[number].kill()
                workers.started.pop(number).wait()
                workers.start_worker(*EARLY_ZONES)
                workers.started.insert(number, workers.started.pop())
                return
            (child,) = find_children(workers.started[number].pid)
            os.kill(child, signal.SIGKILL)
        wait_until(
            lambda: len(stage.service.find_worker_starts()) > starts, within=_BACK_WITHIN, what="no worker came back"
        )


def kill_web(stage: Stage) -> None:
    """SIGKILL, and wait until another one answers."""
    deaths = stage.service.deaths
    stage.service.kill_web()
    await_next_web(stage, deaths)


def await_next_web(stage: Stage, deaths: int) -> None:
    """Wait until the web process that follows the one that ended answers."""
    service = stage.service
    wait_until(lambda: service.deaths > deaths and service.is_serving, within=_BACK_WITHIN, what="the web is not back")
