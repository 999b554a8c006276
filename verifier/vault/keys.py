"""A verification's key pair: ML-KEM-768 with X25519, the post-quantum hybrid of HPKE.

Guarantees: bytes are taken back only in the one length they have, and neither key can be printed or pickled. Leaves
to others: how long a private key lives. Python cannot wipe memory, so holders let go of it after one operation.
"""

from typing import Final, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey

from verifier.errors import ConfigurationError
from verifier.vault.errors import BrokenRecordError

_MLKEM_PUBLIC_BYTES: Final = 1184  # FIPS 203, table 3
_MLKEM_SEED_BYTES: Final = 64  # FIPS 203, section 7.1: d and z
_X25519_BYTES: Final = 32

PUBLIC_KEY_BYTES: Final = _MLKEM_PUBLIC_BYTES + _X25519_BYTES
PRIVATE_KEY_BYTES: Final = _MLKEM_SEED_BYTES + _X25519_BYTES


class PublicKey:
    """Whoever has it can seal to the verification; it opens nothing."""

    def __init__(self, mlkem_key: MLKEM768PublicKey, x25519_key: X25519PublicKey) -> None:
        self._mlkem: Final = mlkem_key
        self._x25519: Final = x25519_key
        self.hpke_key: Final = MLKEM768X25519PublicKey(mlkem_key, x25519_key)

    @classmethod
    def from_bytes(cls, data: bytes) -> "PublicKey":
        """Load what `to_bytes` gave. Raises `BrokenRecordError`."""
        if len(data) != PUBLIC_KEY_BYTES:
            raise BrokenRecordError
        try:
            mlkem_key = MLKEM768PublicKey.from_public_bytes(data[:_MLKEM_PUBLIC_BYTES])
        except ValueError as error:
            raise BrokenRecordError from error
        return cls(mlkem_key, X25519PublicKey.from_public_bytes(data[_MLKEM_PUBLIC_BYTES:]))

    def to_bytes(self) -> bytes:
        """1,184 bytes of ML-KEM-768, then 32 of X25519."""
        return self._mlkem.public_bytes_raw() + self._x25519.public_bytes_raw()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __repr__(self) -> str:
        return f"<PublicKey, {PUBLIC_KEY_BYTES} bytes>"


class PrivateKey:
    """Opens what was sealed to the verification. Lives for one operation."""

    def __init__(self, mlkem_key: MLKEM768PrivateKey, x25519_key: X25519PrivateKey) -> None:
        self._mlkem: Final = mlkem_key
        self._x25519: Final = x25519_key
        self.hpke_key: Final = MLKEM768X25519PrivateKey(mlkem_key, x25519_key)

    @classmethod
    def from_bytes(cls, data: bytes) -> "PrivateKey":
        """Load what `to_bytes` gave. Raises `BrokenRecordError`."""
        if len(data) != PRIVATE_KEY_BYTES:
            raise BrokenRecordError
        return cls(
            MLKEM768PrivateKey.from_seed_bytes(data[:_MLKEM_SEED_BYTES]),
            X25519PrivateKey.from_private_bytes(data[_MLKEM_SEED_BYTES:]),
        )

    def to_bytes(self) -> bytes:
        """64 bytes of ML-KEM seed, then 32 of X25519. For wrapping by a root key, and nothing else."""
        return self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw()

    def public_key(self) -> PublicKey:
        return PublicKey(self._mlkem.public_key(), self._x25519.public_key())

    def __repr__(self) -> str:
        return f"<PrivateKey, {PRIVATE_KEY_BYTES} bytes>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is wrapped by a root key, never pickled")


def generate_key_pair() -> tuple[PrivateKey, PublicKey]:
    """A fresh pair. Raises `ConfigurationError` where OpenSSL has no ML-KEM."""
    try:
        mlkem_key = MLKEM768PrivateKey.generate()
    except UnsupportedAlgorithm as error:
        raise ConfigurationError("`cryptography` was built without ML-KEM-768. Install its own wheel.") from error
    private_key = PrivateKey(mlkem_key, X25519PrivateKey.generate())
    return private_key, private_key.public_key()
