"""A backup from before a disposal comes back: what was shredded stays unreadable, and nothing is told twice."""

import shutil
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from policies.access import Role, Scope
from tests.journey import JSON, Desk, Reviewer, make_jpeg, make_key, open_link, refusal
from tests.person import Enter
from tests.restoring import Before, Reopen, Reopened, back_up, empty, lose_data, put_back
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.ended import ENDS
from verifier.audit.service import EntryFilter, find_first_entry
from verifier.audit.tables import EntryRow
from verifier.disposal.receipt_check import verify_receipt
from verifier.errors import ConfigurationError
from verifier.staff.api_keys import list_api_keys
from verifier.verifications.life import LIVE, VerificationState
from verifier.wiring import House


def _browser(again: Reopened, cookies: httpx2.Cookies) -> TestClient:
    """A browser that still has the cookies of before."""
    return TestClient(again.desk.client.app, base_url=str(again.desk.client.base_url), cookies=cookies)


def _find_kinds(house: House, document: str) -> list[str]:
    with house.database.read() as session:
        rows = session.query(EntryRow.kind).filter(EntryRow.document_id == document).order_by(EntryRow.id).all()
    return [kind for (kind,) in rows if kind.startswith("document.disposed")]


def test_what_was_destroyed_since_stays_unreadable_and_is_destroyed_again_without_a_second_receipt(
    before: Before, house: House, reopen: Reopen
) -> None:
    lose_data(house)
    restored = put_back(before.backup, house.settings, accepts_loss=True)
    assert restored.revived.documents == 2
    assert (restored.revived.verifications, restored.lost_keys) == (1, 0)
    again = reopen()
    again.work.settle()
    told = again.desk.read(before.decided)
    assert (told["status"], told["reasons"]) == ("cancelled", [])
    for document in (before.decided_document, before.removed):
        assert _find_kinds(again.house, document) == ["document.disposed_again"]
        answer = again.desk.client.get(f"/v1/receipts/{document}", headers=again.desk.headers)
        assert refusal(answer) == (410, "disposed_before_restore")
    assert again.work.count_due() == 0
    assert verify_receipt(before.receipt, log_key=before.log_key).status == "complete"
    assert not list(again.house.settings.objects_folder.rglob(f"*{before.decided}*"))


def test_what_was_decided_since_is_not_open_again_though_its_key_is_still_there(
    desk: Desk, house: House, work: Work, tmp_path: Path, reopen: Reopen
) -> None:
    decided, _ = desk.submitted(work, reference="CASE-1")
    work()
    back_up(house, tmp_path / "backup")
    assert desk.reviewer().review(decided["id"]) == "approved"
    work.run("sequence")  # published, and not yet shredded: as where a law keeps the key
    lose_data(house)
    restored = put_back(tmp_path / "backup", house.settings, accepts_loss=True)
    assert (restored.revived.verifications, restored.lost_keys) == (1, 0)
    again = reopen()
    assert again.desk.read(decided["id"])["status"] == "cancelled"
    again.work.settle()
    assert not list(again.house.settings.objects_folder.rglob(f"*{decided['id']}*"))


def test_the_list_of_what_ended_knows_every_end() -> None:
    assert set(VerificationState) - LIVE == ENDS


def test_what_was_not_destroyed_opens_as_before(before: Before, house: House, reopen: Reopen) -> None:
    lose_data(house)
    put_back(before.backup, house.settings, accepts_loss=True)
    again = reopen()
    again.work()
    reviewer = Reviewer(again.desk.client, make_key(again.house, Role.REVIEWER, Scope.REVIEWS))
    assert reviewer.review(before.waiting) == "approved"


def test_links_and_sessions_of_before_open_nothing_and_agents_make_new_links(
    before: Before, house: House, reopen: Reopen, enter: Enter
) -> None:
    ada = enter("Ada", Role.AGENT)
    lose_data(house)
    put_back(before.backup, house.settings, accepts_loss=True)
    again = reopen()
    again.work()
    path = httpx2.URL(before.link).path
    assert again.desk.client.get(path, headers=JSON).status_code == 404
    browser = _browser(again, before.customer.cookies)
    assert refusal(browser.get(f"/verification/{before.decided}", headers=JSON))[1] == "open_link_first"
    assert _browser(again, ada.client.cookies).get("/new", follow_redirects=False).status_code != 200
    renewed = again.desk.post(before.removed_in, "links")
    assert renewed.status_code in {200, 201}, renewed.text
    assert renewed.json()["link"]["url"] != before.link
    customer = open_link(again.desk.browser(), renewed.json()["link"]["url"])
    assert customer.upload("diploma.all_pages", make_jpeg()).status_code == 201


def test_an_api_key_that_was_revoked_since_is_revoked_again(before: Before, house: House, reopen: Reopen) -> None:
    lose_data(house)
    assert put_back(before.backup, house.settings).revived.api_keys == 1
    again = reopen()
    with again.house.database.read() as session:
        [key] = [key for key in list_api_keys(session) if key.label == "test reviewer"]
    assert key.revoked_at is not None


def test_without_its_keys_everything_that_is_open_ends_once_the_loss_is_accepted(
    before: Before, house: House, reopen: Reopen
) -> None:
    lose_data(house)
    shutil.rmtree(house.settings.keys_folder)
    with pytest.raises(ConfigurationError, match="--accept-loss"):
        put_back(before.backup, house.settings)
    restored = put_back(before.backup, house.settings, accepts_loss=True)
    assert (restored.revived.verifications, restored.lost_keys) == (1, 2)
    again = reopen()
    again.work.settle()
    assert again.desk.read(before.waiting)["reasons"] == ["key_lost"]
    receipts = again.desk.client.get(f"/v1/verifications/{before.waiting}/receipts", headers=again.desk.headers).json()
    assert receipts["status"] == "complete", "this one was never destroyed before"


def test_the_backup_holds_no_key_and_no_secret(before: Before, house: House) -> None:
    secrets = [
        file.read_bytes()
        for folder in (house.settings.keys_folder, house.settings.roots_folder, house.settings.secrets_folder)
        for file in folder.rglob("*")
        if file.is_file() and file.name != "installation"
    ]
    assert len(secrets) > 6
    for file in before.backup.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(secret.strip() in content for secret in secrets), file
            assert file.stat().st_mode & 0o077 == 0


def test_a_store_of_documents_that_was_not_lost_is_kept(before: Before, house: House, reopen: Reopen) -> None:
    house.close()
    for file in (house.settings.home / "data").glob("verifier.sqlite*"):
        file.unlink()
    with pytest.raises(ConfigurationError, match="--keep-documents"):
        put_back(before.backup, house.settings)
    put_back(before.backup, house.settings, keeps_documents=True)
    again = reopen()
    assert again.desk.read(before.waiting)["status"] == "submitted"


@ON_BOTH
def test_a_database_comes_back_and_opens_for_nobody_before_the_restore_has_ended(
    desk: Desk, house: House, work: Work, tmp_path: Path, reopen: Reopen
) -> None:
    asked, _ = desk.submitted(work)
    folder = tmp_path / "backup"
    manifest = back_up(house, folder)
    assert manifest.kind in {"sqlite", "postgresql"}
    house.close()
    empty(house.settings)
    restored = put_back(folder, house.settings, keeps_documents=True)
    assert restored.shortfall is None
    again = reopen()
    again.work()
    assert again.desk.read(asked["id"])["status"] == "submitted"
    with again.house.database.read() as session:
        assert find_first_entry(session, EntryFilter(kind=EntryKind.INSTALLATION_RESTORED)) is not None
