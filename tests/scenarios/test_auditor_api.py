"""Auditors read the log over HTTP, and the log says so; nobody else does."""

import base64
import itertools
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from policies.access import Role, Scope
from tests.servers.databases import ON_BOTH
from verifier import ids
from verifier.audit.catalogue import EntryKind
from verifier.audit.export import export_lines
from verifier.audit.leaf import parse_leaf
from verifier.audit.offline import verify_export
from verifier.audit.service import EntryFilter, find_entries, record
from verifier.db.clock import MovedClock
from verifier.staff.principal import Principal
from verifier.web.entries_api import _join_lines, respond_with_export
from verifier.web.log_reading import VIEWS, digest_query, read_views
from verifier.wiring import House

NewKey = Callable[..., dict[str, str]]
Sequence = Callable[[], int]
STAFF = ids.new_staff_id()


@pytest.fixture
def auditor(new_key: NewKey) -> dict[str, str]:
    return new_key(Role.AUDITOR, Scope.AUDIT_READ)


def write_views(house: House, count: int, *, actor: str = STAFF) -> tuple[str, str]:
    """Let the log say that `count` pages of one document were viewed."""
    verification, document = ids.new_verification_id(), ids.new_document_id()
    with house.database.write() as session:
        now = house.clock.now(session)
        for page in range(1, count + 1):
            fields: dict[str, str | int] = {"verification": verification, "document": document, "page": page}
            record(session, now, EntryKind.PAGE_VIEWED, {**fields, "actor": actor})
    return verification, document


def find_kind(house: House, kind: EntryKind) -> list[dict[str, Any]]:
    with house.database.read() as session:
        found = find_entries(session, EntryFilter(kind=kind), limit=100)
    return [dict(entry.statement.fields) for entry in found]


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_entries_are_found_by_what_they_are_about(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence
) -> None:
    verification, document = write_views(house, 2)
    write_views(house, 3, actor=ids.new_staff_id())
    sequence()

    def find(**query: str) -> list[dict[str, Any]]:
        answer = client.get("/v1/audit/entries", params=query, headers=auditor)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["entries"])

    everything = find()
    assert [entry["index"] for entry in everything] == list(range(len(everything) - 1, -1, -1))
    assert len(find(kind="page.viewed")) == 5
    assert len(find(kind="page.viewed", actor=STAFF)) == 2
    first, second = find(verification=verification, order="oldest")
    assert find(document=document) == [second, first]
    assert first["fields"] == {"verification": verification, "document": document, "page": 1, "actor": STAFF}
    leaf = parse_leaf(base64.b64decode(first["leaf"]))
    assert (leaf.kind, dict(leaf.fields)) == (EntryKind.PAGE_VIEWED, first["fields"])
    assert find(**{"from": first["at"], "verification": verification}) == [second, first]
    assert find(to=first["at"], verification=verification) == []


@pytest.mark.parametrize("order", ["newest", "oldest"])
@ON_BOTH
def test_pages_follow_each_other_without_gap_or_double(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence, order: str
) -> None:
    write_views(house, 7)
    sequence()
    query, indexes = {"kind": "page.viewed", "order": order, "limit": "3"}, []
    for _ in range(3):
        page = client.get("/v1/audit/entries", params=query, headers=auditor).json()
        indexes += [entry["index"] for entry in page["entries"]]
        query["cursor"] = page["next_cursor"]
    assert page["next_cursor"] is None
    assert len(indexes) == 7
    assert indexes == sorted(set(indexes), reverse=order == "newest")


def test_a_cursor_works_with_its_own_query_only(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence
) -> None:
    write_views(house, 5)
    sequence()
    cursor = client.get("/v1/audit/entries?kind=page.viewed&limit=2", headers=auditor).json()["next_cursor"]

    def ask(query: str) -> tuple[int, str]:
        return refusal(client.get(f"/v1/audit/entries?{query}", headers=auditor))

    assert ask(f"cursor={cursor}") == (400, "invalid_cursor")
    assert ask(f"kind=page.viewed&order=oldest&cursor={cursor}") == (400, "invalid_cursor")
    assert ask(f"kind=page.viewed&cursor={cursor[:-2]}") == (400, "invalid_cursor")
    assert ask("cursor=") == (400, "invalid_cursor")


NOT_UNDERSTOOD = {
    "knd=page.viewed": "unknown_field",
    "kind=page.seen": "invalid_field",
    "verification=CASE-1": "invalid_field",
    "document=ver_aaaaaaaaaaaaaaaaaaaaaaaaaa": "invalid_field",
    "actor=ada@example.org": "invalid_field",
    "from=1763726400": "invalid_field",
    "from=2026-11-21": "invalid_field",
    "from=2026-11-21T12:00:00": "invalid_field",
    "to=2026-11-21T12:00:00%2B02:00": "invalid_field",
    "to=2026-02-30T12:00:00Z": "invalid_field",
    "to=%D9%A2026-02-03T12:00:00Z": "invalid_field",
    "limit=0": "invalid_field",
    "limit=101": "invalid_field",
    "order=random": "invalid_field",
    "since=2026-11-21T12:00:00Z": "unknown_field",
}


def test_a_query_that_is_not_understood_is_refused_and_not_logged(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence
) -> None:
    for query, code in NOT_UNDERSTOOD.items():
        assert refusal(client.get(f"/v1/audit/entries?{query}", headers=auditor)) == (422, code), query
    sequence()
    assert find_kind(house, EntryKind.LOG_READ) == []


@ON_BOTH
def test_reading_is_logged_once_for_each_auditor_and_query(
    client: TestClient,
    house: House,
    clock: MovedClock,
    new_key: NewKey,
    sign_in: Callable[..., str],
    sequence: Sequence,
) -> None:
    write_views(house, 5)
    sequence()
    auditor = new_key(Role.AUDITOR, Scope.AUDIT_READ)

    def read(query: str, **headers: str) -> None:
        answer = client.get(f"/v1/audit/entries?{query}", headers=headers or auditor)
        assert answer.status_code == 200, answer.text

    def count() -> int:
        sequence()
        return len(find_kind(house, EntryKind.LOG_READ))

    read("kind=page.viewed&limit=2")
    assert count() == 1
    read("kind=page.viewed&limit=3&order=oldest")
    assert count() == 1, "another page of the same reading"
    read("kind=log.read")
    assert count() == 2
    read("kind=page.viewed", Cookie=f"dev-staff={sign_in('Ada', Role.AUDITOR)}")
    assert count() == 3, "another auditor"
    clock.offset = timedelta(minutes=16)
    read("kind=page.viewed")
    assert count() == 4, "a quarter of an hour later"
    assert find_kind(house, EntryKind.LOG_READ)[0]["query"] == digest_query(VIEWS)


def test_nothing_is_shown_where_the_entry_of_the_reading_cannot_be_committed(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence
) -> None:
    write_views(house, 1)
    sequence()
    assert client.get("/v1/audit/checkpoint", headers=auditor).status_code == 200
    client.get("/v1/policies", headers=auditor)  # notes the key's use, so that what follows commits one thing only

    def fail(_connection: object) -> None:
        raise OSError("the disk is gone")

    event.listen(house.database.engine, "commit", fail)
    try:
        for path in ("/v1/audit/entries", "/v1/audit/export", "/v1/retention?view=disposed"):
            answer = client.get(path, headers=auditor)
            assert refusal(answer) == (500, "internal"), path
    finally:
        event.remove(house.database.engine, "commit", fail)
    sequence()
    assert find_kind(house, EntryKind.LOG_READ) == []
    assert find_kind(house, EntryKind.LOG_EXPORTED) == []


def test_an_export_proves_itself_offline_and_is_logged(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence
) -> None:
    write_views(house, 3)
    sequence()
    kept = client.get("/v1/audit/checkpoint").text
    write_views(house, 4)
    sequence()

    answer = client.get("/v1/audit/export", headers=auditor)

    report = verify_export(answer.content.splitlines(keepends=True), log_key=house.log_key, since_checkpoint=kept)
    assert (report.from_index, report.to_index) == (0, report.checkpoint.size)
    name = f"audit-log-0-{report.to_index}.jsonl"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    part = client.get("/v1/audit/export?from_index=2&to_index=4", headers=auditor).content.splitlines(keepends=True)
    assert len(part) == 4
    verify_export(part, log_key=house.log_key, since_checkpoint=None)
    sequence()
    exported = [(each["from_index"], each["to_index"]) for each in find_kind(house, EntryKind.LOG_EXPORTED)]
    assert exported == [(2, 4), (0, report.to_index)]


def test_an_export_of_what_is_not_published_is_refused_and_not_logged(
    client: TestClient, house: House, auditor: dict[str, str], sequence: Sequence
) -> None:
    assert refusal(client.get("/v1/audit/export", headers=auditor)) == (404, "log_empty")
    sequence()
    for query in ("to_index=9999", "from_index=9999", "from_index=2&to_index=1"):
        assert refusal(client.get(f"/v1/audit/export?{query}", headers=auditor)) == (404, "unknown_index")
    assert refusal(client.get("/v1/audit/export?from_index=-1", headers=auditor)) == (422, "invalid_field")
    sequence()
    assert find_kind(house, EntryKind.LOG_EXPORTED) == []


def test_an_export_is_in_the_log_before_its_first_byte(house: House, client: TestClient, sequence: Sequence) -> None:
    sequence()
    principal = Principal(STAFF, frozenset({Role.AUDITOR}), None, "Ada")
    respond_with_export(client.app.state.rooms, principal, from_index=0, to_index=None)  # type: ignore[attr-defined]
    sequence()
    assert [each["actor"] for each in find_kind(house, EntryKind.LOG_EXPORTED)] == [STAFF]


def test_memory_does_not_grow_with_the_log_that_is_exported(house: House, sequence: Sequence) -> None:
    for _ in range(12):
        write_views(house, 1_000)
    sequence()
    tracemalloc.start()
    try:
        size = sum(len(block) for block in _join_lines(export_lines(house.database, log_key=house.log_key)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 5_000_000
    assert peak < size / 2
    assert sum(len(block) for block in itertools.islice(_join_lines([b"x" * 1_000] * 1_000), 3)) < 200_000


def test_views_are_read_from_the_log_newest_first(house: House, sequence: Sequence) -> None:
    verification, document = write_views(house, 3)
    sequence()
    with house.database.read() as session:
        first, second = read_views(session, before=None, limit=2)
        last = read_views(session, before=second.index, limit=2)
    assert [view.page for view in (first, second, *last)] == [3, 2, 1]
    assert (first.actor, first.verification, first.document) == (STAFF, verification, document)


def test_policies_are_told_in_plain_words(client: TestClient, auditor: dict[str, str]) -> None:
    recovery, qualification = client.get("/v1/policies", headers=auditor).json()["policies"]
    assert (recovery["name"], qualification["name"]) == ("account-recovery", "qualification-check")
    assert recovery["version"].startswith("sha256:")
    assert recovery["title"]["en"] == "Get back into your account"
    assert "How long things stay" in recovery["explanation"]
    assert refusal(client.get("/v1/policies?name=x", headers=auditor)) == (422, "unknown_field")


READS = ("/v1/audit/entries", "/v1/audit/export", "/v1/audit/inclusion?index=0", "/v1/audit/consistency?old=1",
         "/v1/retention", "/v1/retention?view=disposed")  # fmt: skip


def test_only_auditors_read_the_log_and_what_is_stored(
    client: TestClient, sign_in: Callable[..., str], new_key: NewKey, sequence: Sequence
) -> None:
    sequence()
    for role in Role:
        cookie = {"Cookie": f"dev-staff={sign_in(role.value, role)}"}
        for path in READS:
            answer = client.get(path, headers=cookie)
            assert answer.status_code == (200 if role is Role.AUDITOR else 403), (role, path)
        may_read_receipts = role in {Role.AGENT, Role.AUDITOR}
        for path in (
            f"/v1/receipts/{ids.new_document_id()}",
            f"/v1/verifications/{ids.new_verification_id()}/receipts",
        ):
            assert client.get(path, headers=cookie).status_code == (404 if may_read_receipts else 403), (role, path)
        assert client.get("/v1/policies", headers=cookie).status_code == 200
    agent = new_key(Role.AGENT, Scope.VERIFICATIONS_WRITE)
    assert client.get(f"/v1/receipts/{ids.new_document_id()}", headers=agent).status_code == 403, "without the scope"


def test_nobody_reads_without_signing_in(client: TestClient, sequence: Sequence) -> None:
    sequence()
    for path in (*READS, "/v1/policies", f"/v1/receipts/{ids.new_document_id()}", "/v1/verifications/x/receipts"):
        assert refusal(client.get(path)) == (401, "sign_in_needed"), path
