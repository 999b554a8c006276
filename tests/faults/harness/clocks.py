"""Clocks that are wrong: a day ahead, a day behind, stepped in the middle of a run, five minutes apart."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tests.faults.harness.load import Load
from tests.faults.harness.probing import is_disposed, send_once
from tests.faults.harness.scenario import Run
from tests.faults.harness.stage import Stage
from tests.faults.harness.under_load import UnderLoad
from tests.faults.running import wait_until
from tests.faults.stories import Story
from tests.servers.moved_clock import make_wall_clock, set_wall_clock

_BEFORE_STEP: Final = 5.0
_LASTS: Final = 10.0
_TOLERANCE: Final = timedelta(seconds=25)
_GONE_WITHIN: Final = 90.0


@dataclass(frozen=True)
class Clock(UnderLoad):
    """Web and workers see a clock that is wrong by `first`; in the middle it is set to be wrong by `then`."""

    first: timedelta = timedelta(0)
    then: timedelta = timedelta(0)

    @property
    def offset(self) -> timedelta:
        return self.first

    @contextmanager
    def around(self, folder: Path) -> Iterator[Mapping[str, str]]:
        yield make_wall_clock(folder / "clock", self.first)

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        is_stepped = self.first != self.then
        run.faults += 1 + is_stepped
        if is_stepped:
            time.sleep(_BEFORE_STEP)
            set_clock(stage, self.then)
        stage.note_return()
        time.sleep(_LASTS)
        verify_wrong(stage, self.then)


@dataclass(frozen=True)
class SteppedBack(Clock):
    """The clock is set back by a day, and right again later: meanwhile nothing is taken in, and disposal goes on."""

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        story = Story(stage.cast)
        load.stories.append(story)
        customer = story.send_diploma()
        set_clock(stage, self.then)
        run.faults += 1
        answer = send_once(customer, "diploma.all_pages", replaces=str(customer.card("diploma.all_pages")["document"]))
        if answer is None or answer.status_code != 503:
            run.failures.append(f"an upload was answered {answer and answer.status_code} while the clock is behind")
        story.agent.cancel(story.verification)
        wait_until(lambda: is_disposed(stage, story.verification), within=_GONE_WITHIN, what="disposal does not go on")
        set_clock(stage, self.first)
        run.faults += 1
        story.close()


@dataclass(frozen=True)
class ClocksApart(UnderLoad):
    """A worker whose clock is five minutes ahead of the other processes'."""

    by: timedelta = timedelta(minutes=5)

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        workers = stage.parts.workers
        wrong = make_wall_clock(stage.folder / "clock", self.by)
        workers.start_worker("sanitise", "dispose", "log", "notify", environment=wrong)
        run.faults += 1
        time.sleep(_LASTS)


def verify_wrong(stage: Stage, offset: timedelta) -> None:
    """Raise unless the last line of the service's log tells the wrong time: else nothing was tried."""
    lines = stage.service.log.read_text(encoding="utf-8").splitlines()
    told = datetime.fromisoformat(json.loads(next(line for line in reversed(lines) if line.startswith("{")))["at"])
    assert abs(told - datetime.now(UTC) - offset) < _TOLERANCE, f"the service says it is {told}"


def set_clock(stage: Stage, offset: timedelta) -> None:
    """Of the installation's processes, and of whoever looks: SQLite tells the time of the process that asks."""
    set_wall_clock(stage.folder / "clock", offset)
    stage.clock.offset = offset
