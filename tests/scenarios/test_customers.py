"""Customers: landing, devices, removing and replacing, and what they see at the end."""

import hashlib
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from tests.journey import HTML, JSON, Desk, make_jpeg, open_link, refusal
from tests.workers_by_hand import Work
from verifier.db.base import Base
from verifier.disposal.receipt import verify_receipt
from verifier.settings import Settings
from verifier.wiring import House

_SLOT = "diploma.all_pages"


def read_rows(house: House) -> str:
    """A digest of every row of every table."""
    with house.database.read() as session:
        rows = [str(session.execute(select(table)).all()) for table in Base.metadata.sorted_tables]
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def read_files(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


class TestTheLandingPage:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        many = {"requests_a_minute_per_link": 9_999, "requests_a_minute_per_network": 9_999}
        return settings.model_copy(update=many)

    def test_changes_nothing_however_often_it_is_fetched(self, desk: Desk, house: House) -> None:
        asked = desk.request()
        path, browser = f"/v/{asked['link']['url'][-43:]}", desk.browser()
        first = browser.get(path, headers=HTML)
        house.database.truncate_wal()
        rows, files = read_rows(house), read_files(house.settings.home)
        for number in range(1000):
            answer = browser.get(path, headers=HTML if number % 2 else JSON)
            assert answer.status_code == 200
            assert not answer.headers.get("set-cookie")
        assert browser.head(path).status_code in {200, 405}
        assert browser.get(path, headers=HTML).text == first.text
        house.database.truncate_wal()
        assert read_rows(house) == rows
        assert read_files(house.settings.home) == files
        assert desk.read(asked["id"])["opened_at"] is None


def test_the_first_page_names_desk_case_action_and_phrase(desk: Desk) -> None:
    asked = desk.request()
    landing = desk.browser().get(f"/v/{asked['link']['url'][-43:]}", headers=JSON).json()
    assert (landing["reference"], landing["phrase"]) == ("CASE-1", asked["phrase"])
    assert landing["action"] == "Show that you hold your qualification"
    page = desk.browser().get(f"/v/{asked['link']['url'][-43:]}", headers=HTML).text
    for text in ("CASE-1", asked["phrase"], "the support desk", "Show that you hold your qualification"):
        assert text in page


def test_opening_on_another_device_goes_on_where_it_was(desk: Desk, work: Work) -> None:
    asked = desk.request(policy="account-recovery")
    phone = desk.customer(asked)
    assert phone.upload("identity.front", make_jpeg()).status_code == 201
    work()
    computer = desk.customer(asked)
    assert [card["state"] for card in computer.status()["slots"]] == ["ready", "empty"]
    assert computer.upload("identity.back", make_jpeg()).status_code == 201
    work()
    assert computer.post("submit").status_code == 200
    assert phone.status()["status"] == "submitted", "the first device is still signed in"
    later = desk.customer(asked)
    assert later.status()["status"] == "submitted"


def test_removing_frees_the_place_and_destroys_at_once(desk: Desk, work: Work, house: House) -> None:
    customer = desk.customer(desk.request())
    sent = customer.upload(_SLOT, make_jpeg()).json()["document"]
    work()
    assert customer.post(f"documents/{sent}/remove").json()["slots"][0]["state"] == "empty"
    assert customer.post(f"documents/{sent}/remove").status_code == 200, "again changes nothing"
    work.settle()
    receipt = customer.client.get(f"/verification/{customer.verification}/receipts/{sent}", headers=JSON)
    assert receipt.json()["statement"]["rule"] == "removed"
    assert verify_receipt(receipt.content, log_key=house.log_key).status == "pending", "its key ends with the rest"
    assert customer.upload(_SLOT, make_jpeg()).status_code == 201


def test_replacing_keeps_the_old_one_until_the_new_one_is_there(desk: Desk, work: Work) -> None:
    customer = desk.customer(desk.request())
    old = customer.upload(_SLOT, make_jpeg()).json()["document"]
    work()
    assert refusal(customer.upload(_SLOT, b"no picture", replaces=old)) == (415, "unsupported_type")
    assert customer.status()["slots"][0]["document"] == old
    new = customer.upload(_SLOT, make_jpeg(), replaces=old).json()["document"]
    work.settle()
    card = customer.status()["slots"][0]
    assert (card["document"], card["state"]) == (new, "ready")
    receipt = customer.client.get(f"/verification/{customer.verification}/receipts/{old}", headers=JSON)
    assert receipt.json()["statement"]["rule"] == "replaced"


def test_a_document_of_another_verification_is_out_of_reach(desk: Desk, work: Work) -> None:
    mine, theirs = desk.customer(desk.request()), desk.customer(desk.request(reference="CASE-2"))
    document = theirs.upload(_SLOT, make_jpeg()).json()["document"]
    work()
    assert refusal(mine.post(f"documents/{document}/remove")) == (404, "unknown_document")
    assert refusal(mine.upload(_SLOT, make_jpeg(), replaces=document)) == (404, "unknown_document")
    path = f"/verification/{mine.verification}/receipts/{document}"
    assert refusal(mine.client.get(path, headers=JSON)) == (404, "unknown_document")
    assert theirs.status()["slots"][0]["state"] == "ready"


def test_people_get_pages_redirects_and_their_errors_beside_the_form(desk: Desk, work: Work) -> None:
    """The same steps as forms without JavaScript send them."""
    asked = desk.request()
    customer = desk.customer(asked)
    path = f"/verification/{asked['id']}"
    token = customer.status()["form_token"]

    def send(data: bytes) -> httpx2.Response:
        return customer.client.post(
            f"{path}/documents",
            data={"form_token": token, "slot": _SLOT},
            files={"file": ("a.jpg", data)},
            headers=HTML,
            follow_redirects=False,
        )

    refused = send(b"no picture")
    assert (refused.status_code, refused.headers["content-type"]) == (415, "text/html; charset=utf-8")
    assert "not a JPEG, PNG or WebP picture or a PDF" in refused.text
    early = customer.client.post(f"{path}/submit", data={"form_token": token}, headers=HTML)
    assert (early.status_code, "Something is still missing" in early.text or "still asks for" in early.text) == (
        409,
        True,
    )
    sent = send(make_jpeg())
    place = sent.headers["location"].partition("#")[0]
    assert (sent.status_code, place) == (303, f"{path}/documents?document=diploma")
    work()
    handed = customer.client.post(f"{path}/submit", data={"form_token": token}, headers=HTML, follow_redirects=False)
    assert (handed.status_code, handed.headers["location"]) == (303, path)
    assert customer.client.get(path, headers=HTML).status_code == 200


def test_the_status_page_tells_the_outcome_and_shows_receipts_to_keep(desk: Desk, work: Work, house: House) -> None:
    asked, customer = desk.submitted(work)
    document = customer.status()["slots"][0]["document"]
    path = f"/verification/{asked['id']}"
    assert refusal(customer.client.get(f"{path}/receipts/{document}", headers=JSON)) == (409, "not_disposed")
    desk.reviewer().review(asked["id"])
    work.settle()
    page = customer.client.get(path, headers=HTML).text
    assert f"{path}/receipts/{document}" in page
    shown = customer.client.get(f"{path}/receipts/{document}", headers=HTML)
    assert document in shown.text
    file = customer.client.get(f"{path}/receipts/{document}?format=json", headers=HTML)
    assert file.headers["content-disposition"] == f'attachment; filename="deletion-receipt-{document}.json"'
    report = verify_receipt(file.content, log_key=house.log_key)
    assert (report.status, report.document) == ("complete", document)


def test_an_ended_verification_is_read_only_through_its_link(desk: Desk, work: Work) -> None:
    asked, _ = desk.submitted(work)
    desk.post(asked["id"], "cancel")
    browser, path = desk.browser(), f"/v/{asked['link']['url'][-43:]}"
    assert browser.get(path, headers=JSON).json()["status"] == "cancelled"
    told = browser.get(f"/verification/{asked['id']}", headers=JSON).json()
    assert (told["status"], told["form_token"] != "") == ("cancelled", True)
    for step in ("submit", "withdraw"):
        answer = browser.post(
            f"/verification/{asked['id']}/{step}", data={"form_token": told["form_token"]}, headers=JSON
        )
        assert refusal(answer) == (409, "already_decided")
    late = browser.post(
        f"/verification/{asked['id']}/documents",
        data={"form_token": told["form_token"], "slot": _SLOT},
        files={"file": ("a.jpg", make_jpeg())},
        headers=JSON,
    )
    assert refusal(late) == (409, "already_decided")


def test_the_token_of_a_live_link_is_no_session(desk: Desk) -> None:
    asked = desk.request()
    browser = desk.browser()
    browser.cookies.set(f"dev-v-{asked['id']}", asked["link"]["url"][-43:])
    answer = browser.get(f"/verification/{asked['id']}", headers=JSON)
    assert refusal(answer) == (403, "open_link_first")
    assert open_link(desk.browser(), asked["link"]["url"]).status()["status"] == "requested"
