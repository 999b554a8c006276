"""The public keys with which a desk signs its attestations: pinned in files, or fetched from an address that it names.

Guarantees: a key is bound to one algorithm by its own kind, never by what a token says; secret and private keys are
refused; an id names one key. Fetched keys are used for `KEEP_FOR` at most and never longer, so a key that the desk
withdrew is gone by then: where no fresh set can be had, `KeysUnavailableError`. Strangers' key ids cause at most one
fetch in `FETCH_EVERY`. Leaves to others: the fetching itself, and what is signed.
"""

import base64
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, assert_never

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verifier.contacts.errors import FetchFailedError, KeysUnavailableError, UnreadableJsonError, UnusableKeyError
from verifier.contacts.fetching import Fetcher, parse_https_url
from verifier.contacts.strict_json import parse_object
from verifier.errors import ConfigurationError

KEEP_FOR: Final = timedelta(minutes=15)
FETCH_EVERY: Final = timedelta(seconds=30)
MOST_SET_BYTES: Final = 65_536
MOST_KEYS: Final = 64
_MOST_ID_CHARACTERS: Final = 128
_COORDINATE_BYTES: Final = 32  # both of Ed25519 (RFC 8037, section 2) and of P-256 (RFC 7518, section 6.2.1.2)


class Algorithm(StrEnum):
    """The two signatures that count, by their names in RFC 7518 and RFC 8037."""

    EDDSA = "EdDSA"
    ES256 = "ES256"


@dataclass(frozen=True)
class DeskKey:
    """One public key of the desk, and the only algorithm that it verifies."""

    key_id: str
    algorithm: Algorithm
    public: Ed25519PublicKey | EllipticCurvePublicKey


class DeskKeys(Protocol):
    """Where the desk's keys come from."""

    def find_key(self, key_id: str, *, now: datetime) -> DeskKey | None:
        """The key of that id; `None` where the desk has none. Raises `KeysUnavailableError` where nobody can tell."""
        ...


class PinnedKeys:
    """Keys that the operator laid down in files."""

    def __init__(self, keys: Iterable[DeskKey]) -> None:
        self._keys: Final = _by_id(keys)

    def find_key(self, key_id: str, *, now: datetime) -> DeskKey | None:
        return self._keys.get(key_id)


class FetchedKeys:
    """The key set at an https address of the desk (RFC 7517, section 5), kept for a while. Safe in many threads."""

    def __init__(self, url: str, fetcher: Fetcher) -> None:
        """Raise `ConfigurationError` unless `url` is a plain https address."""
        try:
            parse_https_url(url)
        except FetchFailedError:
            raise ConfigurationError(
                "The address of the desk's keys must be https, without a name, a fragment or an IPv6 number in it, "
                "such as https://desk.example.org/attestation-keys.json. Write it so."
            ) from None
        self._url: Final = url
        self._fetcher: Final = fetcher
        self._lock: Final = threading.Lock()
        self._keys: Mapping[str, DeskKey] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None

    def find_key(self, key_id: str, *, now: datetime) -> DeskKey | None:
        # One fetch at a time: who waits here finds the fresh set, or that it was tried just now.
        with self._lock:
            if self._is_fresh(now) and key_id in self._keys:
                return self._keys[key_id]
            if self._may_fetch(now):
                self._fetch(now)
            # A set that is still fresh answers even if it could not be had anew, but only for what it holds: an id
            # that it lacks may be the desk's newest.
            if not self._is_fresh(now) or (key_id not in self._keys and self._fetched_at != self._tried_at):
                raise KeysUnavailableError
            return self._keys.get(key_id)

    def _is_fresh(self, now: datetime) -> bool:
        return self._fetched_at is not None and abs(now - self._fetched_at) < KEEP_FOR

    def _may_fetch(self, now: datetime) -> bool:
        return self._tried_at is None or abs(now - self._tried_at) >= FETCH_EVERY

    def _fetch(self, now: datetime) -> None:
        self._tried_at = now
        try:
            answer = self._fetcher.fetch(self._url, most_bytes=MOST_SET_BYTES)
            if answer.status != 200:
                return
            self._keys, self._fetched_at = _by_id(_parse_fetched(answer.body)), now
        except (FetchFailedError, UnreadableJsonError, UnusableKeyError):
            return  # what could not be had is told by `find_key`, which knows what it still has


def load_pinned_keys(path: Path) -> PinnedKeys:
    """The keys in a file, or in every `*.json` of a folder; a file holds one JWK or a set of them.

    Raises:
        ConfigurationError: with the file's name, where one of them cannot be used or there is none.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    keys: list[DeskKey] = []
    for file in files:
        try:
            found = parse_object(file.read_bytes())
            keys += [parse_key(key) for key in (_members(found) if "keys" in found else [found])]
        except (OSError, UnreadableJsonError, UnusableKeyError):
            raise ConfigurationError(
                f"{file} does not hold public keys for attestations. Put in JWKs of Ed25519 or P-256, each with a kid "
                "of its own and without its private part."
            ) from None
    try:
        return PinnedKeys(keys)
    except UnusableKeyError:
        raise ConfigurationError(f"{path} holds no key, or two of one kid. Give each key a kid of its own.") from None


def parse_key(jwk: object) -> DeskKey:
    """The public key that a JWK holds. Raises `UnusableKeyError`."""
    if not isinstance(jwk, dict) or "d" in jwk or "k" in jwk:
        raise UnusableKeyError
    algorithm = _algorithm_of(jwk)
    key_id, verifies = jwk.get("kid"), jwk.get("key_ops", ["verify"])
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _MOST_ID_CHARACTERS:
        raise UnusableKeyError
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithm) != algorithm or verifies != ["verify"]:
        raise UnusableKeyError
    return DeskKey(key_id, algorithm, _public_key(jwk, algorithm))


def _algorithm_of(jwk: Mapping[str, object]) -> Algorithm:
    kind, curve = jwk.get("kty"), jwk.get("crv")
    if (kind, curve) == ("OKP", "Ed25519"):
        return Algorithm.EDDSA
    if (kind, curve) == ("EC", "P-256"):
        return Algorithm.ES256
    raise UnusableKeyError


def _public_key(jwk: Mapping[str, object], algorithm: Algorithm) -> Ed25519PublicKey | EllipticCurvePublicKey:
    try:
        if algorithm is Algorithm.EDDSA:
            return Ed25519PublicKey.from_public_bytes(_coordinate(jwk, "x"))
        if algorithm is Algorithm.ES256:
            x, y = (int.from_bytes(_coordinate(jwk, name), "big") for name in ("x", "y"))
            return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    except ValueError:  # not on the curve, or not base64url
        raise UnusableKeyError from None
    assert_never(algorithm)


def _coordinate(jwk: Mapping[str, object], name: str) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str):
        raise UnusableKeyError
    raw = base64.b64decode(text.encode("ascii") + b"=", altchars=b"-_", validate=True)
    if len(raw) != _COORDINATE_BYTES or base64.urlsafe_b64encode(raw).rstrip(b"=") != text.encode("ascii"):
        raise UnusableKeyError
    return raw


def _parse_fetched(body: bytes) -> Iterable[DeskKey]:
    """The keys of a fetched set that can be used: it may hold others, for other purposes (RFC 7517, section 5)."""
    for member in _members(parse_object(body)):
        try:
            yield parse_key(member)
        except UnusableKeyError:
            continue


def _members(found: Mapping[str, object]) -> list[object]:
    members = found.get("keys")
    if not isinstance(members, list) or len(members) > MOST_KEYS:
        raise UnusableKeyError
    return members


def _by_id(keys: Iterable[DeskKey]) -> Mapping[str, DeskKey]:
    listed = list(keys)
    found = {key.key_id: key for key in listed}
    # An empty set would be a desk that nobody can be; two keys of one id, a choice that the token would make.
    if not found or len(found) != len(listed):
        raise UnusableKeyError
    return found
