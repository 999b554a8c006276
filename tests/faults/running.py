"""The service as its operator runs it: `verifier serve` and the worker that it starts, real processes on real folders.

Guarantees: a web process that dies is started again, as systemd would; whatever was started here is ended here, by
its own id. Logs of all lives are kept in one file.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from tests.case_policies import FOLDER
from verifier.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
_READY_WITHIN: Final = 60.0
_ENDS_WITHIN: Final = 40.0
_MOST_FAILED_STARTS: Final = 2


def wait_until(is_so: Callable[[], bool], *, within: float, what: str, every: float = 0.05) -> None:
    """Look until it is so. Raises `TimeoutError` with what was waited for."""
    deadline = time.monotonic() + within
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {within:g} s: {what}")
        time.sleep(every)


class Service:
    """One installation below `home`, running; `with` starts and ends it."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home: Final = home
        self.scratch: Final = home.parent / "scratch"
        self.log: Final = home.parent / "log.jsonl"
        self.fuse: Final = home.parent / "fuse"
        self._ready: Final = home.parent / "ready"
        self.port: Final = find_port()
        self.url: Final = f"http://127.0.0.1:{self.port}"
        self.environment: Final = {
            **os.environ,
            "VERIFIER_HOME": str(home),
            "VERIFIER_PORT": str(self.port),
            "VERIFIER_FAULT_FUSE": str(self.fuse),
            "VERIFIER_POLICIES_FOLDER": str(FOLDER),
            "TMPDIR": str(self.scratch),
            "PYTHONUNBUFFERED": "1",
            **{f"VERIFIER_{name.upper()}": value for name, value in settings.items()},
        }
        self.deaths = 0
        self._web: subprocess.Popen[bytes] | None = None
        self._stopping: Final = threading.Event()
        self._keeper: Final = threading.Thread(target=self._keep_alive, name="keeper", daemon=True)

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, port=self.port, public_url=self.url, policies_folder=FOLDER)

    def __enter__(self) -> Self:
        self.scratch.mkdir(parents=True, exist_ok=True)
        self._web = self._start_web()
        self._keeper.start()
        try:
            self.await_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def await_ready(self) -> None:
        wait_until(
            lambda: self._ready.exists() or self.deaths > _MOST_FAILED_STARTS,
            within=_READY_WITHIN,
            what="`verifier serve` is not ready",
        )
        assert self._ready.exists(), self.log.read_text()

    def arm(self, spec: str) -> None:
        """Let the process die that passes this fault point next."""
        unfinished = self.fuse.with_suffix(".new")
        unfinished.write_text(spec)
        unfinished.replace(self.fuse)

    @property
    def is_armed(self) -> bool:
        return self.fuse.exists()

    def disarm(self) -> None:
        self.fuse.unlink(missing_ok=True)

    def kill_web(self) -> None:
        assert self._web is not None
        self._web.kill()

    def ask_web_to_stop(self) -> None:
        """SIGTERM, as at a rolling restart: another one is started when it has ended."""
        assert self._web is not None
        self._web.terminate()

    @property
    def web_pid(self) -> int:
        assert self._web is not None
        return self._web.pid

    @property
    def is_serving(self) -> bool:
        """Whether the web process that lives now has said that it answers."""
        return self._ready.exists()

    def run(self, *command: str) -> str:
        """One command of the operator; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "verifier", *command],
            env=self.environment,
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def find_worker_starts(self) -> list[datetime]:
        """When a worker was up, by its own line in the log."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        events = [_parse_event(line) for line in lines if line.startswith("{")]
        return [datetime.fromisoformat(each["at"]) for each in events if each.get("event") == "worker.started"]

    def find_processes(self) -> list[int]:
        """Every living process of this installation: those whose environment names its home."""
        mark = f"VERIFIER_HOME={self.home}\0".encode()
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and mark in (folder / "environ").read_bytes() + b"\0":
                    found.append(int(folder.name))
        return found

    def stop(self) -> None:
        """As an operator stops it: SIGTERM, and wait for the end of web and worker."""
        self._stopping.set()
        if self._web is not None and self._web.poll() is None:
            self._web.terminate()
            self._web.wait(_ENDS_WITHIN)
        self._keeper.join(_ENDS_WITHIN)

    def close(self) -> None:
        try:
            self.stop()
        finally:
            for pid in self.find_processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _start_web(self) -> subprocess.Popen[bytes]:
        self._ready.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "verifier", "serve", "--ready-file", str(self._ready)],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _keep_alive(self) -> None:
        while not self._stopping.is_set():
            assert self._web is not None
            with suppress(subprocess.TimeoutExpired):
                self._web.wait(0.1)
                if self._stopping.is_set():
                    return
                self.deaths += 1
                self._web = self._start_web()


def _parse_event(line: str) -> dict[str, str]:
    """A line of the log; nothing where a full disk cut it off."""
    with suppress(json.JSONDecodeError):
        return dict(json.loads(line))
    return {}


def find_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
