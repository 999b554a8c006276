"""The life of a document, as one total table.

    receiving ──► sealed ──► ready ────┐
        │           │  └───► refused ──┤
        └───────────┴──────────────────┴──► disposing ──► disposed

`sealed`: the original lies encrypted; `ready`: fresh page images are sealed and the original is gone; `refused`: it
could not be read. Unknown means refused.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class DocumentState(StrEnum):
    RECEIVING = "receiving"
    SEALED = "sealed"
    READY = "ready"
    REFUSED = "refused"
    DISPOSING = "disposing"
    DISPOSED = "disposed"


_D = DocumentState

NEXT: Final[Mapping[DocumentState, frozenset[DocumentState]]] = {
    _D.RECEIVING: frozenset({_D.SEALED, _D.DISPOSING}),
    _D.SEALED: frozenset({_D.READY, _D.REFUSED, _D.DISPOSING}),
    _D.READY: frozenset({_D.DISPOSING}),
    _D.REFUSED: frozenset({_D.DISPOSING}),
    _D.DISPOSING: frozenset({_D.DISPOSED}),
    _D.DISPOSED: frozenset(),
}

BEFORE: Final[Mapping[DocumentState, frozenset[DocumentState]]] = {
    to: frozenset(state for state, after in NEXT.items() if to in after) for to in DocumentState
}
"""From where each state is reached: what an update that moves a document there asks of its row."""

OCCUPIES_SLOT: Final = frozenset({_D.RECEIVING, _D.SEALED, _D.READY})
ENDS_EARLY: Final = BEFORE[_D.DISPOSING]
