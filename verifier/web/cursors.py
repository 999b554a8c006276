"""Opaque cursors: where the next page of a list begins.

Guarantees: a cursor names the list that it belongs to, and is refused for any other; each accepted text is the only
one of what it says. It is opaque, not secret: it holds a time and an id of ours, which the page before it showed.
"""

import base64
import re
from datetime import datetime, timedelta
from typing import Final

from verifier.db.base import EPOCH
from verifier.web.errors import InvalidCursorError

_CURSOR: Final = re.compile(r"([a-z0-9._-]{1,64}) (0|[1-9][0-9]{0,17}) ([A-Za-z0-9._-]{1,64})", re.ASCII)
_MAX_LENGTH: Final = 200
_MICROSECOND: Final = timedelta(microseconds=1)


def encode_cursor(kind: str, at: datetime, id: str) -> str:  # noqa: A002 -- a cursor's third part is an id
    """The cursor for what comes after (`at`, `id`) in the list `kind`; `at` is aware, in 1970 or later."""
    content = f"{kind} {(at - EPOCH) // _MICROSECOND} {id}"
    assert _CURSOR.fullmatch(content) is not None
    return base64.urlsafe_b64encode(content.encode("ascii")).decode("ascii").rstrip("=")


def parse_cursor(kind: str, text: str) -> tuple[datetime, str]:
    """Where the list `kind` goes on; raises `InvalidCursorError` unless `encode_cursor` made `text` for it."""
    if len(text) > _MAX_LENGTH:
        raise InvalidCursorError
    try:
        content = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        match = _CURSOR.fullmatch(content.decode("ascii"))
        if match is None or match[1] != kind:
            raise InvalidCursorError
        at = EPOCH + timedelta(microseconds=int(match[2]))
    except (ValueError, OverflowError) as error:
        raise InvalidCursorError from error
    if encode_cursor(kind, at, match[3]) != text:
        raise InvalidCursorError
    return at, match[3]
