"""A commit that fails is never answered with success, whatever route it was on, and leaves nothing behind."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.detail_policies import write_policies
from tests.faults.breaking import breaking_commits, watching
from tests.faults.contact_doors import ALL_KNOCKS as KNOCKS
from tests.faults.contact_doors import with_contacts
from tests.faults.doors import Stage, list_routes
from tests.faults.looks import find_unrest, list_objects, look_at_objects, look_at_receipts
from tests.journey import Desk, make_jpeg, open_desk
from tests.workers_by_hand import Work
from verifier.app import create_app
from verifier.settings import Settings
from verifier.wiring import House

_READERS_THAT_WRITE = {
    ("GET", "/v1/verifications/{verification}/documents"),
    ("GET", "/v1/documents/{document}/pages/{page}"),
    ("GET", "/review/{verification}"),
    ("GET", "/cases/{verification}"),
    ("GET", "/v1/audit/entries"),
    ("GET", "/v1/audit/export"),
    ("GET", "/audit"),
}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With policies that ask for details and contact checks, beside those that are shipped."""
    return with_contacts(settings, write_policies(tmp_path / "policies"))


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with TestClient(create_app(house), base_url=house.settings.public_url, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def desk(house: House, client: TestClient) -> Desk:
    return open_desk(house, client)


def test_every_route_is_knocked_at(client: TestClient) -> None:
    assert list_routes(client) == set(KNOCKS)


def test_no_route_succeeds_when_its_commit_fails(client: TestClient, desk: Desk, work: Work) -> None:
    stage, wrong, writers = Stage(desk, work), [], set()
    for door, make in KNOCKS.items():
        work()
        knock = make(stage)
        work.run("sequence")  # on a slow machine the log would fall behind
        with breaking_commits(desk.house):
            broken = knock.send(client)
        with watching(desk.house) as look:
            before = look()
            well = knock.send(client)
            if look() != before:
                writers.add(door)
        if well.status_code >= 400:
            wrong.append(f"{door} answers {well.status_code} where nothing is broken: {well.text[:200]}")
        if door in writers and broken.status_code < 500:
            wrong.append(f"{door} answers {broken.status_code}, and nothing was committed")
    assert wrong == []
    assert writers == {door for door in KNOCKS if door[0] != "GET"} | _READERS_THAT_WRITE


def test_an_upload_whose_last_commit_fails_is_refused_and_goes(desk: Desk, work: Work, house: House) -> None:
    customer = desk.customer(desk.request())
    refuse = "BEGIN SELECT RAISE(ABORT, 'not now'); END"
    with closing(sqlite3.connect(house.settings.database_file)) as database:
        database.execute(f"CREATE TRIGGER unsealed BEFORE UPDATE ON documents WHEN NEW.state = 'sealed' {refuse}")
    answer = customer.upload("diploma.all_pages", make_jpeg())
    assert answer.status_code >= 500
    assert list_objects(house) == []
    with closing(sqlite3.connect(house.settings.database_file)) as database:
        database.execute("DROP TRIGGER unsealed")
    work.settle()
    assert find_unrest(house) == []
    assert [*look_at_objects(house), *look_at_receipts(house)] == []
