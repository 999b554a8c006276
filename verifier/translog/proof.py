"""Offline proofs (C2SP tlog-proof): an index, an inclusion proof and the checkpoint that it leads to, as one text.

Guarantees: `verify_log_proof` returns only where the leaf is in the tree that the log signed. Our proofs carry no
`extra` line, because nothing authenticates it; a text with one is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from verifier.translog.checkpoint import Checkpoint, LogVerifier
from verifier.translog.encoding import encode_base64, parse_base64
from verifier.translog.errors import BadProofError
from verifier.translog.merkle import HASH_BYTES, hash_leaf, verify_inclusion

_FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,15})")
_MAX_HASHES: Final = 64


@dataclass(frozen=True)
class LogProof:
    """The parts of a proof; `checkpoint` is the signed note, verbatim."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    def to_text(self) -> str:
        hashes = "".join(f"{encode_base64(each)}\n" for each in self.hashes)
        return f"{_FIRST_LINE}\nindex {self.index}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise `BadProofError` unless `text` has the form of a proof. Proves nothing yet."""
        head, blank, checkpoint = text.partition("\n\n")
        first, *lines = head.split("\n")
        if not blank or first != _FIRST_LINE or not lines:
            raise BadProofError(f"a proof begins with {_FIRST_LINE} and ends with a checkpoint")
        index = _INDEX.fullmatch(lines[0])
        if index is None:
            raise BadProofError("the proof's second line is not its index")
        proof = cls(int(index[1]), tuple(_parse_hashes(lines[1:])), checkpoint)
        if proof.to_text() != text:
            raise BadProofError("the proof is not written in its one form")
        return proof


@dataclass(frozen=True)
class VerifiedInclusion:
    """A leaf's place in a log, and the checkpoint that commits to it."""

    index: int
    checkpoint: Checkpoint


def verify_log_proof(text: str, leaf: bytes, *, verifier: LogVerifier) -> VerifiedInclusion:
    """Raise `BadProofError` or `BadCheckpointError` unless `text` proves that `leaf` is in this log."""
    # 1. The text has the form of a proof.
    proof = LogProof.parse(text)
    # 2. The log signed its checkpoint.
    checkpoint = verifier.open_checkpoint(proof.checkpoint)
    # 3. The leaf is in the tree of that checkpoint, at that index.
    verify_inclusion(hash_leaf(leaf), index=proof.index, size=checkpoint.size, proof=proof.hashes, root=checkpoint.root)
    return VerifiedInclusion(proof.index, checkpoint)


def _parse_hashes(lines: Sequence[str]) -> list[bytes]:
    if len(lines) > _MAX_HASHES:
        raise BadProofError("the proof is longer than any path to a root")
    try:
        hashes = [parse_base64(line) for line in lines]
    except ValueError as error:
        raise BadProofError("a hash of the proof is not base64") from error
    if any(len(each) != HASH_BYTES for each in hashes):
        raise BadProofError(f"a hash of the proof is not {HASH_BYTES} bytes long")
    return hashes
