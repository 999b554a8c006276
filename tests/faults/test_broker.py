"""A broker that forges, doubles, loses, freezes or is not there: nothing lingers, nothing waits, nothing is done twice.

Real brokers, real workers in processes of their own, real HTTP. Everything is looked at after each test.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from amqp.exceptions import NotFound
from sqlalchemy import func, select

from tests.faults.apart import (
    QUEUES,
    Broker,
    Processes,
    find_children,
    forge,
    kill_pool_child,
    log_events,
    publish,
    running_beats,
    running_broker,
    scatter_rubbish,
    settings_for,
    wake_up,
    workers_apart,
)
from tests.faults.looks import find_unrest, look_at_everything
from tests.faults.rounds import cast_for, running
from tests.faults.running import Service, wait_until
from tests.faults.stories import Cast, Story, approve, withdraw
from tests.servers.redis import RedisServer
from verifier.audit.tables import EntryRow
from verifier.db.wakeups import Work
from verifier.wiring import House

SOON: Final = 20.0
_REQUESTS: Final = 3
"""At least; so many does a customer make who sends one document and withdraws."""
SWEEPS: Final = 40.0
"""Two sweep intervals of an installation as it comes."""
UNNOTICED: Final = 1.5
"""What a request may take on a busy machine; less than any wait for a broker."""

_TWICE: Final = 14
"""More than one beat says in a sweep interval to the fullest queue."""

BROKERS: Final = ("redis", "rabbitmq")


class Desk:
    """An installation whose workers run apart, and the verifications that it was asked for."""

    def __init__(self, service: Service, house: House, broker: Broker) -> None:
        self.service: Final = service
        self.house: Final = house
        self.broker: Final = broker
        self._cast: Final[Cast] = cast_for(service, house)
        self.stories: Final[list[Story]] = []

    def begin(self) -> Story:
        story = Story(self._cast)
        self.stories.append(story)
        return story

    def approve(self) -> None:
        approve(self.begin())

    def settle(self, within: float) -> None:
        try:
            wait_until(lambda: not find_unrest(self.house), within=within, what="it is not quiet")
        except TimeoutError as error:
            raise AssertionError(f"{error}: {find_unrest(self.house)}") from error

    def close(self) -> None:
        for story in self.stories:
            story.close()

    def look(self) -> list[str]:
        acknowledged = [document for story in self.stories for document in story.acknowledged]
        return look_at_everything(
            self.house, acknowledged=acknowledged, kept=(), starts=self.service.find_worker_starts()
        )

    def count_entries(self) -> int:
        with self.house.database.read() as session:
            return session.scalar(select(func.count(EntryRow.id))) or 0


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with (
        running_broker(request.param, tmp_path / "broker") as broker,
        running(tmp_path / "home", **settings_for(broker)) as (service, house),
    ):
        made = Desk(service, house, broker)
        try:
            yield made
        finally:
            made.close()


def drained(desk: Desk) -> bool:
    return not any(desk.broker.count_waiting(queue) for queue in QUEUES)


@pytest.mark.parametrize("desk", ["redis", pytest.param("rabbitmq", marks=pytest.mark.soak)], indirect=True)
def test_a_broker_wakes_the_workers_and_is_believed_nothing_else(desk: Desk) -> None:
    # Clocks that look once a minute: within seconds, only wake-ups can have done it.
    with workers_apart(desk.service, look_every="PT1M", sweep_every="PT1M") as workers:
        desk.approve()
        desk.settle(SOON)
        assert log_events(desk.service, "broker.unreachable") == []
        _forge(desk, workers, count=300)
        _double(desk)
        assert log_events(desk.service, "job.broke") == []
    assert desk.look() == []


@pytest.mark.parametrize("desk", ["redis"], indirect=True)
def test_a_death_a_frozen_broker_or_none_delays_nobody_and_leaves_nothing(desk: Desk) -> None:
    desk.broker.stop()
    with workers_apart(desk.service):
        desk.approve()
        desk.settle(SWEEPS)
        desk.broker.start()
        _die_in_the_middle(desk)
        _freeze(desk)
    assert desk.look() == []


@pytest.mark.soak
@pytest.mark.parametrize("desk", ["redis"], indirect=True)
def test_two_beats_do_no_harm_and_keep_no_file(desk: Desk, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    # Nobody works yet: what the beats tell lies in the queues.
    with running_beats(desk.service, folders):
        wait_until(lambda: desk.broker.count_waiting("dispose") > _TWICE, within=SOON, what="the beats say nothing")
        with workers_apart(desk.service, look_every="PT1M", sweep_every="PT1M"):
            desk.approve()
            desk.settle(SOON)
    assert [list(folder.iterdir()) for folder in folders] == [[], []]
    assert desk.look() == []


@pytest.mark.soak
@pytest.mark.parametrize("desk", BROKERS, indirect=True)
def test_a_beat_finds_its_broker_again(desk: Desk, tmp_path: Path) -> None:
    with running_beats(desk.service, [tmp_path / "beat"]):
        wait_until(lambda: says_something(desk), within=SWEEPS, what="the beat says nothing")
        desk.broker.stop()
        wait_until(lambda: has_failed_to_publish(desk), within=SWEEPS, what="the beat did not notice")
        desk.broker.start()
        desk.broker.flush()
        wait_until(lambda: says_something(desk), within=SWEEPS, what="the beat says nothing any more")


def says_something(desk: Desk) -> bool:
    try:
        return desk.broker.count_waiting("dispose") > 0
    except NotFound:
        return False  # nobody has declared the queue yet


def has_failed_to_publish(desk: Desk) -> bool:
    messages = log_events(desk.service, "library.message")
    return any(message["logger"] == "celery.beat" and message["level"] == "error" for message in messages)


@pytest.mark.soak
@pytest.mark.parametrize("desk", BROKERS, indirect=True)
def test_ten_thousand_forged_messages_change_nothing(desk: Desk) -> None:
    with workers_apart(desk.service) as workers:
        desk.approve()
        desk.settle(SWEEPS)
        _forge(desk, workers, count=10_000)
        desk.approve()
        desk.settle(SWEEPS)
    assert desk.look() == []


@pytest.mark.soak
@pytest.mark.parametrize("desk", BROKERS, indirect=True)
def test_whatever_a_broker_does_nothing_lingers(desk: Desk) -> None:
    with workers_apart(desk.service) as workers:
        _die_in_the_middle(desk)
        kill_pool_child(workers.started[0])
        _flush(desk)
        _stop(desk)
        _freeze(desk)
        _double(desk)
        assert workers.started[0].poll() is None
    assert desk.look() == []


def _die_in_the_middle(desk: Desk) -> None:
    starts = len(desk.service.find_worker_starts())
    desk.service.arm("dispose.marked")
    desk.approve()
    wait_until(lambda: not desk.service.is_armed, within=SOON, what="nobody came past dispose.marked")
    desk.settle(SWEEPS)
    assert len(desk.service.find_worker_starts()) == starts + 1


def _forge(desk: Desk, workers: Processes, *, count: int) -> None:
    before = desk.count_entries()
    assert publish(desk.broker, forge(count)) == count
    if isinstance(desk.broker, RedisServer):
        scatter_rubbish(desk.broker, count=count // 10)
    wait_until(lambda: drained(desk), within=60 + count / 50, what="the forged messages are not gone")
    assert desk.count_entries() == before
    assert workers.started[0].poll() is None
    assert len(find_children(workers.started[0].pid)) == 1


def _double(desk: Desk) -> None:
    story = desk.begin()
    names = [f"verifier.{work.value}" for work in Work]
    publish(desk.broker, (wake_up(name) for _ in range(10) for name in reversed(names)))
    approve(story)
    publish(desk.broker, (wake_up(name) for _ in range(10) for name in names))
    desk.settle(SOON)


def _flush(desk: Desk) -> None:
    story = desk.begin()
    desk.broker.flush()
    approve(story)
    desk.broker.flush()
    desk.settle(SWEEPS)


def _stop(desk: Desk) -> None:
    desk.broker.stop()
    desk.approve()
    desk.settle(SWEEPS)
    desk.broker.start()
    wait_until(lambda: drained(desk), within=SWEEPS, what="the worker did not come back to the broker")


def _freeze(desk: Desk) -> None:
    desk.broker.freeze()
    try:
        slowest = 0.0
        for _ in range(5):
            story, begun = desk.begin(), time.monotonic()
            withdraw(story)
            slowest = max(slowest, (time.monotonic() - begun) / _REQUESTS)
        desk.approve()
        desk.settle(SWEEPS)
    finally:
        desk.broker.thaw()
    assert slowest < UNNOTICED
    wait_until(lambda: drained(desk), within=SWEEPS, what="the worker did not come back to the broker")
    desk.approve()
    desk.settle(SOON)
