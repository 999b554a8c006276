"""Counts of the last minutes in memory, kept by whoever counts.

`limits` has such a storage, and forgets with a thread that it starts anew for every few counts; its start makes the
event loop wait for that thread. This one forgets in passing, under a lock that is held for microseconds.
"""

import threading
import time
from typing import Final

from limits.storage import MemoryStorage

_FORGET_EVERY_S: Final = 10.0


class Counts(MemoryStorage):
    """A storage of `limits` for windows that slide, without a thread of its own."""

    def __init__(self) -> None:
        super().__init__(wrap_exceptions=True)
        self._lock: Final = threading.Lock()
        self._forget_at = time.time() + _FORGET_EVERY_S

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        with self._lock:
            now = time.time()
            if now >= self._forget_at:
                self._forget(now)
            if self.expirations.get(key, 0) <= now:
                self.storage[key] = 0
                self.expirations[key] = now + expiry
            self.storage[key] += amount
            return self.storage[key]

    def decr(self, key: str, amount: int = 1) -> int:
        with self._lock:
            self.storage[key] = max(self.storage[key] - amount, 0)
            return self.storage[key]

    def get(self, key: str) -> int:
        return self.storage[key] if self.expirations.get(key, 0) > time.time() else 0

    def _forget(self, now: float) -> None:
        for key in [key for key, ends_at in self.expirations.items() if ends_at <= now]:
            del self.expirations[key], self.storage[key]
        self._forget_at = now + _FORGET_EVERY_S
