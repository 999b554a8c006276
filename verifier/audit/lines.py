"""The lines of an exported log: their form, and a reader that takes nothing else.

Guarantees: a line is handed out only where it is whole and has exactly its fields; whatever bytes it is given, the
reader raises nothing but `ExportBrokenError`, with the number of the line. Leaves to others: what the lines prove.
"""

import base64
import json
from collections.abc import Iterable
from typing import Final

import rfc8785

from verifier.audit.errors import ExportBrokenError
from verifier.audit.leaf import MAX_LEAF_BYTES
from verifier.translog.encoding import parse_base64

EXPORT_FORMAT: Final = "verifier-log-export/v1"

MAX_LINE_BYTES: Final = 4 * MAX_LEAF_BYTES  # the readable entry, the same in base64, and room for the rest
HEADER: Final = frozenset({"format", "origin", "log_key", "from_index", "to_index", "before"})
ENTRY: Final = frozenset({"index", "leaf", "entry"})
FOOTER: Final = frozenset({"after", "checkpoint"})


def format_entry_line(index: int, leaf: bytes) -> bytes:
    """One entry's line: a leaf is canonical JSON, so it stands in the line as it is."""
    return b'{"entry":%b,"index":%d,"leaf":"%b"}\n' % (leaf, index, base64.b64encode(leaf))


class ExportLines:
    """Hands out one line at a time, and knows its number."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines: Final = iter(lines)
        self._number = 0

    def broken(self, sentence: str) -> ExportBrokenError:
        return ExportBrokenError(self._number, sentence)

    def parse_canonical(self, fields: frozenset[str], *, what: str) -> dict[str, object]:
        """The next line's object, which must be canonical JSON with exactly these fields."""
        line, content = self.parse_next(fields, what=what)
        try:
            canonical = rfc8785.dumps(content)  # type: ignore[arg-type]  # whatever JSON brings
        except (ValueError, RecursionError) as error:
            raise self.broken(f"{what} is not canonical JSON") from error
        if canonical != line[:-1]:
            raise self.broken(f"{what} is not canonical JSON")
        return content

    def parse_next(self, fields: frozenset[str], *, what: str) -> tuple[bytes, dict[str, object]]:
        """The next line, and its object, which must have exactly these fields."""
        self._number += 1
        line = next(self._lines, None)
        if line is None:
            raise self.broken(f"{what} is missing: the file was cut")
        if not line.endswith(b"\n"):
            raise self.broken(f"{what} is cut off, or too long")
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise self.broken(f"{what} is not JSON") from error
        if not isinstance(content, dict) or content.keys() != fields:
            raise self.broken(f"{what} does not have its fields")
        return line, content

    def parse_hashes(self, value: object, what: str) -> list[bytes]:
        if not isinstance(value, list):
            raise self.broken(f"{what} is no list")
        return [self.parse_bytes(each, what) for each in value]

    def parse_bytes(self, value: object, what: str) -> bytes:
        if not isinstance(value, str):
            raise self.broken(f"{what} is no text")
        try:
            return parse_base64(value)
        except ValueError as error:
            raise self.broken(f"{what} is not base64") from error

    def verify_ended(self) -> None:
        self._number += 1
        if next(self._lines, None) is not None:
            raise self.broken("something follows the checkpoint")
