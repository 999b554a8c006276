"""The demo's own installation: a fresh home, `verifier serve` in it, and its end."""

import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from verifier.demo.door import clean_environment, run_command
from verifier.demo.errors import StepFailedError

_STARTS_WITHIN: Final = 60.0
_STOPS_WITHIN: Final = 60.0


class Service:
    """One `verifier serve` on a free port of this machine, with everything in one folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.home: Final = Path(tempfile.mkdtemp(prefix="home-", dir=folder)).resolve()
        self.address = ""
        self._settings: Mapping[str, str] = {}
        self._log: Final[IO[bytes]] = self.log_file.open("wb")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, settings: Mapping[str, str]) -> None:
        """Start it with `settings` beside its own, and wait until it answers."""
        self._settings = settings
        self._process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
            (sys.executable, "-m", "verifier", "serve", "--ready-file", str(self.home / "address")),
            env=clean_environment(self._environment("0")),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C reaches the demo, which then stops the service in order
        )
        self._await_ready(self._process)

    @property
    def staff_address(self) -> str:
        """One process serves everybody."""
        return self.address

    @property
    def log_file(self) -> Path:
        return self.home / "service.log"

    @property
    def log_key(self) -> Path:
        """Where the log's public key is kept for whoever checks receipts."""
        return self.home / "log-key"

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to find this installation."""
        return self._environment(self.address.rpartition(":")[2])

    def write_environment(self) -> Path:
        """A file to source in a shell, for commands of this installation."""
        path = self.home / "environment"
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return path

    def _environment(self, port: str) -> dict[str, str]:
        return {"VERIFIER_HOME": str(self.home), "VERIFIER_PORT": port, **self._settings}

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        ready_file, ends_at = self.home / "address", time.monotonic() + _STARTS_WITHIN
        while not ready_file.exists():
            if process.poll() is not None:
                raise StepFailedError(f"verifier serve ended with {process.returncode}: {self._last_line()}")
            if time.monotonic() > ends_at:
                raise StepFailedError(f"verifier serve did not answer within {_STARTS_WITHIN:.0f} s")
            time.sleep(0.05)
        self.address = ready_file.read_text(encoding="utf-8").strip()

    def run(self, *arguments: str) -> str:
        """Run a command of this installation."""
        return run_command(arguments, environment=self.environment)

    def wait(self) -> int:
        """Wait until it ends by itself."""
        assert self._process is not None
        return self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()

    def forget(self) -> None:
        """Remove the whole installation, once it has stopped."""
        shutil.rmtree(self.home, ignore_errors=True)

    def _last_line(self) -> str:
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"
