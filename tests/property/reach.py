"""What can come after a state, by its table."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)


def reach_of(table: Mapping[S, frozenset[S]], begin_at: S) -> set[S]:
    """Every state that can come after, the state itself included."""
    found, new = {begin_at}, {begin_at}
    while new:
        new = {after for state in new for after in table[state]} - found
        found |= new
    return found
