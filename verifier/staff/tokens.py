"""Tokens and API-key secrets: 256 random bits each, of which only the SHA-256 is ever stored.

A plain hash is enough: what has 256 random bits cannot be guessed, so there is nothing to slow down.
"""

import base64
import hashlib
import re
import secrets
from typing import Final

from verifier.ids import ApiKeyId, new_api_key_id

_API_KEY: Final = re.compile(r"vk_([a-z2-7]{26})_([a-z2-7]{52})")


def new_token() -> str:
    """A token for an address or a cookie."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    """What is stored of a token or a secret."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def new_api_key() -> tuple[ApiKeyId, str]:
    """An id, and the key text `vk_<id part>_<secret>` that is shown once."""
    api_key = new_api_key_id()
    secret = base64.b32encode(secrets.token_bytes(32)).decode("ascii").rstrip("=").lower()
    return api_key, f"vk_{api_key.removeprefix('key_')}_{secret}"


def parse_api_key(text: str) -> tuple[ApiKeyId, str] | None:
    """The id and the secret in an API key's text; None for anything else."""
    found = _API_KEY.fullmatch(text)
    return None if found is None else (ApiKeyId(f"key_{found[1]}"), found[2])
