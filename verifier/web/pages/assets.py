"""The static files: a closed list, served from memory, compressed once.

Guarantees: only a name that is in the folder is ever opened, so no path leads out of it; an address that carries the
right digest may be cached for ever. Only these are compressed: pages hold form tokens, and compressing a secret beside
text that others choose tells its length.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from verifier.web.pages.errors import UnknownAssetError

STATIC_DIR: Final = Path(__file__).resolve().parents[1] / "static"
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One static file. `digest`: of its plain bytes, as it stands in its address."""

    plain: bytes
    zipped: bytes
    media_type: str
    digest: str

    def body(self, *, accept_encoding: str) -> bytes:
        """The bytes to send to a client with this `Accept-Encoding` header."""
        return self.zipped if "gzip" in accept_encoding else self.plain

    def headers(self, *, accept_encoding: str) -> dict[str, str]:
        """The headers that belong to `body`. For ever means a year: the address changes with the content."""
        headers = {
            "Content-Type": self.media_type,
            "Cache-Control": "public, max-age=31536000, immutable",
            "Vary": "Accept-Encoding",
        }
        return headers | ({"Content-Encoding": "gzip"} if "gzip" in accept_encoding else {})


@lru_cache(maxsize=1)
def _assets() -> Mapping[str, Asset]:
    found = {}
    for path in STATIC_DIR.iterdir():
        if path.suffix not in _MEDIA_TYPES:
            continue
        plain = path.read_bytes()
        found[path.name] = Asset(
            plain=plain,
            zipped=gzip.compress(plain, mtime=0),
            media_type=_MEDIA_TYPES[path.suffix],
            digest=hashlib.sha256(plain).hexdigest()[:12],
        )
    return found


def get_asset(name: str) -> Asset:
    """The static file of this name; raises `UnknownAssetError`."""
    try:
        return _assets()[name]
    except KeyError:
        raise UnknownAssetError from None


def static_url(name: str) -> str:
    """The address of a static file, with its digest: it may be cached for ever, and a new version is a new address."""
    return f"/static/{name}?v={get_asset(name).digest}"
