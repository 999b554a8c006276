"""What can be wrong with evidence from a log. Each error says in one sentence what was seen, for whoever checks it.

The sentences hold sizes, indexes and positions only, never the bytes that were refused.
"""

from typing import Final

from verifier.errors import VerifierError


class EvidenceError(VerifierError):
    """Something that claims to come from a log does not."""

    code = "bad_evidence"

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence: Final = sentence

    def __str__(self) -> str:
        return self.sentence


class BadProofError(EvidenceError):
    """An inclusion or consistency proof that proves nothing."""

    code = "bad_proof"


class BadCheckpointError(EvidenceError):
    """A checkpoint or verifier key that is malformed, or that the log did not sign."""

    code = "bad_checkpoint"


class BadTileError(EvidenceError):
    """A tile, or its address, that does not fit the tree."""

    code = "bad_tile"
