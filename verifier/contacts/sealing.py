"""Small values of contact checks, sealed to their verification under the name of what they are."""

from sqlalchemy.orm import Session

from verifier.ids import VerificationId
from verifier.vault.keys import PrivateKey
from verifier.vault.sealing import NO_DOCUMENT, SealContext, open_bytes, seal_bytes
from verifier.vault.service import Vault
from verifier.verifications.sealed_values import get_public_key


def seal(session: Session, vault: Vault, verification: VerificationId, *, name: str, data: bytes) -> bytes:
    """Needs the public key only: whoever seals cannot open."""
    return seal_bytes(get_public_key(session, verification), _context(vault, verification, name), data)


def unseal(private_key: PrivateKey, vault: Vault, verification: VerificationId, *, name: str, sealed: bytes) -> bytes:
    """Raises: BrokenSealError"""
    return open_bytes(private_key, _context(vault, verification, name), sealed)


def _context(vault: Vault, verification: VerificationId, name: str) -> SealContext:
    return SealContext(installation=vault.installation, verification=verification, document=NO_DOCUMENT, copy=name)
