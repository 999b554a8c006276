"""JSON of strangers, read so that two readers cannot see two different things in it.

Guarantees: one object; a name that stands twice, a number that is none (`NaN`), text that cannot be encoded, nesting
without end: each is refused with `UnreadableJsonError`, and nothing else is ever raised. Leaves to others: how many
bytes there may be, and what the members mean.
"""

import json
from typing import Final

from verifier.contacts.errors import UnreadableJsonError

_MOST_BRACKETS: Final = 512
"""As deep as it can nest at most; not left to Python's own limit, which any library may lift for the whole process."""


def parse_object(raw: bytes) -> dict[str, object]:
    """The object that `raw` holds. Raises `UnreadableJsonError`."""
    if raw.count(b"[") + raw.count(b"{") > _MOST_BRACKETS:
        raise UnreadableJsonError
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_refuse_twice, parse_constant=_refuse_constant)
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # a lone surrogate would fail later, in a comparison
    except (ValueError, RecursionError):
        raise UnreadableJsonError from None
    if not isinstance(found, dict):
        raise UnreadableJsonError
    return found


def _refuse_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(name)
