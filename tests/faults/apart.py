"""Workers and beats that are started apart from the web process, beside one broker; real processes on one installation.

Guarantees: whatever was started here is ended here, by its own id.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import amqp

from tests.faults.running import ROOT, Service, wait_until
from tests.servers.rabbitmq import RabbitMQServer, running_rabbitmq
from tests.servers.redis import RedisServer, running_redis

Message: TypeAlias = tuple[dict[str, Any], bytes, str, str]
"""Headers, body, content type, encoding."""

Broker: TypeAlias = RedisServer | RabbitMQServer

QUEUES: Final = ("sanitise", "dispose", "log", "notify")
_STARTS_WITHIN: Final = 120.0
_ENDS_WITHIN: Final = 60.0


@contextmanager
def running_broker(kind: str, folder: Path) -> Iterator[Broker]:
    """A broker of this kind in a new folder."""
    folder.mkdir(parents=True)
    with running_redis(folder) if kind == "redis" else running_rabbitmq(folder) as broker:
        yield broker


def settings_for(broker: Broker) -> dict[str, str]:
    """What a service needs to be told of a broker."""
    return {"broker_url": broker.url, "broker_password_file": str(broker.password_file)}


class Processes:
    """Workers and beats of one service."""

    def __init__(self, service: Service, **settings: str) -> None:
        self._service: Final = service
        self._environment: Final = {
            **service.environment,
            **{f"VERIFIER_{name.upper()}": value for name, value in settings.items()},
        }
        self.started: Final[list[subprocess.Popen[bytes]]] = []

    def start_worker(self, *zones: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A worker of these zones, with more in its environment; returns once a pool child of it works."""
        self.start_workers(zones, environment=environment)
        return self.started[-1]

    def start_workers(self, *parts: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """A worker for each part, of that part's zones; returns once a pool child of each works."""
        before = len(self._service.find_worker_starts())
        for zones in parts:
            named = [word for zone in zones for word in ("--zone", zone)]
            self._start("-m", "workers", *named, environment=environment)
        wait_until(
            lambda: len(self._service.find_worker_starts()) >= before + len(parts),
            within=_STARTS_WITHIN,
            what="no pool child works",
        )

    def start_beat(self, folder: Path) -> subprocess.Popen[bytes]:
        """A beat in a folder of its own."""
        return self._start("-m", "celery", "-A", "workers.app", "beat", folder=folder)

    def stop(self) -> None:
        for process in self.started:
            process.terminate()
        for process in self.started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_ENDS_WITHIN)
            process.kill()
            process.wait()
        self.started.clear()

    def _start(
        self, *command: str, folder: Path = ROOT, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with self._service.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                env={**self._environment, "PYTHONPATH": str(ROOT), **(environment or {})},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.started.append(process)
        return process


@contextmanager
def workers_apart(service: Service, **settings: str) -> Iterator[Processes]:
    """One worker for all zones, and room for more."""
    processes = Processes(service, **settings)
    try:
        processes.start_worker(*QUEUES)
        yield processes
    finally:
        processes.stop()


@contextmanager
def running_beats(service: Service, folders: Sequence[Path]) -> Iterator[Processes]:
    """A beat in each of these folders, which are made."""
    beats = Processes(service)
    try:
        for folder in folders:
            folder.mkdir()
            beats.start_beat(folder)
        yield beats
    finally:
        beats.stop()


def find_children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def kill_pool_child(worker: subprocess.Popen[bytes]) -> int:
    """SIGKILL for the pool child; its id."""
    (child,) = find_children(worker.pid)
    os.kill(child, signal.SIGKILL)
    return child


def forge(count: int, *, seed: int = 0) -> Iterator[Message]:
    """Messages that nobody of ours sent."""
    dice = random.Random(seed)
    names = (
        "verifier.dispose",
        "verifier.sequence",
        "verifier.shred",
        "verifier.check",
        "verifier.nothing",
        "os.system",
    )
    bodies = (
        (b"[[], {}, {}]", "application/json", "utf-8"),
        (
            b'[["/etc/passwd"], {"document": "doc_x"}, {"callbacks": [{"task": "verifier.shred"}]}]',
            "application/json",
            "utf-8",
        ),
        (b"\x80\x04cos\nsystem\n(S'touch forged'\ntR.", "application/x-python-serialize", "binary"),
        (b"{" * 4000, "application/json", "utf-8"),
        (b"\xff\xfe" * 200_000, "text/plain", "latin-1"),
        (b"", "", ""),
    )
    for number in range(count):
        headers: dict[str, Any] = {"task": dice.choice(names), "id": dice.choice(("same", str(number)))}
        headers |= dice.choice(
            (
                {},
                {"eta": "2999-01-01T00:00:00+00:00"},
                {"expires": "1999-01-01T00:00:00+00:00"},
                {"timelimit": [0.001, 0.001]},
                {"compression": "application/x-gzip"},
                {"retries": 9999, "group": "x", "argsrepr": "y" * 3000, "origin": "z", "reply_to": "dispose"},
                {"task": dice.choice(("", "verifier." + "x" * 5000, "verifier.dispose\n"))},
            )
        )
        weights = (40, 30, 20, 5, 1, 4)
        body, content_type, encoding = dice.choices(bodies, weights)[0]
        yield headers, body, content_type, encoding


def publish(broker: Broker, messages: Iterable[Message]) -> int:
    """Put messages into every queue in turn, past Celery; how many."""
    count = 0
    if isinstance(broker, RedisServer):
        with broker.connected() as client, client.pipeline(transaction=False) as pipe:
            for count, message in enumerate(messages, 1):
                pipe.lpush(QUEUES[count % len(QUEUES)], _lay_out(message))
            pipe.execute()
        return count
    with broker.connected() as channel:
        for count, (headers, body, content_type, encoding) in enumerate(messages, 1):
            frame = amqp.Message(
                body, application_headers=headers, content_type=content_type, content_encoding=encoding
            )
            channel.basic_publish(frame, routing_key=QUEUES[count % len(QUEUES)])
        # What was published without confirmation is taken once a later question on this channel was answered.
        channel.queue_declare("dispose", passive=True)
    return count


def _lay_out(message: Message) -> bytes:
    """As it lies in a list of Redis."""
    headers, body, content_type, encoding = message
    return json.dumps(
        {
            "body": body.decode("latin-1"),
            "headers": headers,
            "content-type": content_type,
            "content-encoding": encoding,
            "properties": {"delivery_tag": "same", "delivery_info": {"exchange": "", "routing_key": "log"}},
        }
    ).encode()


def scatter_rubbish(server: RedisServer, *, count: int) -> None:
    """Put into the lists what is no message at all."""
    rubbish = (b"\xff\xfe", b"[" * 5000, b"null", b"", b"{}", b'{"headers": {"task": "verifier.dispose"}}')
    with server.connected() as client:
        for number in range(count):
            client.lpush(QUEUES[number % len(QUEUES)], rubbish[number % len(rubbish)])


def wake_up(name: str) -> Message:
    """A wake-up as ours are."""
    return {"task": name, "id": name}, b"[[], {}, {}]", "application/json", "utf-8"


def log_events(service: Service, event: str) -> Sequence[dict[str, Any]]:
    """The lines of the log about one event."""
    lines = service.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [found for line in lines if line.startswith("{") and (found := json.loads(line))["event"] == event]
