"""Seals bytes to a verification's public key, and opens them.

A sealed object is `b"vsealed1" ‖ hpke(dek) (1,168 bytes) ‖ cobblestone256(dek)`. HPKE's `info` and Cobblestone's
`context` are both the `SealContext`, so an object opens only where it belongs.

Guarantees: nothing that was opened is handed out before its end was authenticated. Leaves to others: who sealed it.
HPKE's base mode proves no sender, so a copy's row holds the digest and length of the ciphertext that our own tier
wrote, and `open_object` checks them first.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from verifier.ids import DocumentId, InstallationId, VerificationId
from verifier.vault.errors import BrokenSealError, WrongCiphertextError
from verifier.vault.keys import PrivateKey, PublicKey
from verifier.vault.names import verify_name

MAGIC: Final = b"vsealed1"
_WRAPPED_DEK_BYTES: Final = 1168
PREFIX_BYTES: Final = len(MAGIC) + _WRAPPED_DEK_BYTES
_STEP_BYTES: Final = 512 * 1024

MOST_WAITING: Final = 32 * 1024
"""Room for what a sealer held back, and for the tags of 512 KiB and more (one for each 16 KiB): 1 MiB needs 17 KiB."""

B = TypeVar("B", bytes, memoryview)

NO_DOCUMENT: Final = "-"  # in the context of values that belong to the verification and to no document of it

_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class SealContext:
    """Where a sealed object belongs. `copy` is a copy's name, or a column's for a value sealed into one."""

    installation: InstallationId
    verification: VerificationId
    document: DocumentId | str
    copy: str

    def __post_init__(self) -> None:
        # Strict names without a slash: no two contexts have the same bytes.
        for part in (self.installation, self.verification, self.document, self.copy):
            verify_name(part)

    def to_bytes(self) -> bytes:
        return f"verifier/v1/{self.installation}/{self.verification}/{self.document}/{self.copy}".encode("ascii")


class Sealer:
    """Seals one stream: `start()`, any number of `update()`, `finalize()`; what they return, in order, is the object.

    Keeps the SHA-256 and the length of the ciphertext as it goes, for the copy's row.
    """

    def __init__(self, public_key: PublicKey, context: SealContext) -> None:
        dek = Cobblestone256Encryptor.generate_key()
        info = context.to_bytes()
        self._prefix: bytes | None = MAGIC + _SUITE.encrypt(dek, public_key.hpke_key, info)
        self._encryptor: Final = Cobblestone256Encryptor(dek, info)
        self._hash: Final = hashlib.sha256()
        self._is_final = False
        self.length = 0

    def start(self) -> bytes:
        """The object's first bytes, with the wrapped key."""
        if self._prefix is None:
            raise ValueError("a sealer starts once")
        prefix, self._prefix = self._prefix, None
        return self._counted(prefix)

    def update(self, data: bytes | bytearray | memoryview) -> bytes:
        """Seal the next bytes. May return nothing yet."""
        self._verify_started()
        return self._counted(self._encryptor.update(data))

    def update_into(self, pieces: Iterable[memoryview], room: memoryview) -> int:
        """Seal the next bytes into `room`, however many pieces they came in; how many bytes were put there.

        `room` must have `MOST_WAITING` bytes more than the pieces have together. Fastest at 256 KiB and more.
        """
        self._verify_started()
        put = 0
        for piece in pieces:
            put += self._encryptor.update_into(piece, room[put:])
        self._counted(room[:put])
        return put

    def finalize(self) -> bytes:
        """The object's last bytes; without them it does not open."""
        self._verify_started()
        last = self._counted(self._encryptor.finalize())
        self._is_final = True
        return last

    @property
    def digest(self) -> str:
        """SHA-256 of the whole ciphertext, in hex; known when it is whole."""
        if not self._is_final:
            raise ValueError("a ciphertext that is not finalized has no digest")
        return self._hash.hexdigest()

    def _verify_started(self) -> None:
        if self._prefix is not None:
            raise ValueError("a sealer is started before it seals")

    def _counted(self, ciphertext: B) -> B:
        self._hash.update(ciphertext)
        self.length += len(ciphertext)
        return ciphertext

    def __repr__(self) -> str:
        return f"<Sealer, {self.length} bytes so far>"


def seal_bytes(public_key: PublicKey, context: SealContext, data: bytes) -> bytes:
    """Seal a small private value, for a column."""
    sealer = Sealer(public_key, context)
    return b"".join((sealer.start(), sealer.update(data), sealer.finalize()))


def open_bytes(private_key: PrivateKey, context: SealContext, sealed: bytes) -> bytes:
    """Open what `seal_bytes` sealed. Raises `BrokenSealError`."""
    return bytes(_open_in_place(private_key, context, bytearray(sealed)))


def open_object(
    private_key: PrivateKey,
    context: SealContext,
    chunks: Iterable[bytes],
    *,
    expected_digest: str,
    expected_bytes: int,
) -> bytearray:
    """Open a stored copy. Raises `WrongCiphertextError` for bytes that are not ours, `BrokenSealError` otherwise.

    1. The ciphertext is as long as its row says, and never more is read.
    2. Its SHA-256 is the one in its row.
    3. It opens, in this context, to its authenticated end.
    """
    # 1. Length.
    ciphertext = bytearray()
    for chunk in chunks:
        ciphertext += chunk
        if len(ciphertext) > expected_bytes:
            raise WrongCiphertextError
    if len(ciphertext) != expected_bytes:
        raise WrongCiphertextError
    # 2. Digest. Both sides are public, so a plain comparison gives nothing away.
    if hashlib.sha256(ciphertext).hexdigest() != expected_digest:
        raise WrongCiphertextError
    # 3. Seal.
    return _open_in_place(private_key, context, ciphertext)


def _open_in_place(private_key: PrivateKey, context: SealContext, sealed: bytearray) -> bytearray:
    """Open `sealed` into its own buffer, so that a document is held once and not twice."""
    if len(sealed) < PREFIX_BYTES or sealed[: len(MAGIC)] != MAGIC:
        raise BrokenSealError
    info = context.to_bytes()
    try:
        # The key has no name here, so that no traceback that shows variables can show it.
        decryptor = Cobblestone256Decryptor(
            _SUITE.decrypt(bytes(sealed[len(MAGIC) : PREFIX_BYTES]), private_key.hpke_key, info), info
        )
        written = _decrypt_in_place(decryptor, sealed)
    except (InvalidTag, ValueError) as error:
        sealed.clear()  # it may begin with plaintext that nobody vouches for
        raise BrokenSealError from error
    del sealed[written:]
    return sealed


def _decrypt_in_place(decryptor: Cobblestone256Decryptor, sealed: bytearray) -> int:
    """Overwrite ciphertext that was read with its plaintext; return the plaintext's length, authenticated whole."""
    written = 0
    with memoryview(sealed) as view:
        for start in range(PREFIX_BYTES, len(sealed), _STEP_BYTES):
            step = bytes(view[start : start + _STEP_BYTES])
            # Plaintext is shorter than the ciphertext it came from, so there is room before the next step's bytes.
            written += decryptor.update_into(step, view[written : start + len(step)])
        last = decryptor.finalize()
        view[written : written + len(last)] = last
    return written + len(last)
