"""A broker that forgets, stops, freezes, doubles, reorders and delays: it costs time, and nothing else."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tests.faults.apart import QUEUES
from tests.faults.harness.load import Load
from tests.faults.harness.scenario import Run
from tests.faults.harness.stage import Stage
from tests.faults.harness.under_load import UnderLoad

Mood: TypeAlias = Literal["flushed", "stopped", "frozen", "absent", "doubled", "delayed"]

_LASTS: Final = 10.0
_EVERY: Final = 0.3
_TIMES: Final = 10
_HELD_FOR: Final = 4.0


@dataclass(frozen=True)
class Broker(UnderLoad):
    """One thing that a broker does."""

    mood: Mood = "flushed"

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        acts: Mapping[Mood, Callable[[], None]] = {
            "flushed": lambda: self._again(run, stage.parts.broker.flush),
            "stopped": lambda: self._stop(stage, run),
            "frozen": lambda: self._freeze(stage, run),
            "absent": lambda: self._be_absent(stage, run),
            "doubled": lambda: self._again(run, lambda: double(stage, random.Random(turn))),
            "delayed": lambda: self._again(run, lambda: delay(stage)),
        }
        acts[self.mood]()

    def _again(self, run: Run, act: Callable[[], None]) -> None:
        ends_at = time.monotonic() + _LASTS
        while time.monotonic() < ends_at:
            act()
            run.faults += 1
            time.sleep(_EVERY)

    def _stop(self, stage: Stage, run: Run) -> None:
        stage.parts.broker.stop()
        time.sleep(_LASTS)
        stage.parts.broker.start()
        run.faults += 1

    def _freeze(self, stage: Stage, run: Run) -> None:
        stage.parts.broker.freeze()
        time.sleep(_LASTS)
        stage.parts.broker.thaw()
        run.faults += 1

    def _be_absent(self, stage: Stage, run: Run) -> None:
        """It stops, and nobody starts it again before the end."""
        stage.parts.broker.stop()
        time.sleep(_LASTS)
        run.faults += 1


def double(stage: Stage, dice: random.Random) -> None:
    """Put every waiting message ten times into its queue, in any order."""
    with stage.parts.broker.connected() as client:
        for queue in QUEUES:
            waiting = list(client.lrange(queue, 0, -1))
            many = waiting * _TIMES
            dice.shuffle(many)
            if many:
                client.rpush(queue, *many)


def delay(stage: Stage) -> None:
    """Take every waiting message away, and put it back later."""
    with stage.parts.broker.connected() as client:
        held = {queue: list(client.lrange(queue, 0, -1)) for queue in QUEUES}
        client.delete(*QUEUES)
        time.sleep(_HELD_FOR)
        for queue, messages in held.items():
            if messages:
                client.lpush(queue, *messages)
