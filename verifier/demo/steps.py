"""What the demo prints: a line a step, with how long it took, what it was called, and what was seen."""

import time
from collections.abc import Callable


class Steps:
    """Takes one step after the other; `current` is the one under way, for whoever has to say which one failed."""

    def __init__(self) -> None:
        self.current = "starting"
        self._chapter = ""

    def begin(self, chapter: str, sentence: str) -> None:
        """Print the heading of what follows."""
        self._chapter = chapter
        say(f"\n{chapter}: {sentence}")

    def take(self, name: str, act: Callable[[], str]) -> str:
        self.current, begun = f"{self._chapter}, {name}" if self._chapter else name, time.perf_counter()
        seen = act()
        say(f"{time.perf_counter() - begun:7.2f} s  {name:<28} {seen}")
        return seen


def say(text: str) -> None:
    print(text, flush=True)
