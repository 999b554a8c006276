"""How the demo waits for what the worker does: it asks again and again, and gives up with a sentence."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from verifier.demo.errors import StepFailedError

_PATIENCE: Final = 60.0
_ASK_EVERY: Final = 0.05

T = TypeVar("T")


def wait_for(what: str, find: Callable[[], T | None]) -> T:
    """What `find` finds, once it does. Raises: StepFailedError"""
    ends_at = time.monotonic() + _PATIENCE
    while (found := find()) is None:
        if time.monotonic() > ends_at:
            raise StepFailedError(f"waited {_PATIENCE:.0f} s for {what}")
        time.sleep(_ASK_EVERY)
    return found
