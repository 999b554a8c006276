"""`verifier serve`: the web process, and the worker that it starts and keeps alive.

Guarantees: nothing is served before the settings were verified, the house opened and the sandbox tried; where people
are served, a sandbox that does not hold stops the start. A worker that dies is started again at once, ever more slowly
while it keeps dying. On SIGTERM and SIGINT: no new connections, requests finish, the worker finishes its job, the end.
"""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from verifier import faults
from verifier.address import address_of, at_address
from verifier.app import create_app
from verifier.errors import ConfigurationError
from verifier.metrics.serving import metrics_on
from verifier.sanitise.errors import DecoderUnavailableError
from verifier.sanitise.hardening import STARTED_BY, harden_process
from verifier.sanitise.probe import SandboxReport, probe_sandbox
from verifier.settings import Settings, Tier
from verifier.stores import probe_stores
from verifier.telemetry import configure_logs, get_log
from verifier.wiring import open_figures, open_house, parts_of_tier, tell_weakness, verify_customer_cannot

EMBEDDED: Final = (
    "Documents and keys lie on one machine: this form keeps every promise but P2, that who receives documents "
    "cannot read them back."
)
_FORMS: Final[Mapping[Tier, str]] = {
    "all": EMBEDDED,
    "customer": "This is the customers' tier: it puts documents away, and has no key that opens one.",
    "staff": "This is the staff's tier: customers have another host.",
}
_FINISH_WITHIN: Final = 20
_WORKER_ENDS_WITHIN: Final = 30.0
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_LIVED_LONG: Final = 10.0


def serve(settings: Settings, *, ready_file: Path | None = None) -> None:
    """Serve until asked to stop. Port 0 takes a free one; `ready_file` gets the address once requests are answered.

    Raises:
        ConfigurationError: with what to change.
    """
    configure_logs()
    harden_process()
    faults.arm_from_environment()
    with _listen(settings) as listener:
        address = address_of(settings, port=listener.getsockname()[1])
        settings = at_address(settings, port=listener.getsockname()[1])
        has_all_tiers = settings.tier == "all"
        if has_all_tiers:
            probe_stores(settings)
        house = open_house(settings, parts=parts_of_tier(settings))
        try:
            if settings.tier == "customer":
                verify_customer_cannot(house)
                _announce(*tell_weakness(house))
            # Only workers decode what others made; where they run apart, each of them tries its own sandbox.
            warnings = try_sandbox(settings) if has_all_tiers else ()
            _announce(_FORMS[settings.tier], f"Listening on {address}, known as {settings.own_address}.", *warnings)
            get_log().info("serve.embedded" if has_all_tiers else "serve.tier", port=listener.getsockname()[1])
            server = _Server(_configure(create_app(house, warnings=warnings)), address=address, ready_file=ready_file)
            known = {"VERIFIER_PUBLIC_URL": settings.public_url, STARTED_BY: str(os.getpid())}
            # Where a broker is, workers are started apart, each zone with its rights.
            command = (sys.executable, "-m", "workers")
            worker = Supervisor(command, environment=known) if has_all_tiers and not settings.broker_url else None
            gc.collect()
            gc.freeze()  # all that was loaded stays: looking through it again and again would cost a tenth of an upload
            with metrics_on(
                settings.metrics_host,
                settings.metrics_port,
                setting="VERIFIER_METRICS_PORT",
                write_page=open_figures(house),
            ):
                _run(server, worker, listener)
        finally:
            house.close()


def _announce(*sentences: str) -> None:
    """For whoever started it by hand; standard error is the log, and stays one JSON object a line."""
    sys.stdout.write("".join(f"{sentence}\n" for sentence in sentences))
    sys.stdout.flush()


def try_sandbox(settings: Settings) -> tuple[str, ...]:
    """Try to break out of the decoder's sandbox: what staff must be told of it, nothing where it holds.

    Raises:
        ConfigurationError: it does not hold, and people are served.
    """
    try:
        report = probe_sandbox(_find_secret(settings))
    except DecoderUnavailableError as error:
        raise ConfigurationError(
            "The decoder's sandbox gave no answer, so no document could be checked. Run verifier doctor."
        ) from error
    return judge_sandbox(report, is_production=settings.is_production)


def _find_secret(settings: Settings) -> Path:
    """A file that no decoder may read: one that is there, or else the attempt would say nothing."""
    files = (settings.signing_key_file, settings.database_password_file, settings.documents_credentials_file)
    return next((file for file in files if file is not None and file.is_file()), settings.signing_key_file)


def judge_sandbox(report: SandboxReport, *, is_production: bool) -> tuple[str, ...]:
    """What follows from a report: nothing, a warning for every page, or no start. Raises `ConfigurationError`."""
    if report.missing:
        get_log().warning("sandbox.walls_missing", count=len(report.missing))
    if report.holds:
        return ()
    get_log().critical("sandbox.broken", count=len(report.succeeded))
    tried = ", ".join(attempt.value.replace("_", " ") for attempt in report.succeeded)
    if is_production:
        raise ConfigurationError(
            f"The decoder's sandbox does not hold on this machine: a child managed to {tried}. Allow Landlock and "
            "seccomp to this process, or run it on a kernel that has them (Linux 5.13 or later)."
        )
    return (f"The decoder's sandbox does not hold on this machine ({tried}). Never send it a real document.",)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=1024)
    except OSError as error:
        raise ConfigurationError(
            f"Nothing can listen on {settings.host} port {settings.port}: {error.strerror}. Stop what listens there, "
            "or set VERIFIER_HOST and VERIFIER_PORT to something else."
        ) from error


def _configure(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # FastAPI is an ASGI application
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_FINISH_WITHIN,
    )


class _Server(uvicorn.Server):
    """Says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, *, address: str, ready_file: Path | None) -> None:
        super().__init__(config)
        self._address: Final = address
        self._ready_file: Final = ready_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        get_log().info("serve.ready", pid=os.getpid())
        if self._ready_file is not None:
            unfinished = self._ready_file.with_name(f".{self._ready_file.name}.{os.getpid()}")
            unfinished.write_text(f"{self._address}\n", encoding="utf-8")
            unfinished.replace(self._ready_file)  # whoever waits for it never reads half of it


def _run(server: uvicorn.Server, worker: "Supervisor | None", listener: socket.socket) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises the signal again when it has finished: then these handlers take it, and the worker is stopped too.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if worker is not None:
        worker.start()
    try:
        server.run(sockets=[listener])
    finally:
        if worker is not None:
            worker.stop()


class Supervisor:
    """One child process, kept alive until it is told to stop."""

    def __init__(self, command: Sequence[str], *, environment: dict[str, str]) -> None:
        self._command: Final = tuple(command)
        self._environment: Final = os.environ | environment
        self._stopping: Final = threading.Event()
        self._lock: Final = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        # The child gets SIGTERM when the thread that started it ends, so this one lives as long as the child does.
        self._thread: Final = threading.Thread(target=self._keep_alive, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the child finish its job, and wait for it; kill it if that takes too long."""
        self._stopping.set()
        with self._lock:
            if self._child is not None:
                self._child.terminate()
        self._thread.join(_WORKER_ENDS_WITHIN)
        if self._thread.is_alive() and self._child is not None:
            get_log().error("worker.killed", pid=self._child.pid)
            self._child.kill()
            self._thread.join()

    def _keep_alive(self) -> None:
        pause = 0.0
        while True:
            begun = time.monotonic()
            child = self._start_child()
            if child is None:
                return
            exit_code = child.wait()
            if self._stopping.is_set():
                return
            get_log().error("worker.died", pid=child.pid, exit_code=exit_code)
            has_lived = time.monotonic() - begun > _LIVED_LONG
            pause = 0.0 if has_lived else min(max(pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            self._stopping.wait(pause)

    def _start_child(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            # In a session of its own, or Ctrl-C in a terminal would reach it before the requests have finished.
            self._child = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
                self._command, env=self._environment, stdin=subprocess.DEVNULL, start_new_session=True
            )
            return self._child
