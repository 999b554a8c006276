"""The demo's desk, where customers sign in: a key of its own, with which it attests who asks.

As a desk of any kind would do it (docs/how-to/attest-from-your-own-area.md), and with nothing of ours.
"""

import hmac
import json
import secrets
import time
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

ISSUER: Final = "https://desk.example"
_KEY_ID: Final = "demo-desk"
_LIVES_FOR: Final = 120


class DeskKey:
    """An Ed25519 key that lives as long as the demo; `file` holds its public half, for the service."""

    def __init__(self, file: Path) -> None:
        self.file: Final = file
        self._private: Final = Ed25519PrivateKey.generate()
        public = OKPAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        file.write_text(json.dumps({"keys": [{**public, "kid": _KEY_ID, "use": "sig"}]}), encoding="utf-8")

    @property
    def settings(self) -> dict[str, str]:
        """What a service needs to believe it."""
        return {"VERIFIER_ATTESTATION_ISSUER": ISSUER, "VERIFIER_ATTESTATION_KEYS_FILE": str(self.file)}

    def attest(self, account: str, *, challenge: str, audience: str) -> str:
        """This account, which is signed in here now, asks for what the challenge names."""
        _, _, verification, action, _ = challenge.split("/")
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "sub": account,
            "nonce": challenge,
            "verification": verification,
            "action": action,
            "iat": now,
            "exp": now + _LIVES_FOR,
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode(claims, self._private, algorithm="EdDSA", headers={"kid": _KEY_ID, "typ": "attestation+jwt"})


def digest_email(key: str, email: str) -> str:
    """What a desk sends instead of an address (docs/how-to/ask-for-contact-checks.md); `key` and answer in hex."""
    return hmac.new(bytes.fromhex(key), f"verifier/v1/contact/email/{email}".encode(), "sha256").hexdigest()
