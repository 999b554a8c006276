"""The fence around a writer: it may write until `writer_until`, and stops by itself before that.

Disposal marks a document, waits until the fence is past, and then deletes: no writer of ours can put bytes after it.
The database's clock draws the fence; the process that writes measures it with its own steady clock, from before the
row was changed, and stops a margin earlier.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from verifier.evidence.errors import UploadTooSlowError

FENCE_FOR: Final = timedelta(seconds=20)
_STOPS_AFTER_S: Final = FENCE_FOR.total_seconds() - 4
_RENEW_AFTER_S: Final = 5.0


def read_steady_clock() -> float:
    """Seconds that never go back, and that go on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Fence:
    """One writer's right to write. `extend` must hit exactly one row, or raise.

    `drawn_at` is the steady clock's reading from before the row was changed: a pause in between counts.
    """

    def __init__(
        self, extend: Callable[[], None], *, drawn_at: float, steady_clock: Callable[[], float] = read_steady_clock
    ) -> None:
        self._extend: Final = extend
        self._clock: Final = steady_clock
        self._drawn_at = drawn_at

    def redraw(self) -> None:
        """Draw the fence anew after a pause in which nothing was written."""
        drawn_at = self._clock()
        self._extend()
        self._drawn_at = drawn_at

    def keep_open(self) -> None:
        """Before each write: raise if the fence is past, renew it when it is old enough.

        Raises:
            UploadTooSlowError: the margin was reached; what was written must be deleted.
        """
        self.verify_open()
        if self.is_old:
            self.redraw()

    @property
    def is_old(self) -> bool:
        """Whether it is time to draw it anew."""
        return self._age() >= _RENEW_AFTER_S

    def verify_open(self) -> None:
        """Raise `UploadTooSlowError` once the fence is nearer than its margin."""
        if self._age() >= _STOPS_AFTER_S:
            raise UploadTooSlowError

    def _age(self) -> float:
        return self._clock() - self._drawn_at
