"""What the harness breaks things with really breaks them: a proxy, a clock, a small disk."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.harness.disks import filled
from tests.servers.faulty_tcp import FaultyTcp, run_faulty_tcp
from tests.servers.moved_clock import MissingCompilerError, make_wall_clock, set_wall_clock

_TELL = "import sqlite3; print(sqlite3.connect(':memory:').execute(\"SELECT datetime('now')\").fetchone()[0])"


@pytest.fixture
def proxy() -> Iterator[FaultyTcp]:
    """In front of a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def echo() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                    while data := connection.recv(1000):
                        connection.sendall(data)
                    connection.close()
                except OSError:
                    if listener.fileno() < 0:
                        return

        threading.Thread(target=echo, daemon=True).start()
        with run_faulty_tcp(listener.getsockname()[1]) as opened:
            yield opened


def ask(connection: socket.socket) -> bytes:
    connection.sendall(b"word")
    return connection.recv(1000)


def connect(proxy: FaultyTcp) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def test_a_proxy_passes_on_what_it_is_not_told_to_break(proxy: FaultyTcp) -> None:
    with connect(proxy) as connection:
        assert ask(connection) == b"word"


def test_a_cut_connection_is_reset_and_the_next_one_works(proxy: FaultyTcp) -> None:
    with connect(proxy) as connection:
        assert ask(connection) == b"word"
        proxy.cut()
        assert not _works(connection)
    with connect(proxy) as connection:
        assert ask(connection) == b"word"


def test_a_proxy_that_is_down_answers_nobody_until_it_is_mended(proxy: FaultyTcp) -> None:
    proxy.go_down()
    assert not _is_answered(proxy)
    proxy.mend()
    assert _is_answered(proxy)


def test_a_silent_proxy_answers_late(proxy: FaultyTcp) -> None:
    proxy.fall_silent()
    with connect(proxy) as connection:
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            ask(connection)
        proxy.mend()
        connection.settimeout(5)
        assert connection.recv(1000) == b"word"


def _works(connection: socket.socket) -> bool:
    try:
        return ask(connection) == b"word"
    except OSError:
        return False


def _is_answered(proxy: FaultyTcp) -> bool:
    try:
        with connect(proxy) as connection:
            return _works(connection)
    except OSError:
        return False


def test_a_moved_clock_is_seen_by_sqlite_and_may_be_set_later(tmp_path: Path) -> None:
    try:
        environment = make_wall_clock(tmp_path, timedelta(days=-1))
    except MissingCompilerError as missing:
        pytest.skip(str(missing))
    assert abs(_tell(environment) - datetime.now(UTC) + timedelta(days=1)) < timedelta(minutes=1)
    set_wall_clock(tmp_path, timedelta(days=2))
    assert abs(_tell(environment) - datetime.now(UTC) - timedelta(days=2)) < timedelta(minutes=1)


def _tell(environment: dict[str, str]) -> datetime:
    told = subprocess.run(
        [sys.executable, "-c", _TELL], env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    return datetime.fromisoformat(told.stdout.strip()).replace(tzinfo=UTC)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_filled_disk_has_as_much_room_as_was_left(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "faults", str(tmp_path)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        with filled(tmp_path, leave=1_000_000):
            about = os.statvfs(tmp_path)
            assert 500_000 < about.f_bavail * about.f_frsize <= 1_000_000
        assert os.statvfs(tmp_path).f_bavail > 900
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
