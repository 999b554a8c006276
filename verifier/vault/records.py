"""The record of one wrapped private key, as the key store holds it.

`b"vkeyrec1" ‖ root number (4 bytes) ‖ length (2 bytes) ‖ wrapped`. The root's number can be read without unwrapping,
so that an old root is known to be unused; it is bound into the wrapping, so that it cannot be changed.
"""

import struct
from dataclasses import dataclass, field
from typing import Final

from verifier.ids import InstallationId, VerificationId
from verifier.vault.errors import BrokenRecordError
from verifier.vault.roots import RootNumber

_MAGIC: Final = b"vkeyrec1"
_HEADER: Final = struct.Struct(">8sIH")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """Which root wrapped the key, and what came out."""

    root: RootNumber
    wrapped: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> "KeyRecord":
        """Read what `to_bytes` wrote. Raises `BrokenRecordError`."""
        if len(data) < _HEADER.size:
            raise BrokenRecordError
        magic, root, length = _HEADER.unpack_from(data)
        if magic != _MAGIC or len(data) != _HEADER.size + length:
            raise BrokenRecordError
        return cls(RootNumber(root), data[_HEADER.size :])

    def to_bytes(self) -> bytes:
        return _HEADER.pack(_MAGIC, self.root, len(self.wrapped)) + self.wrapped


def wrapping_context(installation: InstallationId, verification: VerificationId, root: RootNumber) -> bytes:
    """What a private key is wrapped in: whose it is, and by which root."""
    return f"verifier/v1/key/{installation}/{verification}/{root}".encode("ascii")
