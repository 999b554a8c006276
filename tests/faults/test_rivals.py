"""Several processes want the same at once: each thing is had by one of them, and every limit is kept.

On SQLite every writer waits for every other; on PostgreSQL only what is locked is safe. So each contest runs on both.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.faults.looks import look_at_log, look_at_published
from tests.faults.rival import SMALL, Rival, Rivals
from tests.faults.running import wait_until
from tests.journey import Desk, refusal
from tests.servers.databases import ON_BOTH, ON_POSTGRES, PostgresDatabases
from tests.workers_by_hand import Work
from verifier.audit.tables import EntryRow
from verifier.db.clock import MovedClock
from verifier.errors import VerifierError
from verifier.evidence.tables import DocumentRow
from verifier.ids import VerificationId, new_copy_id, new_document_id, new_staff_id, new_verification_id
from verifier.retention.service import Rule, open_obligation
from verifier.reviews.claims import claim, claim_next, release
from verifier.reviews.errors import NotClaimedError
from verifier.reviews.views import Viewer
from verifier.settings import Settings
from verifier.verifications import links
from verifier.verifications.errors import LinkReplacedError
from verifier.verifications.moves import lock_verification
from verifier.verifications.tables import CustomerSessionRow, VerificationKeyRow, VerificationRow
from verifier.wiring import House

_RIVALS = 3


@pytest.fixture(scope="module")
def rivals() -> Iterator[Rivals]:
    opened = Rivals(_RIVALS)
    yield opened
    opened.close()


def add_due(house: House, count: int) -> set[str]:
    documents = {new_document_id() for _ in range(count)}
    with house.database.write() as session:
        now = house.clock.now(session)
        for document in documents:
            of = {"document": document, "verification": new_verification_id()}
            open_obligation(session, new_copy_id(), **of, rule=Rule.REMOVED, destroy_by=now)  # type: ignore[arg-type]
    return {str(document) for document in documents}


@ON_BOTH
def test_no_row_is_leased_twice_and_none_is_passed_over(house: House, rivals: Rivals) -> None:
    due = add_due(house, 150)
    taken = rivals.compete(house.settings, "lease", *[""] * _RIVALS)
    assert sorted(chain(*taken)) == sorted(due)


@ON_BOTH
def test_many_sequencers_make_one_log(house: House, rivals: Rivals) -> None:
    rivals.compete(house.settings, "sequence", *[""] * _RIVALS)
    with house.database.read() as session:
        places = session.scalars(select(EntryRow.log_index).order_by(EntryRow.log_index)).all()
    assert places == list(range(_RIVALS * 70 + 1))  # and the installation's own
    assert [*look_at_log(house, []), *look_at_published(house)] == []


@ON_BOTH
def test_one_request_of_many_processes_makes_one_verification_and_one_key(house: House, rivals: Rivals) -> None:
    made = rivals.compete(house.settings, "create", *["CASE"] * _RIVALS)
    assert all(each == made[0] for each in made)
    assert len(set(made[0])) == len(made[0])
    with house.database.read() as session:
        assert sorted(session.scalars(select(VerificationKeyRow.verification_id))) == sorted(made[0])
    assert sorted(house.vault.keys.list()) == sorted(made[0])


class TestQuotas:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"stored_bytes_in_total": 5 * SMALL})

    @ON_BOTH
    def test_documents_of_different_verifications_never_weigh_more_than_the_total(
        self, house: House, desk: Desk, rivals: Rivals
    ) -> None:
        asked = [",".join(desk.request(reference=f"CASE-{rival}-{n}")["id"] for n in range(4)) for rival in range(3)]
        outcomes = Counter(chain(*rivals.compete(house.settings, "announce", *asked)))
        assert outcomes == {"begun": 5, "store_full": 7}
        with house.database.read() as session:
            assert session.scalar(select(func.sum(DocumentRow.reserved_bytes))) == 5 * SMALL

    @ON_BOTH
    def test_one_slot_is_taken_once(self, house: House, desk: Desk, rivals: Rivals) -> None:
        asked = ",".join([desk.request()["id"]] * 3)
        outcomes = Counter(chain(*rivals.compete(house.settings, "announce", *[asked] * _RIVALS)))
        assert outcomes == {"begun": 1, "slot_taken": 3 * _RIVALS - 1}


def test_first_starts_at_once_set_one_installation_up(
    postgres: PostgresDatabases, rivals: Rivals, tmp_path: Path
) -> None:
    with postgres.database(template="template0") as url:
        password_file = postgres.server.password_file
        settings = Settings(home=tmp_path / "home", database_url=url, database_password_file=password_file)
        got = rivals.compete(settings, "start", *[""] * _RIVALS)
        assert len(set(got)) == 1
        with psycopg.connect(url, password=postgres.server.password) as connection:
            (count,) = connection.execute("SELECT count(*) FROM installation").fetchone() or (0,)
            assert count == 1


@ON_POSTGRES
def test_what_a_killed_client_had_locked_is_free_at_once(house: House, desk: Desk) -> None:
    asked = desk.request()
    rival = Rival()
    rival.ask(house.settings, "hold", asked["id"])
    assert rival.read() == "ready"
    rival.let_go()
    assert rival.read() == "locked"
    rival.kill()
    assert desk.post(asked["id"], "cancel").json()["status"] == "cancelled"


@ON_POSTGRES
def test_a_server_that_was_restarted_fails_no_later_transaction(house: House, desk: Desk) -> None:
    asked = desk.request()
    with house.database.read() as session:
        us = session.connection().exec_driver_sql("SELECT current_database()").scalar_one()
    url, password = house.database.engine.url, house.database.engine.url.password
    own = {"host": url.host, "port": url.port, "user": url.username, "dbname": "postgres"}
    with psycopg.connect(password=password, **own) as other:  # type: ignore[arg-type]
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [us])
    assert desk.read(asked["id"])["status"] == "requested"
    assert desk.post(asked["id"], "cancel").status_code == 200


def overtaken(
    house: House, verification: str, *, first: Callable[[Session, datetime], object], second: Callable[[], object]
) -> object:
    """Begin `second` while `first` has the verification locked, and let it wait for the commit: what it raises."""
    raised: list[object] = []

    def run() -> None:
        try:
            second()
        except VerifierError as error:
            raised.append(type(error))

    thread = threading.Thread(target=run)
    with house.database.write() as session:
        lock_verification(session, VerificationId(verification))
        thread.start()
        wait_until(lambda: _is_waited_for(house), within=10, what="the second transaction waits")
        first(session, house.clock.now(session))
    thread.join(20)
    return raised[0] if raised else None


def _is_waited_for(house: House) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with house.database.read() as session:
        return bool(session.connection().exec_driver_sql(waiting).scalar_one())


@ON_POSTGRES
def test_a_link_that_is_renewed_just_before_it_is_opened_opens_nothing(house: House, desk: Desk) -> None:
    asked = desk.request()
    token = str(asked["link"]["url"]).rsplit("/", 1)[1]

    def renew(session: Session, _now: datetime) -> None:
        lock_verification(session, VerificationId(asked["id"])).generation += 1

    def open_it() -> None:
        with house.database.write() as session:
            links.open_link(session, house.clock.now(session), token)

    assert overtaken(house, asked["id"], first=renew, second=open_it) is LinkReplacedError
    with house.database.read() as session:
        assert session.scalars(select(CustomerSessionRow)).all() == []


@ON_POSTGRES
def test_a_link_that_runs_out_while_a_change_waits_changes_nothing(house: House, desk: Desk, clock: MovedClock) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    answers: list[tuple[int, str]] = []

    def time_passes(session: Session, now: datetime) -> None:
        clock.offset += session.get_one(VerificationRow, asked["id"]).link_expires_at - now + timedelta(seconds=1)

    overtaken(house, asked["id"], first=time_passes, second=lambda: answers.append(refusal(customer.post("withdraw"))))
    assert answers == [(410, "link_expired")]
    assert desk.read(asked["id"])["status"] == "requested"


@ON_POSTGRES
def test_a_claim_that_is_given_back_just_before_a_look_shows_nothing(house: House, desk: Desk, work: Work) -> None:
    asked, _ = desk.submitted(work)
    of = VerificationId(asked["id"])
    with house.database.write() as session:
        claim(session, house.clock.now(session), of, actor="operator")

    def give_back(session: Session, now: datetime) -> None:
        release(session, now, of, actor="operator")

    def look() -> None:
        house.views.view_expected(of, viewer=Viewer("operator", "Rae"))

    assert overtaken(house, of, first=give_back, second=look) is NotClaimedError


@ON_POSTGRES
def test_who_takes_the_next_one_is_not_refused_for_what_another_just_took(house: House, desk: Desk, work: Work) -> None:
    first, second = (desk.submitted(work, reference=f"CASE-{number}")[0]["id"] for number in range(2))
    got = []

    def take(session: Session, now: datetime) -> None:
        claim(session, now, VerificationId(first), actor=new_staff_id())

    def take_next() -> None:
        with house.database.write() as session:
            got.append(claim_next(session, house.clock.now(session), actor=new_staff_id()))

    assert overtaken(house, first, first=take, second=take_next) is None
    assert got == [second]
