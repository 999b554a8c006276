"""The seam to the root keys, which wrap the private keys of verifications.

Roots are numbered by the day they begin on, counted from 1970-01-01 (UTC), so that a new one starts daily and every
process agrees on today's without asking another. Whoever cannot wait for tomorrow begins another on the same day: its
number is a million higher, the next one's two million, so that a number still says its day and its turn, and a day has
room for four thousand. Nothing is ever wrapped again by a newer root: an old one is destroyed when no record names it.
Every implementation passes `tests/contract/test_root_keys.py`.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, NewType, Protocol

from verifier.vault.errors import TooManyRootsError

RootNumber = NewType("RootNumber", int)

_FIRST_DAY: Final = date(1970, 1, 1).toordinal()
_TURN: Final = 1_000_000
_MOST_TURNS: Final = 4_000  # a record has four bytes for the number


def root_number_on(day: date) -> RootNumber:
    """The number of the root that begins on `day` (a UTC date or datetime)."""
    return RootNumber(day.toordinal() - _FIRST_DAY)


def day_of(number: RootNumber) -> int:
    """The day on which a root begins, counted as its first root's number is."""
    return number % _TURN


def day_and_turn(number: RootNumber) -> tuple[int, int]:
    """What roots are sorted by: the day, then the turn on it."""
    return day_of(number), number // _TURN


def find_newest(numbers: Iterable[RootNumber], day: date) -> RootNumber | None:
    """The last root that was begun on `day`; `None` where there is none yet."""
    first = root_number_on(day)
    return max((number for number in numbers if day_of(number) == first), default=None)


def number_after(number: RootNumber) -> RootNumber:
    """The number of the next root on the same day. Raises `TooManyRootsError`."""
    if number // _TURN >= _MOST_TURNS:
        raise TooManyRootsError
    return RootNumber(number + _TURN)


class RootKeys(Protocol):
    """Root keys by number; the keys themselves never leave the implementation."""

    def current(self, now: date) -> RootNumber:
        """Today's newest root, made now if it is the first time today. Raises `NoSpaceError`, `StoreUnavailableError`.

        A root of another day is never today's: a clock that was set back wraps under the day that it shows.
        """

    def begin(self, now: date) -> RootNumber:
        """Make a root that is today's from now on, for every process. Raises as `current`, and `TooManyRootsError`."""

    def wrap(self, number: RootNumber, plaintext: bytes, *, context: bytes) -> bytes:
        """Wrap a key, bound to `context`. Raises `RootMissingError`, `StoreUnavailableError`."""

    def unwrap(self, number: RootNumber, wrapped: bytes, *, context: bytes) -> bytes:
        """Undo `wrap`. Raises `RootMissingError`, `BrokenRecordError`, `StoreUnavailableError`."""

    def destroy(self, number: RootNumber) -> None:
        """Destroy a root, for good, and look. Safe to repeat. Raises `StillPresentError`."""

    def list(self) -> list[RootNumber]:
        """The roots that exist, oldest first."""
