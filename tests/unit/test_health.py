"""Health says which part fails, and nothing else."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from tests.overdue_key import leave_a_key_undestroyed
from verifier.app import create_app
from verifier.audit.tables import EntryRow
from verifier.db.tables import InstallationRow
from verifier.ids import new_copy_id, new_document_id, new_verification_id
from verifier.retention.service import Rule, open_obligation
from verifier.settings import Settings
from verifier.wiring import House, open_house

_LONG: Final = timedelta(hours=1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_house(Settings(home=tmp_path))
    yield house
    house.close()


def failing_parts(house: House) -> list[str]:
    answer = TestClient(create_app(house)).get("/health/ready")
    found = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.status_code, found["status"]) == ((503, "not_ready") if found["failing"] else (200, "ready"))
    return list(found["failing"])


def unmount_objects(house: House) -> None:
    house.settings.objects_folder.rename(house.settings.home / "elsewhere")


def swap_keys(house: House) -> None:
    (house.settings.keys_folder / "installation").write_text("ins_" + "a" * 26 + "\n")


def turn_the_clock_back(house: House) -> None:
    with house.database.write() as session:
        session.execute(update(InstallationRow).values(clock_high_at=house.clock.now(session) + _LONG))


def let_the_log_fall_behind(house: House) -> None:
    # The entry of the installation's creation waits for a sequencer that does not run.
    with house.database.write() as session:
        session.execute(update(EntryRow).values(recorded_at=house.clock.now(session) - _LONG))


def leave_something_undestroyed(house: House) -> None:
    with house.database.write() as session:
        open_obligation(
            session,
            new_copy_id(),
            document=new_document_id(),
            verification=new_verification_id(),
            rule=Rule.UNDECIDED,
            destroy_by=house.clock.now(session) - _LONG,
        )


def damage_the_database(house: House) -> None:
    with house.database.write() as session:
        session.connection().exec_driver_sql("DROP TABLE obligations")


def test_a_house_in_order_is_ready_and_alive(house: House) -> None:
    assert failing_parts(house) == []
    assert TestClient(create_app(house)).get("/health/live").json() == {"status": "alive"}


@pytest.mark.parametrize(
    ("harm", "part"),
    [
        (unmount_objects, "objects"),
        (swap_keys, "keys"),
        (turn_the_clock_back, "clock"),
        (let_the_log_fall_behind, "log"),
        (leave_something_undestroyed, "disposal"),
        (leave_a_key_undestroyed, "disposal"),
        (damage_the_database, "database"),
    ],
)
def test_what_fails_is_named_alone(house: House, harm: Callable[[House], None], part: str) -> None:
    harm(house)
    assert failing_parts(house) == [part]


def test_a_disk_without_the_reserve_is_not_ready(tmp_path: Path) -> None:
    house = open_house(Settings(home=tmp_path, reserve_bytes=2**60))
    assert failing_parts(house) == ["disk"]
    house.close()


def test_health_does_not_count_against_a_network(tmp_path: Path) -> None:
    house = open_house(Settings(home=tmp_path, requests_a_minute_per_network=1))
    client = TestClient(create_app(house))
    assert [client.get("/health/live").status_code for _ in range(3)] == [200, 200, 200]
    assert [client.get("/v1/policies").status_code for _ in range(2)] == [401, 429]
    house.close()


def test_what_is_not_there_is_a_page_for_people_and_a_problem_for_programs(house: House) -> None:
    client = TestClient(create_app(house))
    page = client.get("/nowhere", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "nowhere" not in page.text
    problem = client.get("/nowhere")
    assert (problem.status_code, problem.json()["code"]) == (404, "not_found")


def test_only_the_address_of_the_very_version_is_kept_for_ever(house: House) -> None:
    from verifier.web.pages.assets import static_url

    client = TestClient(create_app(house))
    assert "immutable" in client.get(static_url("pages.css")).headers["cache-control"]
    for address in ("/static/pages.css", "/static/pages.css?v=000000000000"):
        assert client.get(address).headers["cache-control"] == "no-cache"
    assert client.get("/static/..%2fapp.py").status_code == 404
