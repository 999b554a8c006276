"""Fetching a small file over https from a host that a stranger named."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Answer:
    """What a server answered: its status, and a body no longer than was allowed."""

    status: int
    body: bytes


class Fetcher(Protocol):
    """The one way to a file elsewhere."""

    def fetch(self, url: str, *, most_bytes: int) -> Answer:
        """What stands at an https address. Raises `FetchFailedError`; follows no redirect."""
        ...
