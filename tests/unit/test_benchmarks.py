"""What the benchmarks are built from: a benchmark that measures something else than it says is worse than none."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks.history import write_history
from benchmarks.lived import read_lived
from benchmarks.peak import find_fullest_hour, plan_day
from benchmarks.processors import LOAD, Processors, name_process, since
from tests.case_policies import FOLDER
from tests.journey import Desk
from tests.servers.databases import PostgresDatabases, prepare_sqlite
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.publish import FolderPublisher
from verifier.audit.sequencer import Sequencer
from verifier.audit.service import record
from verifier.audit.tables import EntryRow
from verifier.disposal.reading import read_receipts
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.settings import Settings
from verifier.wiring import House, open_house

_PYTHON = "/usr/bin/python3"


@pytest.mark.parametrize(
    ("command", "above", "name"),
    [
        (f"{_PYTHON} -m verifier serve --ready-file /tmp/home/address", "", "web"),
        (f"{_PYTHON} -m verifier serve --ready-file /tmp/bench/ready-customer", "", "customer tier"),
        (f"{_PYTHON} -m workers", "web", "worker"),
        (f"{_PYTHON} -m workers --zone dispose", "", "worker, dispose"),
        (f"{_PYTHON} -I -B -m verifier.sanitise.parent", "worker, sanitise", "decoder"),
        (f"{_PYTHON} -m celery -A workers.app beat", "", "beat"),
        ("postgres: verifier_staff_login verifier 127.0.0.1(1)", "PostgreSQL", "PostgreSQL"),
        ("", "worker", "worker"),
    ],
)
def test_a_process_belongs_to_its_part(command: str, above: str, name: str) -> None:
    words = [command] if command.startswith("postgres") else command.split()
    assert name_process(words, above=above) == name


def test_the_time_of_this_process_is_that_of_the_load() -> None:
    processors = Processors()
    before = processors.read()
    while since(before, processors.read())[LOAD] < 0.02:
        pass


def test_a_day_has_everybody_in_the_order_in_which_they_come_and_the_share_that_was_asked_for() -> None:
    day = plan_day(1_000, seconds=60, share=0.05)
    assert len(day) == 1_000
    assert sum(each.has_document for each in day) == 50
    assert [each.at for each in day] == sorted(each.at for each in day)
    assert day[0].at >= 0
    assert day[-1].at < 60
    assert day == plan_day(1_000, seconds=60, share=0.05)


def test_the_fullest_hour_of_a_day_has_more_than_twice_its_share() -> None:
    assert find_fullest_hour(plan_day(7_000, seconds=1_200, share=0), seconds=1_200) > 7_000 / 24 * 2


@contextmanager
def _another_house(kind: str, home: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    with ExitStack() as open_:
        settings = Settings(home=home, policies_folder=FOLDER, database_url="")
        if kind == "postgresql":
            databases: PostgresDatabases = request.getfixturevalue("postgres")
            address = open_.enter_context(databases.database())
            password = databases.server.password_file
            settings = settings.model_copy(update={"database_url": address, "database_password_file": password})
        prepare_sqlite(settings)
        house = open_house(settings)
        open_.callback(house.close)
        yield house


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_history_is_what_was_lived_so_many_times_and_the_log_goes_on_from_it(
    kind: str, desk: Desk, work: Work, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    asked, _ = desk.submitted(work)
    assert desk.reviewer().review(asked["id"]) == "approved"
    work()
    lived = read_lived(desk.house)
    with _another_house(kind, tmp_path / "another", request) as house:
        write_history(house, lived, times=3)
        with house.database.write() as session:
            documents = session.scalars(select(DocumentRow)).all()
            assert [document.state for document in documents] == [DocumentState.DISPOSED] * 3
            assert asked["id"] not in {document.verification_id for document in documents}
            record(session, house.clock.now(session), EntryKind.ALARM_RAISED, {"alarm": "clock_leapt"})
        publisher = FolderPublisher(house.settings.published_folder)
        sequenced = Sequencer(house.database, house.clock, house.signer, publisher).run_once()
        assert sequenced >= 1
        with house.database.read() as session:
            assert len(session.scalars(select(EntryRow)).all()) == 3 * len(lived.leaves) + sequenced
            for document in documents:
                (receipt,) = read_receipts(session, document.verification_id, log_key=house.log_key)
                assert receipt.status == "complete"
                assert receipt.document == document.id
