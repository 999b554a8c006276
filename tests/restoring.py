"""A backup, a loss, and the installation as it comes back: what the tests of restoring stand on."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
from fastapi.testclient import TestClient

from policies.access import Role, Scope
from tests.journey import Desk, make_jpeg, make_key
from tests.workers_by_hand import Work
from verifier.app import create_app
from verifier.db.clock import MovedClock
from verifier.db.opening import open_database
from verifier.disposal.receipt_check import verify_receipt
from verifier.ids import ApiKeyId
from verifier.recovery.backup import make_backup
from verifier.recovery.manifest import Manifest, load_manifest
from verifier.recovery.restore import Restored, Target, restore
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.staff.api_keys import list_api_keys, revoke_api_key
from verifier.vault.secrets import load_or_create_secret
from verifier.wiring import House, choose_seams, open_house, open_workshop


def back_up(house: House, folder: Path) -> Manifest:
    return make_backup(
        folder,
        settings=house.settings,
        database=house.database,
        clock=house.clock,
        vault=house.vault,
        key=house.digest_key,
    )


def target_of(settings: Settings, **options: bool) -> Target:
    seams = choose_seams(settings)
    return Target(
        settings=settings, clock=seams.clock, objects=seams.objects, keys=seams.keys, roots=seams.roots, **options
    )


def put_back(folder: Path, settings: Settings, **options: bool) -> Restored:
    key = load_or_create_secret(settings.secrets_folder, "digest")
    return restore(folder, load_manifest(folder, key), target_of(settings, **options))


def lose_data(house: House) -> None:
    """The machine's data is gone: database and documents. Keys, roots, secrets and what was published are elsewhere."""
    house.close()
    empty(house.settings)
    shutil.rmtree(house.settings.home / "data")


@dataclass
class Reopened:
    """The installation after the restore, with its doors, and the agent's old key."""

    house: House
    desk: Desk
    work: Work


Reopen = Callable[[], Reopened]


@contextmanager
def reopening(desk: Desk, settings: Settings, clock: MovedClock, decoder: Decoder) -> Iterator[Reopen]:
    opened: list[House] = []

    def run() -> Reopened:
        house = open_house(settings, seams=replace(choose_seams(settings), clock=clock))
        opened.append(house)
        client = TestClient(create_app(house), base_url=settings.public_url)
        work = Work(open_workshop(house, decoder=decoder), clock)
        return Reopened(house, Desk(house, client, desk.headers), work)

    yield run
    for house in opened:
        house.close()


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


def live_on_after_a_backup(desk: Desk, house: House, work: Work, folder: Path) -> Before:
    """A backup, and then a decision, a removal, a new request and a revoked key."""
    decided, customer = desk.submitted(work, reference="CASE-1")
    waiting, _ = desk.submitted(work, reference="CASE-2")
    third = desk.request(reference="CASE-3")
    remover = desk.customer(third)
    removed = remover.upload("diploma.all_pages", make_jpeg()).json()["document"]
    make_key(house, Role.REVIEWER, Scope.REVIEWS)
    work()
    back_up(house, folder)
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
        backup=folder,
    )


def empty(settings: Settings) -> None:
    if not settings.database_url:
        for file in (settings.home / "data").glob("verifier.sqlite*"):
            file.unlink()
        return
    database = open_database(settings)
    with database.write() as session:
        session.connection().exec_driver_sql("DROP SCHEMA public CASCADE")
        session.connection().exec_driver_sql("CREATE SCHEMA public")
    database.close()
