"""Keeps a lease alive while something long runs that cannot renew it itself."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from sqlalchemy.exc import SQLAlchemyError

from verifier.errors import VerifierError


class Heartbeat:
    """Calls `beat` every `every_s` seconds until its block ends. Once a beat fails it beats no more."""

    def __init__(self, beat: Callable[[], None], *, every_s: float) -> None:
        self._beat: Final = beat
        self._every_s: Final = every_s
        self._ended: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self._beat()
            except (VerifierError, SQLAlchemyError):
                return  # who lost the lease finds out at its next step
