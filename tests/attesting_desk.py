"""A desk that signs attestations, well or badly, with keys that it makes itself."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from verifier.contacts.challenge import new_challenge
from verifier.contacts.jwks import PinnedKeys, parse_key
from verifier.ids import new_verification_id


def new_ec_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def segment(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class AttestingDesk:
    """One desk with a key of each kind, `ed` and `ec`, and one check that waits for its attestation."""

    issuer = "https://desk.example"
    audience = "https://verify.example.org"
    account = "customer-4711"

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.ed, self.ec = Ed25519PrivateKey.generate(), new_ec_key()
        self.verification = new_verification_id()
        self.nonce = new_challenge(self.verification, "account-recovery")
        self.keys = PinnedKeys([parse_key(key) for key in self.jwks()])

    def jwks(self) -> list[dict[str, Any]]:
        ed = OKPAlgorithm.to_jwk(self.ed.public_key(), as_dict=True)
        ec = ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True)
        return [{**ed, "kid": "ed"}, {**ec, "kid": "ec"}]

    def claims(self, **changes: object) -> dict[str, object]:
        """The claims of a good attestation, with changes; `...` takes one out."""
        issued = int(self.now.timestamp())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": self.account,
            "nonce": self.nonce,
            "verification": self.verification,
            "action": "account-recovery",
            "iat": issued,
            "exp": issued + int(timedelta(minutes=5).total_seconds()),
            "jti": "0123456789abcdef",
        }
        return {name: value for name, value in {**claims, **changes}.items() if value is not ...}

    def header(self, **changes: object) -> dict[str, object]:
        header: dict[str, object] = {"alg": "EdDSA", "kid": "ed", "typ": "attestation+jwt"}
        return {name: value for name, value in {**header, **changes}.items() if value is not ...}

    def sign(self, **changes: object) -> str:
        """A good attestation with Ed25519, or one with changed claims."""
        return self.sign_raw(self.header(), self.claims(**changes))

    def sign_raw(self, header: object, payload: object, *, key: Ed25519PrivateKey | None = None) -> str:
        """Any header and payload, objects or bytes, under a signature that holds."""
        content = f"{segment(header)}.{segment(payload)}"
        return f"{content}.{segment((key or self.ed).sign(content.encode()))}"

    def sign_es256(self, **changes: object) -> str:
        headers = {"kid": "ec", "typ": "attestation+jwt"}
        return jwt.encode(self.claims(**changes), self.ec, algorithm="ES256", headers=headers)
