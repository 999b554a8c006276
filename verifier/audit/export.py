"""The log as a file of JSON Lines that proves itself: a header, one line an entry, and the published checkpoint.

Guarantees: lines are canonical JSON (RFC 8785), so that each byte of the file means something; the file covers
`[from_index, to_index)` and carries the hashes of what lies before and after, so that a part is checked against the
checkpoint of the whole. Streams: memory does not grow with the log, and no transaction is open while a line is sent.
"""

import itertools
from collections.abc import Iterator
from typing import Final

import rfc8785
from sqlalchemy import select

from verifier.audit.errors import LogForkedError, UnknownIndexError
from verifier.audit.forms import Field
from verifier.audit.lines import EXPORT_FORMAT, format_entry_line
from verifier.audit.proofs import get_published_head, get_subtrees
from verifier.audit.tables import EntryRow
from verifier.db.engine import Database
from verifier.translog.checkpoint import LogVerifier
from verifier.translog.encoding import encode_base64

_PAGE: Final = 1_000


def export_lines(
    database: Database, from_index: int = 0, to_index: int | None = None, *, log_key: str
) -> Iterator[bytes]:
    """The lines of the entries `[from_index, to_index)`, each ending in a newline; to the published end by default.

    `log_key` is the log's verifier key. Raises `UnknownIndexError` or `LogEmptyError` before the first line.
    """
    with database.read() as session:
        head = get_published_head(session)
        end = head.size if to_index is None else to_index
        if not 0 <= from_index <= end <= head.size:
            raise UnknownIndexError
        before = get_subtrees(session, 0, from_index)
        after = get_subtrees(session, end, head.size)
    header: dict[str, Field] = {
        "format": EXPORT_FORMAT,
        "origin": LogVerifier.parse(log_key).origin,
        "log_key": log_key,
        "from_index": from_index,
        "to_index": end,
        "before": [encode_base64(each) for each in before],
    }
    footer: dict[str, Field] = {"after": [encode_base64(each) for each in after], "checkpoint": head.checkpoint}
    entries = (format_entry_line(index, leaf) for index, leaf in _read_leaves(database, from_index, end))
    return itertools.chain([rfc8785.dumps(header) + b"\n"], entries, [rfc8785.dumps(footer) + b"\n"])


def _read_leaves(database: Database, begin: int, end: int) -> Iterator[tuple[int, bytes]]:
    for start in range(begin, end, _PAGE):
        stop = min(start + _PAGE, end)
        query = (
            select(EntryRow.log_index, EntryRow.leaf)
            .where(EntryRow.log_index >= start, EntryRow.log_index < stop)
            .order_by(EntryRow.log_index)
        )
        with database.read() as session:
            rows = session.execute(query).all()
        if [index for index, _ in rows] != list(range(start, stop)):
            raise LogForkedError(f"Entries between {start} and {stop} are missing in the database. Restore it.")
        yield from ((index, leaf) for index, leaf in rows if index is not None)
