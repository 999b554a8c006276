"""Checks an exported log without any database, and names the first thing that is wrong.

Guarantees: returns only where each byte of the file is as the log wrote it: the checkpoint signed by the log, every
entry in its place under it, and nothing cut off. With a checkpoint that somebody kept, also that the log still begins
with what it said then. Reads line by line: memory does not grow with the log.

Leaves to others: where the log's key comes from. Without one from outside, the file is only checked against itself,
and the report says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from verifier.audit.errors import EntryRefusedError
from verifier.audit.leaf import parse_leaf
from verifier.audit.lines import ENTRY, EXPORT_FORMAT, FOOTER, HEADER, MAX_LINE_BYTES, ExportLines, format_entry_line
from verifier.translog.checkpoint import Checkpoint, LogVerifier
from verifier.translog.errors import EvidenceError
from verifier.translog.frontier import Frontier
from verifier.translog.merkle import hash_leaf


@dataclass(frozen=True)
class ExportReport:
    """What an exported log proves."""

    from_index: int
    to_index: int
    checkpoint: Checkpoint
    log_key: str
    is_key_from_outside: bool
    """False: the file vouches for its own key, so it may be a whole log that somebody made up."""
    since: Checkpoint | None
    """The kept checkpoint that this log still begins with."""


def verify_export_file(path: Path, *, log_key: str | None, since_checkpoint: str | None) -> ExportReport:
    """As `verify_export`, for the file at `path`."""
    with path.open("rb") as file:
        return verify_export(
            iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), log_key=log_key, since_checkpoint=since_checkpoint
        )


def verify_export(lines: Iterable[bytes], *, log_key: str | None, since_checkpoint: str | None) -> ExportReport:
    """Raise `ExportBrokenError`, naming the first thing that is wrong, unless the lines are a log's true export.

    `log_key` is the verifier key that the reader trusts; `since_checkpoint` a signed note that they kept.
    """
    # 1. The header has its form, and is of the log that the reader trusts.
    reader = ExportLines(lines)
    header = _Header.parse(reader, log_key=log_key)
    # 2. The kept checkpoint is by this log, and the file reaches back to it.
    since = _open_since(since_checkpoint, header)
    # 3. Every entry has its form, says in readable form what its leaf says, and stands in its place.
    frontier = header.open_frontier()
    _verify_since(reader, frontier, since)
    for index in range(header.from_index, header.to_index):
        frontier.append(hash_leaf(_parse_entry(reader, index)))
        _verify_since(reader, frontier, since)
    # 4. The last line's checkpoint is signed by the log, and all entries together lead to its root.
    checkpoint = _verify_footer(reader, header, frontier)
    # 5. Nothing follows, and the kept checkpoint was met on the way.
    _verify_since_met(reader, checkpoint, since, to_index=header.to_index)
    reader.verify_ended()
    return ExportReport(
        header.from_index, header.to_index, checkpoint, header.verifier.to_text(), log_key is not None, since
    )


@dataclass(frozen=True)
class _Header:
    lines: ExportLines
    verifier: LogVerifier
    from_index: int
    to_index: int
    before: list[bytes]

    @classmethod
    def parse(cls, lines: ExportLines, *, log_key: str | None) -> "_Header":
        content = lines.parse_canonical(HEADER, what="the header")
        if content["format"] != EXPORT_FORMAT:
            raise lines.broken(f"the file is no {EXPORT_FORMAT}")
        if log_key is not None and content["log_key"] != log_key:
            raise lines.broken("the file is of another log than the given key")
        try:
            verifier = LogVerifier.parse(str(content["log_key"]))
        except EvidenceError as error:
            raise lines.broken(str(error)) from error
        if content["origin"] != verifier.origin:
            raise lines.broken("the header's origin is not the name of its key")
        begin, end = content["from_index"], content["to_index"]
        if type(begin) is not int or type(end) is not int or not 0 <= begin <= end:
            raise lines.broken("the header's indexes are no range")
        return cls(lines, verifier, begin, end, lines.parse_hashes(content["before"], "a hash of the header"))

    def open_frontier(self) -> Frontier:
        try:
            return Frontier(self.from_index, self.before)
        except EvidenceError as error:
            raise self.lines.broken(str(error)) from error


def _open_since(note: str | None, header: _Header) -> Checkpoint | None:
    if note is None:
        return None
    try:
        since = header.verifier.open_checkpoint(note)
    except EvidenceError as error:
        raise header.lines.broken(f"the kept checkpoint is not by this log: {error}") from error
    if since.size < header.from_index:
        raise header.lines.broken(f"the file begins after entry {since.size}: export from there or before")
    return since


def _verify_since(lines: ExportLines, frontier: Frontier, since: Checkpoint | None) -> None:
    if since is not None and frontier.size == since.size and frontier.compute_root() != since.root:
        raise lines.broken(
            f"the first {since.size} entries are not those of the kept checkpoint: the log was rewritten"
        )


def _verify_since_met(lines: ExportLines, checkpoint: Checkpoint, since: Checkpoint | None, *, to_index: int) -> None:
    if since is None or since.size <= to_index:  # met among the entries
        return
    if since.size > checkpoint.size:
        raise lines.broken(
            f"the log has {checkpoint.size} entries, and had {since.size} when the kept checkpoint was signed"
        )
    if since.size < checkpoint.size:
        raise lines.broken(f"the file ends before entry {since.size}: export further to compare the kept checkpoint")
    if since.root != checkpoint.root:
        raise lines.broken(f"the log had another root at size {since.size}: it was rewritten")


def _parse_entry(lines: ExportLines, index: int) -> bytes:
    line, content = lines.parse_next(ENTRY, what=f"entry {index}")
    if content["index"] != index or type(content["index"]) is not int:
        raise lines.broken(f"entry {index} is expected here, and another one stands here")
    leaf = lines.parse_bytes(content["leaf"], f"the leaf of entry {index}")
    try:
        parse_leaf(leaf)
    except EntryRefusedError as error:
        raise lines.broken(f"the leaf of entry {index} is refused: {error}") from error
    if line != format_entry_line(index, leaf):
        raise lines.broken(f"entry {index} does not say what its leaf says, in the one form of its line")
    return leaf


def _verify_footer(lines: ExportLines, header: _Header, frontier: Frontier) -> Checkpoint:
    content = lines.parse_canonical(FOOTER, what="the checkpoint")
    after = lines.parse_hashes(content["after"], "a hash after the entries")
    try:
        checkpoint = header.verifier.open_checkpoint(str(content["checkpoint"]))
        if checkpoint.size < header.to_index:
            raise lines.broken(f"the checkpoint is of {checkpoint.size} entries, the file has more")
        frontier.extend_to(checkpoint.size, after)
    except EvidenceError as error:
        raise lines.broken(str(error)) from error
    if frontier.compute_root() != checkpoint.root:
        raise lines.broken("the entries do not lead to the root that the log signed: one of them was changed")
    return checkpoint
