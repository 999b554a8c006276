"""A real RabbitMQ of one test process: loopback, free ports, its own folder and its own epmd, ended by its own id."""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import amqp

from tests.servers.installing import need_program
from tests.servers.ports import free_port

_PROGRAM: Final = "/usr/lib/rabbitmq/bin/rabbitmq-server"
_READY_WITHIN: Final = 60.0
_ENDS_WITHIN: Final = 30.0
_USER: Final = "tests"  # "guest" and its password are refused by our own settings


class RabbitMQServer:
    """One server; may be frozen, thawed, ended and started again with what it kept."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder
        self.port: Final = free_port()
        self.url: Final = f"amqp://{_USER}@127.0.0.1:{self.port}/{quote('/', safe='')}"
        self.password_file: Final = folder / "password"
        self._password: Final = secrets.token_hex(16)
        self.password_file.write_text(self._password)
        self.password_file.chmod(0o400)
        (folder / "rabbitmq.conf").write_text(f"default_user = {_USER}\ndefault_pass = {self._password}\n")
        (folder / "plugins").write_text("[].\n")
        epmd_port = free_port()
        self._environment: Final = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"tests{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
        }
        self._names: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._names is None:
            self._names = self._spawn("epmd")
        self._process = self._spawn(_PROGRAM)
        deadline = time.monotonic() + _READY_WITHIN
        while True:
            with suppress(OSError, amqp.AMQPError), self.connected():
                return
            assert time.monotonic() < deadline, "rabbitmq-server does not answer"
            time.sleep(0.2)

    def stop(self) -> None:
        if self._process is not None:
            self.thaw()
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(_ENDS_WITHIN)
            self._process = None

    def close(self) -> None:
        try:
            self.stop()
        finally:
            if self._names is not None:
                self._names.kill()
                self._names.wait()

    def freeze(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGCONT)

    def flush(self) -> None:
        """Drop what waits in every queue of ours that is there."""
        for queue in ("sanitise", "dispose", "log", "notify"):
            with suppress(amqp.NotFound), self.connected() as channel:
                channel.queue_purge(queue)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A channel, on a connection of its own."""
        connection = amqp.Connection(
            f"127.0.0.1:{self.port}",
            userid=_USER,
            password=self._password,
            connect_timeout=5,
            read_timeout=10,
            write_timeout=10,
        )
        connection.connect()
        try:
            yield connection.channel()
        finally:
            with suppress(OSError, amqp.AMQPError, socket.error):
                connection.close()

    def count_waiting(self, queue: str) -> int:
        with self.connected() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)

    def _spawn(self, program: str) -> "subprocess.Popen[bytes]":
        # In a session of its own: the server is several processes, which are frozen and ended together.
        with (self._folder / "rabbitmq.log").open("ab") as log:
            return subprocess.Popen(
                [program],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@contextmanager
def running_rabbitmq(folder: Path) -> Iterator[RabbitMQServer]:
    """A server that runs while the block does; the test is skipped, and says how, where none can be had."""
    need_program("rabbitmq-server", package="rabbitmq-server")
    server = RabbitMQServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.close()
