"""What can come after a state, by its table; which places for documents a line of proof names."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from policies.parts import DocumentRequirement, ProofLine

S = TypeVar("S", bound=StrEnum)


def reach_of(table: Mapping[S, frozenset[S]], begin_at: S) -> set[S]:
    """Every state that can come after, the state itself included."""
    found, new = {begin_at}, {begin_at}
    while new:
        new = {after for state in new for after in table[state]} - found
        found |= new
    return found


def document_slots(line: ProofLine) -> set[tuple[str, str]]:
    """Every (document, slot) that the line needs."""
    return {
        (item.document, slot)
        for item in line
        if isinstance(item, DocumentRequirement) and not item.is_optional
        for slot in item.slots
    }
