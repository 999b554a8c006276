"""Signed attestations: the desk's own logged-in area says that this logged-in customer asks for this.

Guarantees: confirmed is only a token that one of the desk's keys signed with the algorithm of that key, made for this
installation, this check, this account and this action, alive now and for ten minutes at most. No byte of it is believed
before its signature; what it says about keys (`jku`, `jwk`, `x5c`) or extensions (`crit`) is refused, not followed. No
text makes `judge_attestation` raise. Leaves to others: to keep the replay digest for `REPLAY_FOR` and to refuse it a
second time, in the transaction that confirms.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import jwt

from verifier.contacts.challenge import is_same_text, parse_challenge
from verifier.contacts.errors import KeysUnavailableError, UnreadableJsonError
from verifier.contacts.jwks import Algorithm, DeskKey, DeskKeys
from verifier.contacts.reasons import Reason
from verifier.contacts.strict_json import parse_object
from verifier.contacts.verdict import Outcome, Verdict

TOKEN_TYPE: Final = "attestation+jwt"  # noqa: S105 -- a media type: no other token of the desk passes (RFC 8725, 3.11)
MOST_TOKEN_BYTES: Final = 4_096
MOST_LIFE: Final = timedelta(minutes=10)
SKEW: Final = timedelta(seconds=30)
REPLAY_FOR: Final = MOST_LIFE + 2 * SKEW
"""How long after it was judged a token could still be alive, whatever its clock."""

_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_TOKEN_ID: Final = re.compile(r"[A-Za-z0-9._~-]{16,128}")  # long enough to be random, and no address

Subject = Callable[[str], bool]


@dataclass(frozen=True)
class AttestationVerdict:
    """The verdict; for a confirmed token also the digest that must never be confirmed again."""

    verdict: Verdict
    replay_digest: str | None = None


def subject_of_digest(digest: Callable[[str], str], *, expected: str) -> Subject:
    """Whether a subject is the account, of which only the keyed digest is kept; compared in constant time."""
    return lambda account: hmac.compare_digest(digest(account), expected)


def judge_attestation(
    token: str, *, keys: DeskKeys, audience: str, issuer: str, nonce: str, subject: Subject, now: datetime
) -> AttestationVerdict:
    """Judge one token against one check.

    `audience` is the public address of this installation, `nonce` the challenge of the check, which names the
    verification and the action.

    1. It is small, and one compact JWS in its only spelling.
    2. Its header names an allowed algorithm, a key and our type, and nothing else.
    3. The key is the desk's, and of that algorithm.
    4. The signature is that key's.
    5. Every claim holds.
    """
    try:
        # 1.
        header = _decode_header(token)
        # 2.
        algorithm, key_id = _parse_header(header)
        # 3.
        key = _find_key(keys, key_id, algorithm=algorithm, now=now)
        # 4.
        claims = _Claims(parse_object(_verify_signature(token, key)), now=now)
        # 5.
        claims.verify_names(audience=audience, issuer=issuer, nonce=nonce, subject=subject)
        claims.verify_times()
        return claims.conclude(issuer)
    except _RefusedError as refused:
        return _failed(refused.reason)
    except UnreadableJsonError:
        return _failed(Reason.MALFORMED)
    except KeysUnavailableError:
        return AttestationVerdict(Verdict(Outcome.UNCONFIRMED, (Reason.LOOKUP_FAILED,)))


class _RefusedError(Exception):
    def __init__(self, reason: Reason) -> None:
        self.reason: Final = reason
        super().__init__(reason)


def _failed(*reasons: Reason) -> AttestationVerdict:
    return AttestationVerdict(Verdict(Outcome.FAILED, reasons))


def _decode_header(token: str) -> Mapping[str, object]:
    if len(token) > MOST_TOKEN_BYTES:
        raise _RefusedError(Reason.TOO_LARGE)
    compact = _COMPACT.fullmatch(token)
    if compact is None:
        raise _RefusedError(Reason.MALFORMED)
    try:
        return parse_object(jwt.utils.base64url_decode(compact[1]))
    except ValueError:
        raise _RefusedError(Reason.MALFORMED) from None


def _parse_header(header: Mapping[str, object]) -> tuple[Algorithm, str]:
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in frozenset(Algorithm):
        raise _RefusedError(Reason.WRONG_ALGORITHM)
    if not isinstance(key_id, str) or header.get("typ") != TOKEN_TYPE or header.keys() != _HEADER:
        raise _RefusedError(Reason.MALFORMED)
    return Algorithm(algorithm), key_id


def _find_key(keys: DeskKeys, key_id: str, *, algorithm: Algorithm, now: datetime) -> DeskKey:
    key = keys.find_key(key_id, now=now)
    if key is None or key.algorithm is not algorithm:
        raise _RefusedError(Reason.WRONG_KEY)
    return key


def _verify_signature(token: str, key: DeskKey) -> bytes:
    """The payload, now that it is the desk's word."""
    try:
        verified = jwt.PyJWS(algorithms=[key.algorithm]).decode(token, key.public, algorithms=[key.algorithm])
    except jwt.InvalidSignatureError:
        raise _RefusedError(Reason.BAD_SIGNATURE) from None
    except jwt.PyJWTError:
        raise _RefusedError(Reason.MALFORMED) from None
    return bytes(verified)


class _Claims:
    """The claims of a token whose signature held; every one that does not hold is named, for whoever wires a desk."""

    def __init__(self, claims: Mapping[str, object], *, now: datetime) -> None:
        self._claims: Final = claims
        self._now: Final = now.timestamp()
        self._reasons: Final[list[Reason]] = []

    def verify_names(self, *, audience: str, issuer: str, nonce: str, subject: Subject) -> None:
        challenge = parse_challenge(nonce)
        named = self._claims.get("aud")
        # One audience: a token that others may accept too is one that others may pass on.
        self._demand(Reason.WRONG_AUDIENCE, named in (audience, [audience]))
        self._demand(Reason.WRONG_ISSUER, self._text("iss") == issuer)
        self._demand(Reason.WRONG_NONCE, is_same_text(self._text("nonce"), nonce))
        is_this = (self._text("verification"), self._text("action")) == (challenge.verification, challenge.action)
        self._demand(Reason.WRONG_CASE, is_this)
        self._demand(Reason.WRONG_SUBJECT, subject(self._text("sub")))

    def verify_times(self) -> None:
        issued, ends = self._time("iat"), self._time("exp")
        begins = self._time("nbf") if "nbf" in self._claims else issued
        self._demand(Reason.NOT_YET_VALID, max(issued, begins) <= self._now + SKEW.total_seconds())
        self._demand(Reason.TOO_OLD, self._now - SKEW.total_seconds() < ends)
        self._demand(Reason.LIVES_TOO_LONG, 0 < ends - issued <= MOST_LIFE.total_seconds())

    def conclude(self, issuer: str) -> AttestationVerdict:
        token_id = self._text("jti")
        if _TOKEN_ID.fullmatch(token_id) is None:
            raise _RefusedError(Reason.MALFORMED)
        if self._reasons == [Reason.WRONG_SUBJECT]:  # all is right, but for whom it speaks
            return AttestationVerdict(Verdict(Outcome.MISMATCH, (Reason.WRONG_SUBJECT,)))
        if self._reasons:
            return _failed(*self._reasons)
        content = f"verifier/v1/attestation\0{issuer}\0{token_id}".encode()
        return AttestationVerdict(Verdict(Outcome.CONFIRMED), hashlib.sha256(content).hexdigest())

    def _demand(self, reason: Reason, holds: bool) -> None:
        if not holds:
            self._reasons.append(reason)

    def _text(self, name: str) -> str:
        found = self._claims.get(name)
        if not isinstance(found, str) or not found:
            raise _RefusedError(Reason.MALFORMED)
        return found

    def _time(self, name: str) -> int:
        found = self._claims.get(name)
        if isinstance(found, bool) or not isinstance(found, int):
            raise _RefusedError(Reason.MALFORMED)
        return found
