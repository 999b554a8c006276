"""The seam to the root keys, which wrap the private keys of verifications.

Roots are numbered by the day they begin on, counted from 1970-01-01 (UTC), so that a new one starts daily and every
process agrees on today's without asking another. Nothing is ever wrapped again by a newer root: an old one is destroyed
when no record names it. Every implementation passes `tests/contract/test_root_keys.py`.
"""

from datetime import date
from typing import Final, NewType, Protocol

RootNumber = NewType("RootNumber", int)

_FIRST_DAY: Final = date(1970, 1, 1).toordinal()


def root_number_on(day: date) -> RootNumber:
    """The number of the root that begins on `day` (a UTC date or datetime)."""
    return RootNumber(day.toordinal() - _FIRST_DAY)


class RootKeys(Protocol):
    """Root keys by number; the keys themselves never leave the implementation."""

    def current(self, now: date) -> RootNumber:
        """Today's root, made now if it is the first time today. Raises `NoSpaceError`, `StoreUnavailableError`."""

    def wrap(self, number: RootNumber, plaintext: bytes, *, context: bytes) -> bytes:
        """Wrap a key, bound to `context`. Raises `RootMissingError`, `StoreUnavailableError`."""

    def unwrap(self, number: RootNumber, wrapped: bytes, *, context: bytes) -> bytes:
        """Undo `wrap`. Raises `RootMissingError`, `BrokenRecordError`, `StoreUnavailableError`."""

    def destroy(self, number: RootNumber) -> None:
        """Destroy a root, for good, and look. Safe to repeat. Raises `StillPresentError`."""

    def list(self) -> list[RootNumber]:
        """The roots that exist, oldest first."""
