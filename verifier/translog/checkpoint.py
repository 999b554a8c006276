"""Checkpoints (C2SP tlog-checkpoint) as signed notes (C2SP signed-note) with Ed25519.

Guarantees: what `LogVerifier.open_checkpoint` returns was signed by this log's key, word for word; every accepted text
has exactly one form. A checkpoint of ours has no extension lines, and its origin is the key's name. Signatures of other
keys (witnesses) are allowed and ignored.

Leaves to others: never signing two checkpoints of which one does not extend the other. That is the sequencer's promise.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from verifier.translog.encoding import encode_base64, parse_base64
from verifier.translog.errors import BadCheckpointError
from verifier.translog.merkle import HASH_BYTES

_ED25519: Final = b"\x01"  # signed-note, "Signature types"
_KEY_BYTES: Final = 32
_MAX_NOTE_CHARS: Final = 128 * 1024  # room for 16 post-quantum cosignatures, as the specification asks
_MAX_SIGNATURES: Final = 64
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_NAME: Final = re.compile(r"[^\s+]+")
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_NOT_TEXT: Final = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")  # control characters, and what is not UTF-8
_KEY_TEXT: Final = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_PRIVATE_PREFIX: Final = "PRIVATE+KEY+"


@dataclass(frozen=True)
class Checkpoint:
    """A tree head: which log, how many leaves, what root."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise `BadCheckpointError` unless `text` is a checkpoint's body without extension lines."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0]:
            raise BadCheckpointError("a checkpoint has an origin, a size and a root, each on its own line")
        if _SIZE.fullmatch(lines[1]) is None:
            raise BadCheckpointError("the checkpoint's size is not a plain number")
        checkpoint = cls(lines[0], int(lines[1]), _parse_base64(lines[2], "the checkpoint's root"))
        if len(checkpoint.root) != HASH_BYTES or checkpoint.to_text() != text:
            raise BadCheckpointError("the checkpoint's root is not a hash")
        return checkpoint


@dataclass(frozen=True)
class LogVerifier:
    """Checks a log's signatures. Its text, the verifier key, is what the log publishes."""

    origin: str
    public_key: bytes

    def __post_init__(self) -> None:
        _verify_name(self.origin)
        if len(self.public_key) != _KEY_BYTES:
            raise BadCheckpointError("an Ed25519 public key is 32 bytes long")

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256 over name, newline, algorithm and key."""
        return hashlib.sha256(self.origin.encode() + b"\n" + _ED25519 + self.public_key).digest()[:4]

    def to_text(self) -> str:
        """`name+hash+base64`."""
        return f"{self.origin}+{self.key_id.hex()}+{encode_base64(_ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise `BadCheckpointError` unless `text` is the verifier key of an Ed25519 log."""
        name, _, key = _parse_key(text)
        verifier = cls(name, key)
        if verifier.to_text() != text:
            raise BadCheckpointError("the log key's hash does not belong to its name and key")
        return verifier

    def open_checkpoint(self, note: str) -> Checkpoint:
        """The checkpoint in `note`; `BadCheckpointError` unless this log signed it."""
        # 1. The note has the one form of a signed note.
        text, signatures = _split_note(note)
        # 2. At least one signature is by this key, and each that claims to be is good; others are ignored.
        ours = [blob[4:] for name, blob in signatures if name == self.origin and blob[:4] == self.key_id]
        if not ours:
            raise BadCheckpointError("the checkpoint is not signed with this log's key")
        for signature in ours:
            self._verify_signature(text, signature)
        # 3. The text is a checkpoint of this log.
        checkpoint = Checkpoint.parse(text)
        if checkpoint.origin != self.origin:
            raise BadCheckpointError("the checkpoint names another origin than the key that signed it")
        return checkpoint

    def _verify_signature(self, text: str, signature: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except InvalidSignature as error:
            raise BadCheckpointError("the checkpoint's signature is wrong") from error


@dataclass(frozen=True)
class LogSigner:
    """Signs a log's checkpoints. Its text is the secret; its `repr` is not."""

    origin: str
    _seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, origin: str) -> Self:
        _verify_name(origin)
        return cls(origin, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise `BadCheckpointError` unless `text` is a signed-note signing key."""
        if not text.startswith(_PRIVATE_PREFIX):
            raise BadCheckpointError("not a log's signing key")
        name, _, seed = _parse_key(text.removeprefix(_PRIVATE_PREFIX))
        signer = cls(name, seed)
        if signer.to_secret_text() != text:
            raise BadCheckpointError("the signing key's hash does not belong to its name and key")
        return signer

    def to_secret_text(self) -> str:
        """`PRIVATE+KEY+name+hash+base64`, as signed-note tools write it. Whoever reads it can sign as this log."""
        encoded = encode_base64(_ED25519 + self._seed)
        return f"{_PRIVATE_PREFIX}{self.origin}+{self.verifier.key_id.hex()}+{encoded}"

    @property
    def verifier(self) -> LogVerifier:
        return LogVerifier(self.origin, self._key().public_key().public_bytes_raw())

    def sign(self, *, size: int, root: bytes) -> str:
        """The signed note for this tree head. It must extend everything that was signed before."""
        text = Checkpoint(self.origin, size, root).to_text()
        blob = self.verifier.key_id + self._key().sign(text.encode())
        return f"{text}\n— {self.origin} {encode_base64(blob)}\n"

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)


def _split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    if len(note) > _MAX_NOTE_CHARS or _NOT_TEXT.search(note) is not None:
        raise BadCheckpointError("the checkpoint is too long, or holds what is not text")
    head, blank, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or lines.pop() or not 0 < len(lines) <= _MAX_SIGNATURES:
        raise BadCheckpointError("the checkpoint has no signatures, or is cut short")
    return head + "\n", [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> tuple[str, bytes]:
    match = _SIGNATURE.fullmatch(line)
    if match is None:
        raise BadCheckpointError("a line among the checkpoint's signatures is no signature")
    blob = _parse_base64(match[2], "a signature")
    if len(blob) < 5:
        raise BadCheckpointError("a signature is too short")
    return match[1], blob


def _parse_key(text: str) -> tuple[str, str, bytes]:
    match = _KEY_TEXT.fullmatch(text)
    if match is None:
        raise BadCheckpointError("a log key has the form name+hash+base64")
    blob = _parse_base64(match[3], "the log key")
    if blob[:1] != _ED25519 or len(blob) != 1 + _KEY_BYTES:
        raise BadCheckpointError("the log key is not an Ed25519 key")
    return match[1], match[2], blob[1:]


def _parse_base64(text: str, what: str) -> bytes:
    try:
        return parse_base64(text)
    except ValueError as error:
        raise BadCheckpointError(f"{what} is not base64") from error


def _verify_name(name: str) -> None:
    if _NAME.fullmatch(name) is None or _NOT_TEXT.search(name) is not None:
        raise BadCheckpointError("a log's name holds neither spaces nor a plus sign")
