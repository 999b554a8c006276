"""An exported log proves itself: every flipped bit and every cut is found, and a rewriting cannot be hidden."""

import base64
import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785
from sqlalchemy import delete

from verifier.audit.errors import ExportBrokenError, LogEmptyError, LogForkedError, UnknownIndexError
from verifier.audit.export import export_lines
from verifier.audit.leaf import parse_leaf
from verifier.audit.lines import format_entry_line
from verifier.audit.offline import verify_export, verify_export_file
from verifier.audit.proofs import get_checkpoint
from verifier.audit.tables import EntryRow
from verifier.translog.checkpoint import LogSigner
from verifier.translog.frontier import Frontier
from verifier.translog.merkle import hash_leaf

if TYPE_CHECKING:
    from tests.unit.conftest import AuditLog


def export(log: "AuditLog", begin: int = 0, end: int | None = None) -> list[bytes]:
    return list(export_lines(log.database, begin, end, log_key=log.log_key))


def keep_checkpoint(log: "AuditLog") -> str:
    with log.database.read() as session:
        return get_checkpoint(session)


def rewrite(lines: list[bytes], number: int, **changes: object) -> list[bytes]:
    """The same lines, with fields of line `number` (from 1) changed and written canonically."""
    content: dict[str, Any] = json.loads(lines[number - 1])
    return [*lines[: number - 1], rfc8785.dumps(content | changes) + b"\n", *lines[number:]]


def forge(lines: list[bytes], signer: LogSigner) -> list[bytes]:
    """The same entries under a checkpoint that `signer` signs: what the log's owner could make up."""
    frontier = Frontier()
    for line in lines[1:-1]:
        frontier.append(hash_leaf(base64.b64decode(json.loads(line)["leaf"])))
    note = signer.sign(size=frontier.size, root=frontier.compute_root())
    header = json.loads(lines[0]) | {"log_key": signer.verifier.to_text(), "to_index": frontier.size}
    footer = {"after": [], "checkpoint": note}
    return [rfc8785.dumps(header) + b"\n", *lines[1:-1], rfc8785.dumps(footer) + b"\n"]


def test_a_whole_log_is_exported_and_holds(audit_log: "AuditLog") -> None:
    audit_log.grow(1_500)
    lines = export(audit_log)
    report = verify_export(lines, log_key=audit_log.log_key, since_checkpoint=None)
    assert (report.from_index, report.to_index, report.checkpoint.size) == (0, 1_500, 1_500)
    assert report.is_key_from_outside
    assert not verify_export(lines, log_key=None, since_checkpoint=None).is_key_from_outside
    entry = json.loads(lines[7])
    assert entry["index"] == 6
    assert parse_leaf(base64.b64decode(entry["leaf"])).to_json() == entry["entry"]


def test_every_flipped_bit_is_found(audit_log: "AuditLog") -> None:
    audit_log.grow(3)
    data = b"".join(export(audit_log))
    verify_export(io.BytesIO(data), log_key=None, since_checkpoint=None)
    for at in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(ExportBrokenError):
            verify_export(io.BytesIO(flipped), log_key=None, since_checkpoint=None)


def test_every_flipped_bit_of_a_part_is_found(audit_log: "AuditLog") -> None:
    audit_log.grow(12)
    data = b"".join(export(audit_log, 5, 6))
    verify_export(io.BytesIO(data), log_key=None, since_checkpoint=None)
    for at in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(ExportBrokenError):
            verify_export(io.BytesIO(flipped), log_key=None, since_checkpoint=None)


def test_every_cut_suffix_is_found(audit_log: "AuditLog", tmp_path: Path) -> None:
    audit_log.grow(5)
    data = b"".join(export(audit_log))
    file = tmp_path / "export.jsonl"
    for end in range(len(data)):
        file.write_bytes(data[:end])
        with pytest.raises(ExportBrokenError):
            verify_export_file(file, log_key=None, since_checkpoint=None)
    file.write_bytes(data)
    verify_export_file(file, log_key=None, since_checkpoint=None)


def test_every_line_that_is_dropped_doubled_or_moved_is_found(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    lines = export(audit_log)
    for at in range(len(lines)):
        bent = [lines[:at] + lines[at + 1 :], [*lines[: at + 1], *lines[at:]], [*lines, lines[at]]]
        if at > 0:
            bent.append([*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]])
        for each in bent:
            with pytest.raises(ExportBrokenError):
                verify_export(each, log_key=None, since_checkpoint=None)


def test_the_first_thing_that_is_wrong_is_named(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    lines = export(audit_log)
    leaf = base64.b64decode(json.loads(lines[3])["leaf"])
    other = leaf.replace(b'"generation":3', b'"generation":9')
    cases: list[tuple[list[bytes], int, str]] = [
        ([], 1, "the header is missing"),
        ([lines[0].replace(b",", b", "), *lines[1:]], 1, "the header is not canonical JSON"),
        ([*lines[:-1], lines[-1].replace("—".encode(), b"\\u2014")], 7, "the checkpoint is not canonical JSON"),
        (rewrite(lines, 1, format="x"), 1, "the file is no verifier-log-export/v1"),
        (rewrite(lines, 1, origin="x"), 1, "origin is not the name of its key"),
        (rewrite(lines, 1, to_index=-1), 1, "are no range"),
        (rewrite(lines, 1, from_index=True), 1, "are no range"),
        (rewrite(lines, 1, from_index=1), 1, "subtrees cannot cover"),
        (rewrite(lines, 1, more=1), 1, "does not have its fields"),
        (rewrite(lines, 3, index=7), 3, "entry 1 is expected here"),
        (rewrite(lines, 3, index=True), 3, "entry 1 is expected here"),
        (rewrite(lines, 4, leaf="AAA"), 4, "is not base64"),
        (rewrite(lines, 4, leaf="AAAA"), 4, "the leaf of entry 2 is refused"),
        (rewrite(lines, 4, entry={}), 4, "does not say what its leaf says"),
        (rewrite(lines, 4, entry=json.loads(leaf) | {"v": True}), 4, "does not say what its leaf says"),
        ([*lines[:3], format_entry_line(2, other), *lines[4:]], 7, "do not lead to the root"),
        (lines[:-1], 7, "the checkpoint is missing"),
        ([*lines[:-1], lines[-1][:-1]], 7, "is cut off"),
        (rewrite(lines, 7, after=["AAAA"]), 7, "cannot cover"),
        (rewrite(lines, 7, checkpoint="x"), 7, "no signatures"),
        ([*lines, b"\n"], 8, "something follows"),
    ]
    for broken, number, sentence in cases:
        with pytest.raises(ExportBrokenError, match=rf"line {number}: .*{sentence}"):
            verify_export(broken, log_key=None, since_checkpoint=None)


@pytest.mark.parametrize("line", [b"null\n", b"[]\n", b"{}\n", b"\xff\n", b"[" * 100_000 + b"\n", b'{"a":"\\ud800"}\n'])
def test_whatever_a_line_holds_it_is_only_broken(audit_log: "AuditLog", line: bytes) -> None:
    audit_log.grow(1)
    lines = export(audit_log)
    for at in range(len(lines)):
        with pytest.raises(ExportBrokenError):
            verify_export([*lines[:at], line, *lines[at + 1 :]], log_key=None, since_checkpoint=None)


def test_however_deep_a_line_is_nested_it_is_only_broken(audit_log: "AuditLog") -> None:
    audit_log.grow(1)
    lines = export(audit_log)
    for depth in range(800, 1_000):
        deep = b'{"after":' + b"[" * depth + b"]" * depth + b',"checkpoint":""}\n'
        with pytest.raises(ExportBrokenError):
            verify_export([*lines[:-1], deep], log_key=None, since_checkpoint=None)


@pytest.mark.parametrize(("begin", "end"), [(0, 0), (0, 7), (3, 9), (7, 300), (256, 257), (299, 300), (300, 300)])
def test_a_part_is_checked_against_the_checkpoint_of_the_whole(audit_log: "AuditLog", begin: int, end: int) -> None:
    audit_log.grow(300)
    lines = export(audit_log, begin, end)
    assert len(lines) == end - begin + 2
    report = verify_export(lines, log_key=audit_log.log_key, since_checkpoint=None)
    assert (report.from_index, report.to_index, report.checkpoint.size) == (begin, end, 300)


def test_an_export_of_another_log_is_refused(audit_log: "AuditLog") -> None:
    audit_log.grow(3)
    forged = forge(export(audit_log), LogSigner.generate("example.com/log"))
    verify_export(forged, log_key=None, since_checkpoint=None)  # by itself it is consistent
    with pytest.raises(ExportBrokenError, match=r"line 1: .*another log than the given key"):
        verify_export(forged, log_key=audit_log.log_key, since_checkpoint=None)


def test_whoever_kept_a_checkpoint_proves_a_rewriting(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    kept = keep_checkpoint(audit_log)
    audit_log.grow(5)
    lines = export(audit_log)
    report = verify_export(lines, log_key=audit_log.log_key, since_checkpoint=kept)
    assert report.since is not None
    assert report.since.size == 5
    other = base64.b64decode(json.loads(lines[2])["leaf"]).replace(b'"generation":2', b'"generation":9')
    # The owner of the key rewrites an entry, drops the last ones, or drops one, and signs again.
    rewritten = [*lines[:2], format_entry_line(1, other), *lines[3:]]
    shortened = [*lines[:4], lines[-1]]
    for bent, sentence in ((rewritten, "the log was rewritten"), (shortened, "the log has 3 entries, and had 5")):
        forged = forge(bent, audit_log.signer)
        verify_export(forged, log_key=audit_log.log_key, since_checkpoint=None)
        with pytest.raises(ExportBrokenError, match=sentence):
            verify_export(forged, log_key=audit_log.log_key, since_checkpoint=kept)


def test_a_part_is_compared_with_a_kept_checkpoint_only_where_it_reaches(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    kept = keep_checkpoint(audit_log)
    audit_log.grow(5)
    for begin, end in ((0, 5), (2, 7), (5, 6), (5, 5)):
        verify_export(export(audit_log, begin, end), log_key=None, since_checkpoint=kept)
    verify_export(export(audit_log, 0, 3), log_key=None, since_checkpoint=keep_checkpoint(audit_log))
    with pytest.raises(ExportBrokenError, match="begins after entry 5"):
        verify_export(export(audit_log, 6), log_key=None, since_checkpoint=kept)
    with pytest.raises(ExportBrokenError, match="ends before entry 5"):
        verify_export(export(audit_log, 0, 4), log_key=None, since_checkpoint=kept)


def test_a_kept_checkpoint_of_another_log_is_refused(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    for note in (LogSigner.generate("example.com/log").sign(size=5, root=hash_leaf(b"")), "nonsense", ""):
        with pytest.raises(ExportBrokenError, match="kept checkpoint is not by this log"):
            verify_export(export(audit_log), log_key=None, since_checkpoint=note)


def test_an_export_refuses_what_is_not_published(audit_log: "AuditLog") -> None:
    with pytest.raises(LogEmptyError):
        export(audit_log)
    audit_log.grow(3)
    audit_log.write_entries(3)
    for begin, end in ((0, 4), (-1, 3), (2, 1), (4, None)):
        with pytest.raises(UnknownIndexError):
            export(audit_log, begin, end)
    assert len(export(audit_log)) == 5


def test_an_entry_that_vanished_from_the_database_stops_the_export(audit_log: "AuditLog") -> None:
    audit_log.grow(5)
    with audit_log.database.write() as session:
        session.execute(delete(EntryRow).where(EntryRow.log_index == 3))
    with pytest.raises(LogForkedError, match="missing"):
        export(audit_log)


def test_memory_does_not_grow_with_the_log(audit_log: "AuditLog") -> None:
    def measure() -> int:
        lines: Iterator[bytes] = export_lines(audit_log.database, log_key=audit_log.log_key)
        tracemalloc.start()
        verify_export(lines, log_key=None, since_checkpoint=None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    audit_log.grow(2_000)
    measure()  # fills the caches
    few = measure()
    audit_log.grow(4_000)
    assert measure() < few * 1.3
