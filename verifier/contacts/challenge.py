"""Challenges: what a customer or their desk must show back, so that an old answer, or another's, proves nothing.

Guarantees: a challenge names the verification and the action that it was made for, ends in 128 random bits, has one
spelling only, and fits into one string of a DNS TXT record (255 bytes). Leaves to others: to keep the challenge with
its check, and to accept it once.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

from verifier.contacts.errors import MalformedChallengeError
from verifier.ids import VerificationId

_RANDOM_BYTES: Final = 16
_ACTION: Final = r"[a-z][a-z0-9_-]{0,62}"  # the name of a policy
_CHALLENGE: Final = re.compile(rf"verifier/v1/(ver_[a-z2-7]{{26}})/({_ACTION})/([a-z2-7]{{26}})")


@dataclass(frozen=True)
class Challenge:
    """The parts of a challenge."""

    verification: VerificationId
    action: str
    random: str

    def to_text(self) -> str:
        return f"verifier/v1/{self.verification}/{self.action}/{self.random}"


def new_challenge(verification: VerificationId, action: str) -> str:
    """A fresh challenge for one check; `action` is the name of the policy. Raises `MalformedChallengeError`."""
    random = base64.b32encode(secrets.token_bytes(_RANDOM_BYTES)).decode("ascii").rstrip("=").lower()
    text = Challenge(verification, action, random).to_text()
    parse_challenge(text)  # an action that would not read back must not go out
    return text


def parse_challenge(text: str) -> Challenge:
    """The parts of `text`. Raises `MalformedChallengeError` unless it is exactly what `new_challenge` writes."""
    found = _CHALLENGE.fullmatch(text)
    if found is None:
        raise MalformedChallengeError
    return Challenge(VerificationId(found[1]), found[2], found[3])


def is_same_text(given: str, expected: str) -> bool:
    """Whether both are the same, in a time that does not tell where they differ; any text may be given."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))
