"""A real Redis of one test process: loopback, a free port, its own folder, a password, ended by its own id."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import redis

from tests.servers.installing import need_program
from tests.servers.ports import free_port

PASSWORD: Final = "a-password-of-the-tests"
_READY_WITHIN: Final = 20.0


class RedisServer:
    """One server; may be frozen, thawed, ended and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder
        self.port: Final = free_port()
        self.url: Final = f"redis://127.0.0.1:{self.port}/0"
        self.password_file: Final = folder / "password"
        self.password_file.write_text(PASSWORD)
        self.password_file.chmod(0o400)
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def connected(self) -> Iterator["redis.Redis"]:
        """A client, for as long as the block takes."""
        client = redis.Redis(port=self.port, password=PASSWORD, socket_timeout=10)
        try:
            yield client
        finally:
            client.close()

    def start(self) -> None:
        command = [
            *("redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no", "--requirepass", PASSWORD),
        ]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + _READY_WITHIN
        while True:
            with suppress(redis.ConnectionError), self.connected() as client:
                client.ping()
                return
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self.thaw()
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Forget everything, as after a restart without persistence."""
        with self.connected() as client:
            client.flushall()

    def count_waiting(self, queue: str) -> int:
        with self.connected() as client:
            return int(client.llen(queue))


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """A server that runs while the block does; the test is skipped, and says how, where none can be had."""
    need_program("redis-server", package="redis-server")
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
