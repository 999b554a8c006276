"""A database whose connections are cut, that crashes and recovers, or that cannot be reached for a while."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import psycopg

from tests.faults.harness.load import Load
from tests.faults.harness.scenario import Run
from tests.faults.harness.stage import Stage
from tests.faults.harness.under_load import UnderLoad
from tests.faults.running import wait_until

Trouble: TypeAlias = Literal["terminated", "crashed", "unreachable", "silent"]

_LASTS: Final = 10.0
_EVERY: Final = 0.5
_CRASHES: Final = 2
_ANSWERS_WITHIN: Final = 60.0
_OTHERS: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Database(UnderLoad):
    """One trouble with PostgreSQL."""

    trouble: Trouble = "terminated"

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        acts: Mapping[Trouble, Callable[[Stage], int]] = {
            "terminated": _terminate,
            "crashed": _crash,
            "unreachable": _refuse,
            "silent": _fall_silent,
        }
        run.faults += acts[self.trouble](stage)


def _terminate(stage: Stage) -> int:
    """End every connection, again and again."""
    ended, ends_at = 0, time.monotonic() + _LASTS
    with stage.parts.servers.databases.server.connect() as connection:
        while time.monotonic() < ends_at:
            ended += len(connection.execute(_OTHERS, [stage.parts.database]).fetchall())
            time.sleep(_EVERY)
    return ended


def _crash(stage: Stage) -> int:
    """SIGKILL for a server process: PostgreSQL ends all others, restarts, and recovers from its log."""
    server = stage.parts.servers.databases.server
    for _ in range(_CRASHES):
        with suppress(psycopg.OperationalError), server.connect() as connection:
            os.kill(connection.info.backend_pid, signal.SIGKILL)
            connection.execute("SELECT 1")
        wait_until(lambda: _answers(stage), within=_ANSWERS_WITHIN, what="PostgreSQL did not recover", every=0.2)
        time.sleep(2.0)
    return _CRASHES


def _answers(stage: Stage) -> bool:
    with suppress(psycopg.OperationalError), stage.parts.servers.databases.server.connect():
        return True
    return False


def _refuse(stage: Stage) -> int:
    stage.parts.way.go_down()
    time.sleep(_LASTS)
    stage.parts.way.mend()
    return 1


def _fall_silent(stage: Stage) -> int:
    """Nothing comes back for a while, and then all connections are reset."""
    stage.parts.way.fall_silent()
    time.sleep(_LASTS)
    stage.parts.way.cut()
    stage.parts.way.mend()
    return 1
