"""How a root of 32 bytes wraps a key: AES-256-GCM, `nonce (12) ‖ ciphertext ‖ tag (16)`, the context authenticated."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from verifier.vault.errors import BrokenRecordError

_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


def wrap_key(root: bytes, plaintext: bytes, *, context: bytes) -> bytes:
    """Wrap under a fresh nonce, bound to `context`."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(root).encrypt(nonce, plaintext, context)


def verify_wrapped(wrapped: bytes) -> None:
    """Raise `BrokenRecordError` where it is too short to be one: known without the root."""
    if len(wrapped) < _NONCE_BYTES + _TAG_BYTES:
        raise BrokenRecordError


def unwrap_key(root: bytes, wrapped: bytes, *, context: bytes) -> bytes:
    """Undo `wrap_key`. Raises `BrokenRecordError`."""
    verify_wrapped(wrapped)
    try:
        return AESGCM(root).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)
    except InvalidTag as error:
        raise BrokenRecordError from error
