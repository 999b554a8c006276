"""The picture of what waits: its ages are right, each part of it comes from an index, and asking often costs little."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import update

from tests.journey import Desk, make_jpeg
from tests.plans import find_walked, noting_statements, plan
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.audit.tables import EntryRow
from verifier.db.clock import MovedClock
from verifier.db.tables import InstallationRow
from verifier.ids import new_copy_id, new_document_id, new_verification_id
from verifier.metrics.backlog import MOST_COUNTED, QUEUES, Backlog, read_backlog
from verifier.metrics.exposition import KEEP_FOR, BacklogCollector
from verifier.retention.service import Rule, open_obligation
from verifier.settings import Settings
from verifier.wiring import House
from workers.schedule import plan_jobs

_CLOSES_AFTER: Final = timedelta(minutes=10)

# Tables of one row, and what was taken from an index before. Even walking an index would be walking all of history.
_MAY_BE_WALKED: Final = {
    *("CONSTANT ROW", "installation", "log_head", "overdue_copies", "overdue_keys"),
    "set_aside",
}


def look(house: House) -> Backlog:
    with house.database.read() as session:
        return read_backlog(session, house.clock.now(session), intake_closes_after=_CLOSES_AFTER)


def leave_due(house: House, count: int, *, ago: timedelta) -> None:
    """Obligations of documents that nobody disposes of."""
    with house.database.write() as session:
        due = house.clock.now(session) - ago
        verification = new_verification_id()
        for _ in range(count):
            open_obligation(
                session,
                new_copy_id(),
                document=new_document_id(),
                verification=verification,
                rule=Rule.UNDECIDED,
                destroy_by=due,
            )


def test_queues_are_those_of_the_schedule_with_their_zones() -> None:
    zones = {job.name: job.zone for job in plan_jobs(Settings())}
    assert {queue.job: zones.get(queue.job) for queue in QUEUES} == {queue.job: queue.zone for queue in QUEUES}
    # These look round on a clock, and work nothing off.
    others = {"collect", "heartbeat", "forget", "tidy", "look_again", "compare"}
    assert zones.keys() - {queue.job for queue in QUEUES} == others


@ON_BOTH
def test_a_quiet_house_waits_for_nothing(house: House, work: Work) -> None:
    work()
    seen = look(house)
    assert set(seen.queues.values()) == {timedelta(0)}
    assert (seen.undisposed, seen.overdue_documents, seen.overdue_keys) == (timedelta(0), 0, 0)
    assert (seen.unpublished, seen.unpublished_entries, seen.intake_refusal) == (timedelta(0), 0, None)
    assert seen.swept < timedelta(seconds=5)


@ON_BOTH
def test_what_is_due_is_shown_with_its_age_and_after_a_minute_as_overdue(house: House, work: Work) -> None:
    work()
    leave_due(house, 3, ago=timedelta(seconds=50))
    seen = look(house)
    assert timedelta(seconds=50) <= seen.undisposed < timedelta(seconds=55)
    assert seen.queues["dispose"] == seen.undisposed
    assert seen.overdue_documents == 0
    leave_due(house, 2, ago=timedelta(seconds=70))
    assert look(house).overdue_documents == 2
    leave_due(house, 1, ago=_CLOSES_AFTER + timedelta(seconds=1))
    assert look(house).intake_refusal == "intake_closed"


@ON_BOTH
def test_what_is_overdue_is_counted_only_so_far(house: House) -> None:
    leave_due(house, MOST_COUNTED + 5, ago=timedelta(minutes=2))
    assert look(house).overdue_documents == MOST_COUNTED


@ON_BOTH
def test_a_key_that_stays_is_overdue_though_it_has_no_document(desk: Desk, house: House, clock: MovedClock) -> None:
    asked = desk.request()
    assert desk.post(asked["id"], "cancel").status_code == 200
    clock.offset += timedelta(seconds=50)
    assert look(house).overdue_keys == 0
    clock.offset += timedelta(seconds=40)
    seen = look(house)
    assert (seen.overdue_keys, seen.overdue_documents) == (1, 0)
    assert timedelta(seconds=90) <= seen.queues["shred"] < timedelta(seconds=100)


@ON_BOTH
def test_a_sealed_document_waits_for_its_check(desk: Desk, house: House, clock: MovedClock) -> None:
    customer = desk.customer(desk.request())
    assert customer.upload("diploma.all_pages", make_jpeg(width=64, height=48)).status_code == 201
    clock.offset += timedelta(seconds=40)
    assert timedelta(seconds=40) <= look(house).queues["check"] < timedelta(seconds=50)


@ON_BOTH
def test_a_verification_that_nobody_ends_waits_for_its_expiry(desk: Desk, house: House, clock: MovedClock) -> None:
    desk.request()
    clock.offset += timedelta(days=60)
    assert look(house).queues["expire"] > timedelta(days=1)


@ON_BOTH
def test_the_log_lags_before_it_is_sequenced_and_not_after(house: House, sequence: Callable[[], int]) -> None:
    with house.database.write() as session:
        session.execute(update(EntryRow).values(recorded_at=house.clock.now(session) - timedelta(seconds=31)))
    seen = look(house)
    assert seen.queues["sequence"] >= timedelta(seconds=31)
    assert seen.intake_refusal == "log_behind"
    sequence()
    assert look(house).queues["sequence"] == timedelta(0)


@ON_BOTH
def test_what_the_log_sets_aside_is_counted_and_waits_no_longer(house: House, sequence: Callable[[], int]) -> None:
    with house.database.write() as session:
        now = house.clock.now(session)
        session.add(EntryRow(kind="link.opened", recorded_at=now, leaf=b"what nobody can read"))
    sequence()
    seen = look(house)
    assert (seen.set_aside_entries, seen.queues["sequence"], seen.intake_refusal) == (1, timedelta(0), None)


def test_a_sweep_that_stopped_grows_silent(house: House, work: Work, clock: MovedClock) -> None:
    work()
    clock.offset += timedelta(minutes=3)
    assert look(house).swept >= timedelta(minutes=3)


@ON_BOTH
def test_a_clock_that_fell_back_is_told_as_such(house: House) -> None:
    with house.database.write() as session:
        ahead = house.clock.now(session) + timedelta(hours=1)
        session.execute(update(InstallationRow).values(clock_high_at=ahead))
    seen = look(house)
    assert (seen.intake_refusal, seen.swept) == ("clock_behind", timedelta(0))


def test_every_part_of_the_picture_comes_from_an_index(house: House) -> None:
    with noting_statements(house) as statements:
        look(house)
    steps = plan(house, statements)
    assert len(steps) > 20
    assert find_walked(steps) <= _MAY_BE_WALKED, steps


def test_many_who_look_at_once_cost_one_reading(house: House) -> None:
    now = 100.0
    collector = BacklogCollector(
        house.database,
        clock=house.clock,
        intake_closes_after=_CLOSES_AFTER,
        sweep_every=timedelta(seconds=20),
        steady_clock=lambda: now,
    )
    with noting_statements(house) as statements:
        first = list(collector.collect())
        asked = len(statements)
        now += KEEP_FOR - 0.1
        leave_due(house, 1, ago=timedelta(minutes=2))
        del statements[asked:]
        assert [each.samples for each in collector.collect()] == [each.samples for each in first]
        assert len(statements) == asked
        now += 0.1
        assert [each.samples for each in collector.collect()] != [each.samples for each in first]
        assert len(statements) > asked
