"""Load: whole verifications, one after another in several lines, until told to end.

Guarantees: what was acknowledged is known of every story, also of one that a fault cut short.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.faults.stories import ENDINGS, Cast, Story, guess_too_often, prove_by_code

_ALL: Final = (*ENDINGS, prove_by_code, guess_too_often)
_BETWEEN: Final = 0.1


class Load:
    """Some lines of stories at once."""

    def __init__(self, cast: Cast, *, turn: int, lines: int = 2) -> None:
        self._cast: Final = cast
        self._ending: Final = threading.Event()
        self.stories: Final[list[Story]] = []
        self.told = 0
        self.cut_short: Final[list[str]] = []
        self._lock: Final = threading.Lock()
        order = [_ALL[(turn + number) % len(_ALL)] for number in range(len(_ALL))]
        self._lines: Final = [
            threading.Thread(target=self._tell_on, args=(order[number::lines],), name=f"line-{number}", daemon=True)
            for number in range(lines)
        ]

    def begin(self) -> None:
        for line in self._lines:
            line.start()

    def end(self, within: float) -> list[str]:
        """Begin no more stories and wait for those under way; which lines did not end."""
        self._ending.set()
        deadline = time.monotonic() + within
        for line in self._lines:
            line.join(max(0.0, deadline - time.monotonic()))
        return [f"{line.name} did not end" for line in self._lines if line.is_alive()]

    def tell(self, ending: Callable[[Story], None]) -> str:
        """One story to its end: what cut it short, or nothing."""
        story = Story(self._cast)
        with self._lock:
            self.stories.append(story)
        try:
            ending(story)
        except Exception as error:  # noqa: BLE001 -- a fault may end a story in any way; who plays judges it
            return f"{ending.__name__}, {story.verification}: {type(error).__name__} {error}"
        else:
            self.told += 1
            return ""
        finally:
            story.close()

    @property
    def acknowledged(self) -> list[str]:
        with self._lock:
            return [document for story in self.stories for document in story.acknowledged]

    def _tell_on(self, endings: Sequence[Callable[[Story], None]]) -> None:
        number = 0
        while not self._ending.is_set():
            cut = self.tell(endings[number % len(endings)])
            number += 1
            if cut:
                self.cut_short.append(cut)
            self._ending.wait(_BETWEEN)
