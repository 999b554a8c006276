"""A scenario that breaks something while verifications run: load, the fault, its end, quiet, a look at everything."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select

from tests.faults.harness.load import Load
from tests.faults.harness.scenario import Run, Scenario
from tests.faults.harness.servers import Servers
from tests.faults.harness.stage import Stage, open_stage
from tests.faults.harness.stores_looked_at import look_at_buckets
from tests.faults.looks import find_unrest, look_at_everything
from tests.faults.rounds import look_at_service
from tests.faults.running import wait_until
from tests.faults.stories import approve
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.retention.tables import ObligationRow

_UNDER_WAY_WITHIN: Final = 120.0
_LOAD_ENDS_WITHIN: Final = 240.0
_QUIET_WITHIN: Final = 240.0


@dataclass(frozen=True)
class UnderLoad(Scenario):
    """Subclasses say what breaks."""

    @abstractmethod
    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        """Break something under load, and mend it. What must hold meanwhile goes into `run.failures`."""

    @property
    def offset(self) -> timedelta:
        """By how much the clock of the processes is wrong when they start."""
        return timedelta(0)

    @contextmanager
    def around(self, folder: Path) -> Iterator[Mapping[str, str]]:
        """What is laid out before the installation starts; the environment of its processes."""
        yield {}

    def run(self, folder: Path, servers: Servers, *, turn: int) -> Run:
        run = Run()
        with (
            self.around(folder) as environment,
            open_stage(self.form, folder, servers, self.settings, environment=environment, offset=self.offset) as stage,
        ):
            load = Load(stage.cast, turn=turn)
            load.begin()
            try:
                wait_until(lambda: load.told > 0, within=_UNDER_WAY_WITHIN, what="no story came to its end")
                self.act(stage, load, run, turn=turn)
            except (TimeoutError, AssertionError) as error:
                run.failures.append(f"{type(error).__name__} {error}")
            stage.note_return()
            run.failures += load.end(_LOAD_ENDS_WITHIN)
            run.failures += [cut for cut in [load.tell(approve)] if cut]
            finish(stage, load, run)
        return run


@dataclass(frozen=True)
class Repeated(UnderLoad):
    """One that breaks the same thing again and again in each run."""

    times: int = 3


def finish(stage: Stage, load: Load, run: Run) -> None:
    """Let it come to rest, and look at everything."""
    try:
        wait_until(lambda: not find_unrest(stage.house), within=_QUIET_WITHIN, what="it is not quiet", every=0.3)
    except TimeoutError as error:
        run.failures.append(f"{error}: {find_unrest(stage.house)}")
    starts = [*stage.service.find_worker_starts(), *stage.returns]
    run.failures += look_at_everything(stage.house, acknowledged=load.acknowledged, starts=sorted(starts))
    run.failures += look_at_buckets(stage)
    _count(stage, load, run, starts)
    if stage.parts_ is not None:
        stage.parts.workers.stop()
    run.failures += look_at_service(stage.service)


def _count(stage: Stage, load: Load, run: Run, starts: list[datetime]) -> None:
    run.stories, run.cut_short, run.acknowledged = load.told, [*load.cut_short], len(load.acknowledged)
    with stage.house.database.read() as session:
        disposed = select(DocumentRow.id).where(DocumentRow.state == DocumentState.DISPOSED)
        run.receipts = len(session.scalars(disposed).all())
        for duty in session.scalars(select(ObligationRow).where(ObligationRow.closed_at.is_not(None))):
            assert duty.closed_at is not None
            since = max([duty.due_since, *(start for start in starts if start <= duty.closed_at)])
            run.longest_seconds = max(run.longest_seconds, (duty.closed_at - since).total_seconds())
