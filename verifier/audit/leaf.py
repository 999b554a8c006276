"""The exact bytes of an entry: RFC 8785 canonical JSON of `{"v": 1, "kind", "at", ...fields}`.

Guarantees: what `parse_leaf` accepts is in the catalogue and is the one encoding of what it says; whatever bytes it is
given, it raises nothing but `EntryRefusedError`. Knows no database, so that anyone can read a leaf offline.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from verifier.audit.catalogue import CATALOGUE, EntryKind
from verifier.audit.errors import EntryRefusedError
from verifier.audit.forms import Field, format_time, parse_time

_VERSION: Final = 1
_KINDS: Final = {kind.value: kind for kind in EntryKind}
_ENVELOPE: Final = frozenset({"v", "kind", "at"})
# For ASCII text and whole numbers up to 2^53 - 1, and no form allows anything else, this is RFC 8785. A test holds it
# against the reference for every kind. It is in C, and every entry of every log passes here.
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
MAX_LEAF_BYTES: Final = 65_535  # C2SP tlog-tiles: entries in bundles have a length of 16 bits


@dataclass(frozen=True)
class Statement:
    """What a leaf says."""

    kind: EntryKind
    at: datetime
    fields: Mapping[str, Field]

    def to_json(self) -> dict[str, Field]:
        """The readable form, which is also what the leaf encodes."""
        return {"v": _VERSION, "kind": self.kind.value, "at": format_time(self.at), **self.fields}

    def encode(self) -> bytes:
        """The leaf; `EntryRefusedError` unless the catalogue knows this entry."""
        CATALOGUE[self.kind].verify(self.kind.value, self.fields)
        leaf = _CANONICAL.encode(self.to_json()).encode("ascii")
        if len(leaf) > MAX_LEAF_BYTES:
            raise EntryRefusedError(f"an entry has at most {MAX_LEAF_BYTES} bytes")
        return leaf


def parse_leaf(leaf: bytes) -> Statement:
    """Raise `EntryRefusedError` unless `leaf` is exactly the encoding of an entry in the catalogue."""
    # 1. It is JSON, and says which kind of entry it is.
    content = _parse_object(leaf)
    if content.get("v") != _VERSION:
        raise EntryRefusedError("the entry has another version than 1")
    kind, at = content.get("kind"), content.get("at")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise EntryRefusedError("the entry's kind is not in the catalogue")
    if not isinstance(at, str):
        raise EntryRefusedError("the entry has no time")
    fields = {name: value for name, value in content.items() if name not in _ENVELOPE}
    statement = Statement(_KINDS[kind], parse_time(at, name="at"), fields)
    # 2. Its fields are those of its kind, and encoding it again gives the same bytes.
    if statement.encode() != leaf:
        raise EntryRefusedError("the entry is not canonical JSON")
    return statement


def _parse_object(leaf: bytes) -> dict[str, Field]:
    if len(leaf) > MAX_LEAF_BYTES:
        raise EntryRefusedError(f"an entry has at most {MAX_LEAF_BYTES} bytes")
    try:
        content = json.loads(leaf)
    except (ValueError, RecursionError) as error:
        raise EntryRefusedError("the entry is not JSON") from error
    if not isinstance(content, dict):
        raise EntryRefusedError("the entry is not a JSON object")
    return content
