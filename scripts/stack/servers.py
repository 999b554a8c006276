"""The servers of others that the stack stands on: PostgreSQL, Redis, and a real S3 (Ceph's radosgw).

Guarantees: everything lies in one folder, listens on loopback and free ports, and ends when the `ExitStack` does.
Root installs what is missing; whoever may not is told the one command.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.servers import postgres, radosgw
from tests.servers.installing import install
from tests.servers.postgres import Postgres, run_postgres
from tests.servers.radosgw import run_radosgw
from tests.servers.redis import RedisServer
from tests.servers.store import Store
from verifier.demo.errors import StepFailedError
from verifier.demo.steps import Steps


@dataclass(frozen=True)
class Servers:
    """What runs."""

    postgres: Postgres
    redis: RedisServer
    store: Store


def _is_all_installed() -> bool:
    return postgres.is_installed() and shutil.which("redis-server") is not None and radosgw.is_installed()


def install_programs() -> str:
    """Install what is missing; what is there now. Raises `StepFailedError` with the one command."""
    missing = install("postgresql", "redis-server", *radosgw.PACKAGES, is_there=_is_all_installed)
    if missing:
        raise StepFailedError(f"some servers are not installed, and only root may do that. Run: {missing}")
    return "PostgreSQL, Redis, Ceph's radosgw"


def open_servers(open_: ExitStack, folder: Path, steps: Steps) -> Servers:
    """Start them; the store takes longest, so it starts beside the others."""
    for name in ("s3", "redis"):
        (folder / name).mkdir()
    with ThreadPoolExecutor(1) as pool:
        # What the thread opens, the stack closes: also where a step of this one fails meanwhile.
        starting = pool.submit(open_.enter_context, run_radosgw(folder / "s3"))
        database, broker = open_.enter_context(run_postgres()), RedisServer(folder / "redis")
        steps.take("PostgreSQL started", lambda: f"port {database.port}")
        open_.callback(broker.stop)
        steps.take("Redis started", lambda: _start(broker))
        steps.take("S3 started", lambda: f"{starting.result().url}, Ceph's radosgw")
    return Servers(database, broker, starting.result())


def _start(broker: RedisServer) -> str:
    broker.start()
    return f"port {broker.port}, with a password"
