"""What is stored and what was destroyed, as an auditor sees it; and the deletion receipts that prove the second."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from policies.access import Role, Scope
from tests.case_policies import FOLDER
from tests.servers.databases import ON_BOTH
from verifier.app import create_app
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.contacts.forgetting import forget_contacts
from verifier.db.clock import MovedClock
from verifier.disposal.reading import count_stored, read_stored
from verifier.disposal.receipt_check import verify_receipt
from verifier.disposal.service import Disposer
from verifier.disposal.shred import Shredder
from verifier.evidence.documents import Announced, begin, end_document
from verifier.ids import DocumentId, VerificationId
from verifier.retention.service import Rule
from verifier.sanitise.formats import MediaType
from verifier.settings import Settings
from verifier.staff.api_keys import create_api_key
from verifier.vault.object_files import FileObjects
from verifier.vault.objects import ObjectKey
from verifier.verifications.moves import get_policy, lock_verification
from verifier.wiring import House, choose_seams, open_house

NewKey = Callable[..., dict[str, str]]
Run = Callable[[], object]
Headers = dict[str, str]
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 2_000


@pytest.fixture
def auditor(new_key: NewKey) -> Headers:
    return new_key(Role.AUDITOR, Scope.AUDIT_READ)


@pytest.fixture
def agent(new_key: NewKey) -> Headers:
    scopes = (Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.DOCUMENTS_WRITE)
    return new_key(Role.AGENT, *scopes)


def ask(client: TestClient, agent: Headers, reference: str = "CASE-1") -> str:
    answer = client.post(
        "/v1/verifications", json={"reference": reference, "policy": "account-recovery"}, headers=agent
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def upload(client: TestClient, agent: Headers, verification: str, slot: str = "front") -> str:
    answer = client.post(
        f"/v1/verifications/{verification}/documents",
        data={"form_token": "-", "slot": f"identity.{slot}"},
        files={"file": ("photo.jpg", JPEG, "image/jpeg")},
        headers=agent,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["document"])


def cancel(client: TestClient, agent: Headers, verification: str) -> None:
    assert client.post(f"/v1/verifications/{verification}/cancel", headers=agent).status_code == 200


def remove(house: House, verification: str, document: str) -> None:
    with house.database.write() as session:
        now = house.clock.now(session)
        end_document(session, now, VerificationId(verification), DocumentId(document), rule=Rule.REMOVED)


def read(client: TestClient, path: str, headers: Headers) -> dict[str, Any]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refusal(client: TestClient, path: str, headers: Headers) -> tuple[int, str]:
    answer = client.get(path, headers=headers)
    return answer.status_code, answer.json()["code"]


def test_what_is_stored_is_listed_with_its_deadline(client: TestClient, agent: Headers, auditor: Headers) -> None:
    verification = ask(client, agent)
    document = upload(client, agent, verification)

    found = read(client, "/v1/retention", auditor)

    (row,) = found["documents"]
    assert (found["view"], found["total"], found["overdue"], found["next_cursor"]) == ("stored", 1, 0, None)
    assert row.items() >= {
        "document": document, "verification": verification, "reference": "CASE-1", "policy": "account-recovery",
        "slot": "identity.front", "state": "sealed", "copies": ["original"], "rule": "undecided", "overdue": False,
    }.items()  # fmt: skip
    link = read(client, f"/v1/verifications/{verification}", agent)["link"]
    assert row["destroy_by"] == link["expires_at"]  # what was not handed in by then goes with the link
    assert row["since"] < row["destroy_by"]


@ON_BOTH
def test_the_oldest_deadline_comes_first_and_pages_follow_each_other(
    client: TestClient, agent: Headers, auditor: Headers, clock: MovedClock
) -> None:
    documents: list[str] = []
    for case in range(5):
        clock.offset = timedelta(seconds=-10 * case)  # further back would close the intake
        documents.insert(0, upload(client, agent, ask(client, agent, f"CASE-{case}")))
    clock.offset = timedelta(0)

    path, listed, pages = "/v1/retention?limit=2", list[str](), 0
    while path:
        found = read(client, path, auditor)
        assert found["total"] == 5
        listed += [row["document"] for row in found["documents"]]
        cursor, pages = found["next_cursor"], pages + 1
        path = f"/v1/retention?limit=2&cursor={cursor}" if cursor else ""
    assert (listed, pages) == (documents, 3)


def test_documents_of_one_deadline_are_not_lost_between_pages(
    client: TestClient, agent: Headers, auditor: Headers
) -> None:
    verification = ask(client, agent)
    documents = {upload(client, agent, verification, slot) for slot in ("front", "back")}
    first = read(client, "/v1/retention?limit=1", auditor)
    second = read(client, f"/v1/retention?limit=1&cursor={first['next_cursor']}", auditor)
    assert first["documents"][0]["destroy_by"] == second["documents"][0]["destroy_by"]
    assert {row["document"] for page in (first, second) for row in page["documents"]} == documents
    assert second["next_cursor"] is None


def test_what_was_destroyed_is_listed_as_the_log_tells_it(
    client: TestClient, house: House, agent: Headers, auditor: Headers, destroy: Run, sequence: Run
) -> None:
    verification = ask(client, agent)
    removed, kept = upload(client, agent, verification), upload(client, agent, verification, "back")
    remove(house, verification, removed)
    destroy()
    sequence()

    (row,) = read(client, "/v1/retention?view=disposed", auditor)["documents"]
    assert row.items() >= {
        "document": removed, "verification": verification, "reference": "CASE-1", "slot": "identity.front",
        "rule": "removed", "copies": 1, "key_destroyed_at": None, "receipt": f"/v1/receipts/{removed}",
    }.items()  # fmt: skip
    assert [each["document"] for each in read(client, "/v1/retention", auditor)["documents"]] == [kept]

    cancel(client, agent, verification)
    destroy()
    sequence()
    last, first = read(client, "/v1/retention?view=disposed", auditor)["documents"]
    assert [(row["document"], row["rule"]) for row in (first, last)] == [(removed, "removed"), (kept, "cancelled")]
    assert first["key_destroyed_at"] == last["key_destroyed_at"] <= last["disposed_at"]
    assert last["seen_absent_at"] <= last["disposed_at"]
    assert last["key_destroyed_at"] == read(client, f"/v1/verifications/{verification}", agent)["unreadable_at"]
    assert read(client, "/v1/retention", auditor)["total"] == 0
    pages = [read(client, "/v1/retention?view=disposed&limit=1", auditor)]
    pages.append(read(client, f"/v1/retention?view=disposed&limit=1&cursor={pages[0]['next_cursor']}", auditor))
    assert [page["documents"][0]["document"] for page in pages] == [kept, removed]
    assert pages[1]["next_cursor"] is None


def test_reading_what_was_destroyed_is_a_reading_of_the_log(
    client: TestClient, house: House, auditor: Headers, sequence: Run
) -> None:
    read(client, "/v1/retention", auditor)
    read(client, "/v1/retention?view=disposed", auditor)
    sequence()
    with house.database.read() as session:
        assert len(find_entries(session, EntryFilter(kind=EntryKind.LOG_READ), limit=9)) == 1


def test_a_cursor_of_the_other_view_is_refused(client: TestClient, agent: Headers, auditor: Headers) -> None:
    verification = ask(client, agent)
    for slot in ("front", "back"):
        upload(client, agent, verification, slot)
    cursor = read(client, "/v1/retention?limit=1", auditor)["next_cursor"]
    assert refusal(client, f"/v1/retention?view=disposed&cursor={cursor}", auditor) == (400, "invalid_cursor")
    assert refusal(client, "/v1/retention?view=lost", auditor) == (422, "invalid_field")
    assert refusal(client, "/v1/retention?sort=size", auditor) == (422, "unknown_field")


class KeepingObjects(FileObjects):
    """A store that answers "deleted" and keeps the bytes."""

    def delete(self, key: ObjectKey) -> None:
        """Nothing happens."""


@pytest.fixture
def keeping_house(tmp_path: Path, clock: MovedClock) -> Iterator[House]:
    settings = Settings(home=tmp_path / "keeping", policies_folder=FOLDER)
    seams = choose_seams(settings)
    opened = open_house(settings, seams=replace(seams, clock=clock, objects=KeepingObjects(settings.objects_folder)))
    yield opened
    opened.close()


def test_what_cannot_be_destroyed_stays_listed_overdue_and_without_a_receipt(
    keeping_house: House, clock: MovedClock
) -> None:
    house = keeping_house
    keys = []
    for role, scopes in (
        (Role.AUDITOR, [Scope.AUDIT_READ]),
        (Role.AGENT, [Scope.VERIFICATIONS_WRITE, Scope.DOCUMENTS_WRITE]),
    ):
        with house.database.write() as session:
            now = clock.now(session)
            text = create_api_key(
                session, now, label="t", role=role, scopes=scopes, valid_for=timedelta(days=1), actor="operator"
            )
        keys.append({"Authorization": f"Bearer {text}"})
    auditor, agent = keys
    with TestClient(create_app(house), base_url=house.settings.public_url) as client:
        verification = ask(client, agent)
        document = upload(client, agent, verification)
        cancel(client, agent, verification)
        Shredder(house.database, clock=clock, vault=house.vault, forget=forget_contacts).shred_due()
        Disposer(house.database, clock=clock, vault=house.vault).dispose_due()

        (row,) = read(client, "/v1/retention", auditor)["documents"]
        assert (row["state"], row["rule"], row["overdue"]) == ("disposing", "cancelled", False)
        assert datetime.fromisoformat(row["destroy_by"]) > datetime(2020, 1, 1, tzinfo=UTC), "when it became due"
        clock.offset = timedelta(seconds=61)
        found = read(client, "/v1/retention", auditor)
        assert (found["total"], found["overdue"], found["documents"][0]["overdue"]) == (1, 1, True)
        assert refusal(client, f"/v1/receipts/{document}", auditor) == (409, "not_disposed")


def test_a_receipt_is_refused_then_pending_then_complete(
    client: TestClient, agent: Headers, auditor: Headers, destroy: Run, sequence: Run
) -> None:
    verification = ask(client, agent)
    document = upload(client, agent, verification)
    path = f"/v1/receipts/{document}"
    sequence()
    assert refusal(client, path, auditor) == (409, "not_disposed")

    cancel(client, agent, verification)
    assert refusal(client, path, auditor) == (409, "not_disposed")
    destroy()
    assert read(client, path, agent)["status"] == "pending"
    sequence()

    answer = client.get(path, headers=agent)
    report = verify_receipt(answer.content, log_key=client.get("/v1/audit/key").text.strip())
    assert (report.status, report.document) == ("complete", document)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == f'attachment; filename="deletion-receipt-{document}.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert client.get(path, headers=auditor).content == answer.content


def test_the_receipts_of_a_verification_come_one_by_one(
    client: TestClient, house: House, agent: Headers, auditor: Headers, destroy: Run, sequence: Run
) -> None:
    verification = ask(client, agent)
    path = f"/v1/verifications/{verification}/receipts"
    assert read(client, path, agent)["receipts"] == [], "nothing was sent, so nothing is owed"
    first = upload(client, agent, verification)
    assert refusal(client, path, agent) == (409, "not_disposed")
    second = upload(client, agent, verification, "back")
    remove(house, verification, first)
    destroy()
    sequence()

    found = read(client, path, agent)

    assert found["status"] == "pending"
    statuses = [(row["document"], row["status"], row["rule"], row["path"]) for row in found["receipts"]]
    assert statuses == [
        (first, "pending", "removed", f"/v1/receipts/{first}"),
        (second, "not_disposed", None, None),
    ]
    cancel(client, agent, verification)
    destroy()
    sequence()
    found = read(client, path, auditor)
    assert (found["status"], [row["status"] for row in found["receipts"]]) == ("complete", ["complete"] * 2)


def test_a_document_that_is_only_announced_is_not_disposed_rather_than_unknown(
    client: TestClient, house: House, agent: Headers, auditor: Headers
) -> None:
    verification = VerificationId(ask(client, agent))
    announced = Announced(document="identity", slot="front", replaces=None, media_type=MediaType.JPEG, declared_bytes=9)
    with house.database.write() as session:
        now, row = house.clock.now(session), lock_verification(session, verification)
        policy = get_policy(session, row)
        begun = begin(session, now, row, announced, policy=policy, actor="customer", bytes_in_total=10**9)
    assert refusal(client, f"/v1/receipts/{begun.id}", auditor) == (409, "not_disposed")
    (stored,) = read(client, "/v1/retention", auditor)["documents"]
    assert (stored["document"], stored["state"], stored["rule"]) == (begun.id, "receiving", "unfinished_upload")


def test_an_unknown_receipt_is_not_found(client: TestClient, auditor: Headers) -> None:
    for name in ("doc_aaaaaaaaaaaaaaaaaaaaaaaaaa", "x", "doc_%0d%0aSet-Cookie:a=b", "%00", "٣"):
        assert refusal(client, f"/v1/receipts/{name}", auditor) == (404, "unknown_document")
        assert refusal(client, f"/v1/verifications/{name}/receipts", auditor) == (404, "unknown_verification")


def test_listing_what_is_stored_does_not_walk_through_what_was_destroyed(house: House) -> None:
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(house.database.engine, "before_cursor_execute", note)
    try:
        with house.database.read() as session:
            now = house.clock.now(session)
            read_stored(session, now, after=(now, "doc"), limit=9)
            count_stored(session, now)
    finally:
        event.remove(house.database.engine, "before_cursor_execute", note)
    with house.database.read() as session:
        plan = [
            str(step[3])
            for statement, parameters in statements
            for step in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    walked = [step for step in plan if step.startswith("SCAN obligations")]
    assert walked
    assert all(step.endswith("USING INDEX ix_obligations_due") for step in walked), plan
