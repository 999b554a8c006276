"""The servers that all runs on the stack share; each run has a database, buckets and a broker of its own.

Guarantees: a server is started when it is first asked for, and stopped by its own id. Whoever lacks one is told the one
command that installs it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tests.servers.databases import PostgresDatabases, run_databases
from tests.servers.installing import install
from tests.servers.moto import run_moto
from tests.servers.postgres import find_missing as find_missing_postgres
from tests.servers.radosgw import find_missing as find_missing_radosgw
from tests.servers.radosgw import run_radosgw
from tests.servers.redis import RedisServer
from tests.servers.store import Store, short_folder

StoreKind: TypeAlias = Literal["moto", "radosgw"]


class MissingServerError(RuntimeError):
    """Something that the stack stands on is not installed; the text is the one command."""


class Servers:
    """PostgreSQL and an S3 store, for as long as the harness runs."""

    def __init__(self, store_kind: StoreKind = "moto") -> None:
        self.store_kind: Final = store_kind
        self._ends: Final = ExitStack()

    @cached_property
    def databases(self) -> PostgresDatabases:
        missing = find_missing_postgres()
        if missing:
            raise MissingServerError(missing)
        return self._ends.enter_context(run_databases())

    @cached_property
    def store(self) -> Store:
        if self.store_kind == "moto":
            return self._ends.enter_context(run_moto())
        missing = find_missing_radosgw()
        if missing:
            raise MissingServerError(missing)
        return self._ends.enter_context(run_radosgw(self._ends.enter_context(short_folder())))

    @contextmanager
    def broker(self, folder: Path) -> Iterator[RedisServer]:
        """A Redis of one run."""
        missing = install("redis-server", is_there=lambda: bool(_find("redis-server")))
        if missing:
            raise MissingServerError(missing)
        folder.mkdir(parents=True)
        server = RedisServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    def close(self) -> None:
        self._ends.close()


def _find(program: str) -> str | None:
    from shutil import which

    return which(program)
