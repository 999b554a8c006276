"""A real PostgreSQL for tests: in a folder of its own, on loopback and a free port, with the fsync of production.

Guarantees: several run side by side; a server ends with the process that started it, and is stopped by its pid. It
takes about two seconds to start. `python -m tests.servers.postgres` starts one by hand, and stops it on Ctrl-C.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from tests.servers.installing import install
from tests.servers.ports import free_port
from verifier.sanitise.hardening import end_with_parent

_OWNER: Final = "postgres"
_STARTS_WITHIN: Final = 30.0
_ENDS_WITHIN: Final = 20.0


@dataclass(frozen=True)
class Postgres:
    """A running server; its one role may do everything, with its password."""

    port: int
    folder: Path
    password: str
    pid: int

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    def url(self, database: str) -> str:
        """The address as the setting has it: without the password."""
        return f"postgresql://{_OWNER}@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def connect(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        """A connection that commits each statement."""
        with psycopg.connect(self.url(database), password=self.password, autocommit=True) as connection:
            yield connection

    def create(self, database: str, *, template: str = "template0") -> str:
        """Make a database, and tell its address."""
        with self.connect() as connection:
            connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(database), Identifier(template)))
        return self.url(database)

    def drop(self, database: str) -> None:
        """End whoever is in it, and take it away."""
        with self.connect() as connection:
            connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database)))


def find_missing() -> str:
    """What keeps it from running here: a sentence with the one command, or nothing. Root installs what is missing."""
    command = install("postgresql", is_there=is_installed)
    return command and f"PostgreSQL is not installed, so nothing was tried on it. Run: {command}"


def is_installed() -> bool:
    return _find_programs() is not None


def _find_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return None if elsewhere is None else Path(elsewhere).resolve().parent


@contextlib.contextmanager
def run_postgres() -> Iterator[Postgres]:
    """A server in a new folder, gone at the end with all that it held."""
    programs = _find_programs()
    assert programs is not None, "ask find_missing first"
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        password = secrets.token_hex(16)
        _lay_out(programs, folder, password)
        port = free_port()
        child = _start(programs, folder, port)
        try:
            server = Postgres(port, folder, password, child.pid)
            _await_answer(server, child)
            yield server
        finally:
            _stop(child)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay_out(programs: Path, folder: Path, password: str) -> None:
    handed = folder / "handed"
    for path in (folder / "password", handed):
        path.touch(mode=0o600)
        path.write_text(f"{password}\n", encoding="ascii")
    owner = _owner()
    for path in (folder, handed):
        if owner:
            os.chown(path, owner["user"], owner["group"])
    done = subprocess.run(
        [programs / "initdb", "--pgdata", folder / "data", "--username", _OWNER, "--encoding", "UTF8", "--locale",
         "C.UTF-8", "--auth", "scram-sha-256", "--pwfile", handed, "--no-sync"],
        cwd=folder, capture_output=True, text=True, check=False, **owner,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"initdb ended with {done.returncode}: {done.stderr[-600:]}")


def _owner() -> Mapping[str, Any]:
    """PostgreSQL does not run as root: then its programs run as the user whom its package brings."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(_OWNER)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _start(programs: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "max_connections": 200,
        "shared_buffers": "64MB", "max_wal_size": "256MB",
    }  # fmt: skip
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *options],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509 -- two system calls, in a child that then becomes postgres
            **_owner(),
        )  # fmt: skip


def _await_answer(server: Postgres, child: subprocess.Popen[bytes]) -> None:
    ends_at = time.monotonic() + _STARTS_WITHIN
    while child.poll() is None and time.monotonic() < ends_at:
        with contextlib.suppress(psycopg.OperationalError), server.connect():
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL does not answer: {(server.folder / 'log').read_text()[-600:]}")


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGINT)  # its fast way: whoever is connected is sent away
    try:
        child.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGQUIT)
        child.wait(_ENDS_WITHIN)


def main() -> int:
    missing = find_missing()
    if missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    with run_postgres() as server, contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(f"{server.create('verifier')} {server.password_file}\n")
        sys.stdout.flush()
        signal.pause()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
