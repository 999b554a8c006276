"""Our own processes of the stack: started, waited for, and ended by their ids.

Guarantees: each writes a log of its own; one that ends before it should is named, with its last line; none outlives the
process that started it.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from verifier.demo.door import clean_environment
from verifier.demo.errors import StepFailedError
from verifier.sanitise.hardening import end_with_parent

_STARTS_WITHIN: Final = 90.0
_ENDS_WITHIN: Final = 60.0


class Processes:
    """All of them, by name; ended together, in the opposite order."""

    def __init__(self, log_folder: Path) -> None:
        self.log_folder: Final = log_folder
        self._running: Final[dict[str, subprocess.Popen[bytes]]] = {}

    def start(self, name: str, *arguments: str, environment: Mapping[str, str]) -> None:
        """Start `python -m …`. Only for the main thread: a process ends with the thread that started it."""
        with self.log_file(name).open("wb") as log:
            self._running[name] = subprocess.Popen(
                (sys.executable, "-m", *arguments),
                env=clean_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the stack, which then ends them in order
                preexec_fn=end_with_parent,  # noqa: PLW1509 -- two system calls, in a child that then becomes python
            )

    def log_file(self, name: str) -> Path:
        return self.log_folder / f"{name}.log"

    def await_ready(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Raise `StepFailedError` where it ended, or is not ready in time."""
        ends_at = time.monotonic() + _STARTS_WITHIN
        while not is_ready():
            self.verify_running(name)
            if time.monotonic() > ends_at:
                raise StepFailedError(f"{name} was not ready within {_STARTS_WITHIN:.0f} s: {self._last_line(name)}")
            time.sleep(0.05)

    def verify_running(self, name: str) -> None:
        exit_code = self._running[name].poll()
        if exit_code is not None:
            raise StepFailedError(f"{name} ended with {exit_code}: {self._last_line(name)}")

    def verify_all_running(self) -> str:
        """Every process is still the one that was started."""
        for name in self._running:
            self.verify_running(name)
        return ", ".join(self._running)

    def wait(self) -> None:
        """Until one ends by itself."""
        while True:
            self.verify_all_running()
            time.sleep(0.5)

    def stop(self) -> None:
        """Ask all to end, and wait until they have."""
        for process in reversed(self._running.values()):
            process.terminate()
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(_ENDS_WITHIN)
            process.kill()
            process.wait()

    def _last_line(self, name: str) -> str:
        lines = self.log_file(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"
