"""Agents: list, read, renew, cancel, upload on the customer's behalf; one request makes one verification."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from policies.access import Role, Scope
from tests.journey import JSON, Desk, make_jpeg, make_key, refusal
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.vault.key_files import FileKeys
from verifier.verifications.tables import VerificationRow
from verifier.web.tables import IdempotencyRow
from verifier.wiring import House


def count_verifications(house: House) -> int:
    with house.database.read() as session:
        return session.scalar(select(func.count()).select_from(VerificationRow)) or 0


def test_the_answer_carries_what_an_agent_pastes_into_a_ticket(desk: Desk, house: House) -> None:
    asked = desk.request(policy="account-recovery", account="jo@example.org", expected={"full_name": "Jo Doe"})
    assert asked["link"]["url"].startswith(f"{house.settings.public_url}/v/")
    assert asked["link"]["url"] in asked["reply"]
    assert "do not attach" in asked["reply"].replace("don't", "do not")
    assert len(asked["phrase"].split()) == 2
    none: dict[str, Any] = {"optional_slots": [], "contact_checks": [], "details": [], "skipped": None}
    assert asked["proofs"] == [{"slots": ["identity.front", "identity.back"], **none}]
    assert (asked["status"], asked["documents"], asked["answer_by"]) == ("requested", [], None)
    created = datetime.fromisoformat(asked["created_at"])
    assert datetime.fromisoformat(asked["link"]["expires_at"]) - created == timedelta(days=3)
    assert desk.read(asked["id"]) == asked, "and it can be seen again, link included"
    assert "Jo Doe" not in str(asked)
    assert "jo@example.org" not in str(asked)


def test_the_same_request_is_one_verification_with_a_key_and_without(desk: Desk, house: House) -> None:
    first = desk.ask(headers={"idempotency-key": "a"}, expected={"full_name": "Jo"})
    again = desk.ask(headers={"idempotency-key": "a"}, expected={"full_name": "Jo"})
    without = desk.ask(expected={"full_name": "Jo"})
    assert [answer.status_code for answer in (first, again, without)] == [201, 200, 200]
    assert first.json() == again.json() == without.json()
    assert count_verifications(house) == 1
    other_policy = desk.ask(policy="account-recovery")
    assert other_policy.status_code == 201, "live is counted by reference and policy"
    another_agent = make_key(house, Role.AGENT, Scope.VERIFICATIONS_WRITE)
    theirs = desk.client.post(
        "/v1/verifications",
        json={"reference": "CASE-9", "policy": "qualification-check"},
        headers=another_agent | {"idempotency-key": "a"},
    )
    assert theirs.status_code == 201, "a key is its program's own"


@ON_BOTH
def test_two_requests_at_once_make_one_verification_and_leave_one_key(desk: Desk, house: House) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: desk.ask(headers={"idempotency-key": "k"} if n % 2 else {}), range(8)))
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert count_verifications(house) == 1
    keys = FileKeys(house.settings.keys_folder)
    assert list(keys.list()) == [answers[0].json()["id"]], "the keys of those that lost are gone"


def test_an_idempotency_key_is_forgotten_after_a_day(desk: Desk, house: House, work: Work) -> None:
    asked = desk.ask(headers={"idempotency-key": "a"}).json()
    desk.post(asked["id"], "cancel")
    again = desk.ask(headers={"idempotency-key": "a"})
    assert (again.status_code, again.json()["status"]) == (200, "cancelled"), "the same request, the same thing"
    work.pass_time(timedelta(hours=24, seconds=1))
    with house.database.read() as session:
        assert session.scalars(select(IdempotencyRow)).all() == []
    assert desk.ask(headers={"idempotency-key": "a"}).status_code == 201


def test_lists_show_the_newest_first_a_page_at_a_time(desk: Desk) -> None:
    ids = [desk.request(reference=f"CASE-{number}")["id"] for number in range(53)]
    desk.post(ids[0], "cancel")

    def read(**query: str) -> dict[str, Any]:
        answer = desk.client.get("/v1/verifications", params=query, headers=desk.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    first = read()
    second = read(cursor=first["next_cursor"])
    seen = [row["id"] for row in first["verifications"] + second["verifications"]]
    assert (seen, second["next_cursor"]) == (ids[::-1], None)
    assert len(first["verifications"]) == 50
    assert [row["id"] for row in read(status="cancelled")["verifications"]] == [ids[0]]
    assert [row["id"] for row in read(reference="CASE-7")["verifications"]] == [ids[7]]
    assert read(reference="CASE")["verifications"] == []


def test_a_renewed_link_ends_the_old_one_and_its_sessions_and_keeps_what_was_sent(desk: Desk, work: Work) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    assert customer.upload("diploma.all_pages", make_jpeg()).status_code == 201
    token = customer.status()["form_token"]
    key = {"idempotency-key": "renew"}
    renewed = desk.post(asked["id"], "links", headers=key).json()
    assert renewed["link"]["url"] != asked["link"]["url"]
    assert desk.post(asked["id"], "links", headers=key).json()["link"] == renewed["link"], "once, however often"
    path = f"/verification/{asked['id']}"
    assert refusal(customer.client.get(path, headers=JSON)) == (403, "open_link_first")
    sent = customer.client.post(f"{path}/submit", data={"form_token": token}, headers=JSON)
    assert refusal(sent) == (403, "open_link_first")
    again = desk.customer(renewed)
    assert again.status()["slots"][0]["state"] == "checking"
    assert refusal(desk.browser().get(f"/v/{asked['link']['url'][-43:]}", headers=JSON)) == (404, "link_replaced")
    desk.post(asked["id"], "cancel")
    assert refusal(desk.post(asked["id"], "links")) == (409, "already_decided")
    assert desk.post(asked["id"], "links", headers=key).status_code == 200, "a repetition is no second act"
    work()


def test_cancelling_twice_is_refused_unless_it_is_the_same_request(desk: Desk) -> None:
    asked = desk.request()
    key = {"idempotency-key": "cancel"}
    assert desk.post(asked["id"], "cancel", headers=key).json()["status"] == "cancelled"
    assert desk.post(asked["id"], "cancel", headers=key).json()["status"] == "cancelled"
    assert refusal(desk.post(asked["id"], "cancel")) == (409, "already_decided")


def test_an_upload_on_behalf_is_write_only_and_logged_as_such(desk: Desk, work: Work, house: House) -> None:
    asked = desk.request()
    path = f"/v1/verifications/{asked['id']}/documents"
    sent = desk.client.post(
        path, data={"slot": "diploma.all_pages"}, files={"file": ("x.jpg", make_jpeg())}, headers=desk.headers
    )
    assert (sent.status_code, sent.json()["state"]) == (201, "sealed")
    work()
    document = sent.json()["document"]
    for refused in (
        desk.client.get(path, headers=desk.headers),
        desk.client.get(f"/v1/documents/{document}/pages/1", headers=desk.headers),
    ):
        assert refusal(refused) == (403, "forbidden")
    with house.database.read() as session:
        (sealed,) = find_entries(session, EntryFilter(kind=EntryKind.DOCUMENT_SEALED), limit=9)
        created_by = session.get_one(VerificationRow, asked["id"]).created_by
    assert sealed.statement.fields["actor"] == created_by
    customer = desk.customer(asked)
    assert customer.status()["slots"][0]["state"] == "ready"
    assert customer.post("submit").status_code == 200, "the customer hands it in"
    again = desk.client.post(
        path, data={"slot": "diploma.all_pages"}, files={"file": ("x.jpg", make_jpeg())}, headers=desk.headers
    )
    assert refusal(again) == (409, "wrong_state")
    unknown = desk.client.post(
        f"/v1/verifications/{asked['id'][:-1]}x/documents",
        data={"slot": "diploma.all_pages"},
        files={"file": ("x.jpg", make_jpeg())},
        headers=desk.headers,
    )
    assert refusal(unknown) == (404, "unknown_verification")


def test_a_key_that_may_not_show_links_sees_the_status_without_them(desk: Desk, house: House) -> None:
    asked = desk.request()
    reader = make_key(house, Role.AGENT, Scope.VERIFICATIONS_READ)
    told = desk.client.get(f"/v1/verifications/{asked['id']}", headers=reader).json()
    assert (told["link"], told["reply"], told["phrase"]) == (None, None, None)
    assert told["status"] == "requested"
