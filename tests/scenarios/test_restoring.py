"""A backup from before a disposal comes back: what was shredded stays unreadable, and nothing is told twice."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from policies.access import Role, Scope
from tests.case_policies import FOLDER
from tests.journey import JSON, Desk, Reviewer, make_jpeg, make_key, open_link, refusal
from tests.person import Enter
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.app import create_app
from verifier.audit.anew import find_shortfall
from verifier.audit.catalogue import EntryKind
from verifier.audit.ended import ENDS
from verifier.audit.errors import LogEndedError, LogShortError
from verifier.audit.export import export_lines
from verifier.audit.offline import verify_export
from verifier.audit.service import EntryFilter, find_first_entry
from verifier.audit.tables import EntryRow
from verifier.db.clock import MovedClock
from verifier.db.opening import open_database
from verifier.disposal.receipt_check import verify_receipt
from verifier.doctor import examine
from verifier.errors import ConfigurationError
from verifier.ids import ApiKeyId, VerificationId
from verifier.recovery.backup import make_backup
from verifier.recovery.manifest import Manifest, load_manifest
from verifier.recovery.restore import Restored, Target, accept_loss, place_of_log, restore
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.staff.api_keys import list_api_keys, revoke_api_key
from verifier.vault.secrets import load_or_create_secret
from verifier.verifications.life import LIVE, VerificationState
from verifier.wiring import House, choose_seams, open_house, open_workshop


def _back_up(house: House, folder: Path) -> Manifest:
    return make_backup(
        folder,
        settings=house.settings,
        database=house.database,
        clock=house.clock,
        vault=house.vault,
        key=house.digest_key,
    )


def _target(settings: Settings, **options: bool) -> Target:
    seams = choose_seams(settings)
    return Target(
        settings=settings, clock=seams.clock, objects=seams.objects, keys=seams.keys, roots=seams.roots, **options
    )


def _put_back(folder: Path, settings: Settings, **options: bool) -> Restored:
    key = load_or_create_secret(settings.secrets_folder, "digest")
    return restore(folder, load_manifest(folder, key), _target(settings, **options))


def _lose_data(house: House) -> None:
    """The machine's data is gone: database and documents. Keys, roots, secrets and what was published are elsewhere."""
    house.close()
    _empty(house.settings)
    shutil.rmtree(house.settings.home / "data")


@dataclass
class Reopened:
    """The installation after the restore, with its doors, and the agent's old key."""

    house: House
    desk: Desk
    work: Work


@pytest.fixture
def reopen(desk: Desk, settings: Settings, clock: MovedClock, shared_decoder: Decoder) -> Iterator[Any]:
    opened: list[House] = []

    def run() -> Reopened:
        house = open_house(settings, seams=replace(choose_seams(settings), clock=clock))
        opened.append(house)
        client = TestClient(create_app(house), base_url=settings.public_url)
        work = Work(open_workshop(house, decoder=shared_decoder), clock)
        return Reopened(house, Desk(house, client, desk.headers), work)

    yield run
    for house in opened:
        house.close()


def _browser(again: Reopened, cookies: httpx2.Cookies) -> TestClient:
    """A browser that still has the cookies of before."""
    return TestClient(again.desk.client.app, base_url=str(again.desk.client.base_url), cookies=cookies)


def _find_kinds(house: House, document: str) -> list[str]:
    with house.database.read() as session:
        rows = session.query(EntryRow.kind).filter(EntryRow.document_id == document).order_by(EntryRow.id).all()
    return [kind for (kind,) in rows if kind.startswith("document.disposed")]


def _export(house: House) -> list[bytes]:
    return list(export_lines(house.database, log_key=house.log_key))


@dataclass
class Before:
    """What was there when the backup was made, and what happened since."""

    decided: str
    waiting: str
    removed_in: str
    removed: str
    decided_document: str
    receipt: bytes
    log_key: str
    link: str
    customer: httpx2.Client
    later: str
    backup: Path


@pytest.fixture
def before(desk: Desk, house: House, work: Work, tmp_path: Path) -> Before:
    decided, customer = desk.submitted(work, reference="CASE-1")
    waiting, _ = desk.submitted(work, reference="CASE-2")
    third = desk.request(reference="CASE-3")
    remover = desk.customer(third)
    removed = remover.upload("diploma.all_pages", make_jpeg()).json()["document"]
    make_key(house, Role.REVIEWER, Scope.REVIEWS)
    work()
    _back_up(house, tmp_path / "backup")
    assert desk.reviewer().review(decided["id"]) == "approved"
    assert remover.post(f"documents/{removed}/remove").status_code == 200
    later = desk.request(reference="CASE-4")
    assert desk.customer(later).upload("diploma.all_pages", make_jpeg()).status_code == 201
    with house.database.write() as session:
        now = house.clock.now(session)
        oldest = [key for key in list_api_keys(session) if key.label == "test reviewer"][-1]
        revoke_api_key(session, now, api_key=ApiKeyId(oldest.id), actor="operator")
    work.settle()
    document = desk.read(decided["id"])["documents"][0]["id"]
    receipt = desk.client.get(f"/v1/receipts/{document}", headers=desk.headers).content
    verify_receipt(receipt, log_key=house.log_key)
    return Before(
        decided=decided["id"],
        waiting=waiting["id"],
        removed_in=third["id"],
        removed=removed,
        decided_document=document,
        receipt=receipt,
        log_key=house.log_key,
        link=third["link"]["url"],
        customer=customer.client,
        later=later["id"],
        backup=tmp_path / "backup",
    )


def test_what_was_destroyed_since_stays_unreadable_and_is_destroyed_again_without_a_second_receipt(
    before: Before, house: House, reopen: Any
) -> None:
    _lose_data(house)
    restored = _put_back(before.backup, house.settings, accepts_loss=True)
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
    desk: Desk, house: House, work: Work, tmp_path: Path, reopen: Any
) -> None:
    decided, _ = desk.submitted(work, reference="CASE-1")
    work()
    _back_up(house, tmp_path / "backup")
    assert desk.reviewer().review(decided["id"]) == "approved"
    work.run("sequence")  # published, and not yet shredded: as where a law keeps the key
    _lose_data(house)
    restored = _put_back(tmp_path / "backup", house.settings, accepts_loss=True)
    assert (restored.revived.verifications, restored.lost_keys) == (1, 0)
    again = reopen()
    assert again.desk.read(decided["id"])["status"] == "cancelled"
    again.work.settle()
    assert not list(again.house.settings.objects_folder.rglob(f"*{decided['id']}*"))


def test_the_list_of_what_ended_knows_every_end() -> None:
    assert set(VerificationState) - LIVE == ENDS


def test_what_was_not_destroyed_opens_as_before(before: Before, house: House, reopen: Any) -> None:
    _lose_data(house)
    _put_back(before.backup, house.settings, accepts_loss=True)
    again = reopen()
    again.work()
    reviewer = Reviewer(again.desk.client, make_key(again.house, Role.REVIEWER, Scope.REVIEWS))
    assert reviewer.review(before.waiting) == "approved"


def test_links_and_sessions_of_before_open_nothing_and_agents_make_new_links(
    before: Before, house: House, reopen: Any, enter: Enter
) -> None:
    ada = enter("Ada", Role.AGENT)
    _lose_data(house)
    _put_back(before.backup, house.settings, accepts_loss=True)
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


def test_an_api_key_that_was_revoked_since_is_revoked_again(before: Before, house: House, reopen: Any) -> None:
    _lose_data(house)
    assert _put_back(before.backup, house.settings).revived.api_keys == 1
    again = reopen()
    with again.house.database.read() as session:
        [key] = [key for key in list_api_keys(session) if key.label == "test reviewer"]
    assert key.revoked_at is not None


@ON_BOTH
def test_the_log_stops_until_the_loss_is_accepted_and_never_forks(before: Before, house: House, reopen: Any) -> None:
    published = house.settings.published_folder / "checkpoint"
    last = published.read_text()
    size = int(last.split("\n")[1])
    _lose_data(house)
    restored = _put_back(before.backup, house.settings)
    assert restored.shortfall is not None
    assert "--accept-loss" in restored.shortfall
    stopped = reopen()
    with pytest.raises(LogShortError):
        stopped.work.run("sequence")
    assert published.read_text() == last
    stopped.house.close()

    again = reopen()
    accepted = accept_loss(
        again.house.database, again.house.clock, again.house.vault, place=place_of_log(house.settings)
    )
    assert accepted.log == "verifier.localhost/log/2"
    assert accepted.orphans == 1, "the key of what came after the backup; its document was lost with the rest"
    again.house.close()

    begun = reopen()
    begun.work()
    assert find_shortfall(begun.house.database, place_of_log(house.settings)) is None
    assert published.read_text() == last, "the old log ends where it was published"
    with begun.house.database.read() as session:
        first = find_first_entry(session, EntryFilter(kind=EntryKind.LOG_BEGUN_ANEW))
    assert first is not None
    assert first.index == 0
    assert f'"size":{size}'.encode() in first.leaf
    assert before.log_key.encode() in first.leaf
    report = verify_export(_export(begun.house), log_key=begun.house.log_key, since_checkpoint=None)
    assert report.checkpoint.origin == "verifier.localhost/log/2"
    assert begun.house.log_key != before.log_key
    assert VerificationId(before.later) not in set(begun.house.vault.keys.list())


@pytest.mark.parametrize(
    ("point", "is_lost"),
    [
        ("anew.rows_changed", False),
        ("anew.rows_changed", True),
        ("anew.key_changed", False),
        ("anew.key_changed", True),
    ],
)
def test_a_log_that_was_half_begun_is_begun_to_its_end_and_its_old_key_signs_nothing_meanwhile(
    before: Before, house: House, reopen: Any, tmp_path: Path, point: str, is_lost: bool
) -> None:
    _lose_data(house)
    _put_back(before.backup, house.settings)
    fuse = tmp_path / "fuse"
    fuse.write_text(point)
    assert _accept_loss(house.settings, fuse) == -signal.SIGKILL
    if is_lost:
        shutil.rmtree(house.settings.published_folder)
    half = reopen()
    if point == "anew.rows_changed":
        with pytest.raises(LogEndedError) as refusal:
            half.work.run("sequence")
        assert refusal.value.code == "log_ended"
        assert "--accept-loss" in {each.check: each.sentence for each in examine(house.settings)}["published"]
    half.house.close()
    assert _accept_loss(house.settings, fuse) == 0
    whole = reopen()
    whole.work()
    with whole.house.database.read() as session:
        kinds = session.query(EntryRow).filter(EntryRow.kind == "log.begun_anew").count()
    assert kinds == 1
    report = verify_export(_export(whole.house), log_key=whole.house.log_key, since_checkpoint=None)
    assert report.checkpoint.origin == "verifier.localhost/log/2"


def _accept_loss(settings: Settings, fuse: Path) -> int:
    """`verifier restore --accept-loss`, as an operator runs it."""
    known = {"VERIFIER_HOME": settings.home, "VERIFIER_POLICIES_FOLDER": FOLDER, "VERIFIER_FAULT_FUSE": fuse}
    command = [sys.executable, "-m", "verifier", "restore", "--accept-loss"]
    return subprocess.run(command, env=os.environ | {k: str(v) for k, v in known.items()}, check=False).returncode


def test_without_its_keys_everything_that_is_open_ends_once_the_loss_is_accepted(
    before: Before, house: House, reopen: Any
) -> None:
    _lose_data(house)
    shutil.rmtree(house.settings.keys_folder)
    with pytest.raises(ConfigurationError, match="--accept-loss"):
        _put_back(before.backup, house.settings)
    restored = _put_back(before.backup, house.settings, accepts_loss=True)
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


def test_a_store_of_documents_that_was_not_lost_is_kept(before: Before, house: House, reopen: Any) -> None:
    house.close()
    for file in (house.settings.home / "data").glob("verifier.sqlite*"):
        file.unlink()
    with pytest.raises(ConfigurationError, match="--keep-documents"):
        _put_back(before.backup, house.settings)
    _put_back(before.backup, house.settings, keeps_documents=True)
    again = reopen()
    assert again.desk.read(before.waiting)["status"] == "submitted"


@ON_BOTH
def test_a_database_comes_back_and_opens_for_nobody_before_the_restore_has_ended(
    desk: Desk, house: House, work: Work, tmp_path: Path, reopen: Any
) -> None:
    asked, _ = desk.submitted(work)
    folder = tmp_path / "backup"
    manifest = _back_up(house, folder)
    assert manifest.kind in {"sqlite", "postgresql"}
    house.close()
    _empty(house.settings)
    restored = _put_back(folder, house.settings, keeps_documents=True)
    assert restored.shortfall is None
    again = reopen()
    again.work()
    assert again.desk.read(asked["id"])["status"] == "submitted"
    with again.house.database.read() as session:
        assert find_first_entry(session, EntryFilter(kind=EntryKind.INSTALLATION_RESTORED)) is not None


def _empty(settings: Settings) -> None:
    if not settings.database_url:
        for file in (settings.home / "data").glob("verifier.sqlite*"):
            file.unlink()
        return
    database = open_database(settings)
    with database.write() as session:
        session.connection().exec_driver_sql("DROP SCHEMA public CASCADE")
        session.connection().exec_driver_sql("CREATE SCHEMA public")
    database.close()
