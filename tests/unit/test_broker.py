"""Wake-ups and the broker that carries them: what is told and when, what is believed, and what is refused at start."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from tests.servers.ports import free_port
from tests.servers.redis import running_redis
from verifier.broker.address import full_address, verify_broker
from verifier.broker.client import PATIENCE_SECONDS, make_client, task_name
from verifier.broker.wakeups import BrokerWakeups, is_answering
from verifier.db.engine import Database, open_sqlite
from verifier.db.wakeups import ZONE_OF, Work, Zone, wake
from verifier.doctor import examine
from verifier.errors import ConfigurationError
from verifier.settings import Settings
from workers.app import make_app, verify_time_limits
from workers.messages import believe
from workers.schedule import plan_jobs

ROOT: Final = Path(__file__).resolve().parents[2]
REDIS: Final = "redis://127.0.0.1:6379/0"
RABBITMQ: Final = "amqp://guest@127.0.0.1:5672/%2F"
BOTH: Final = (REDIS, RABBITMQ)


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.touch(mode=0o600)
    file.write_text("a-random-one")
    return file


@pytest.fixture
def told(tmp_path: Path) -> tuple[Database, list[set[Work]]]:
    """A database, and what was told of it."""
    database, seen = open_sqlite(tmp_path / "database.sqlite"), list[set[Work]]()

    def tell(works: Collection[Work]) -> None:
        # Whoever is told must be able to see the work already.
        with database.read() as session:
            assert session.scalar(text("SELECT count(*) FROM things")) == 1
        seen.append(set(works))

    with database.write() as session:
        session.execute(text("CREATE TABLE things (id INTEGER)"))
    database.tell = tell
    return database, seen


def test_work_is_told_once_it_is_committed(told: tuple[Database, list[set[Work]]]) -> None:
    database, seen = told
    with database.write() as session:
        session.execute(text("INSERT INTO things VALUES (1)"))
        wake(session, Work.SHRED)
        wake(session, Work.SHRED, Work.DISPOSE)
        assert seen == []
    assert seen == [{Work.SHRED, Work.DISPOSE}]
    with database.write() as session:
        session.execute(text("SELECT 1"))
    assert len(seen) == 1
    database.close()


def test_nothing_is_told_of_what_was_taken_back(told: tuple[Database, list[set[Work]]]) -> None:
    database, seen = told
    with pytest.raises(ZeroDivisionError), database.write() as session:  # noqa: PT012 -- the whole block is the case
        wake(session, Work.SHRED)
        raise ZeroDivisionError
    assert seen == []
    database.close()


def test_every_wake_up_names_a_job_and_its_zone() -> None:
    zones = {job.name: job.zone for job in plan_jobs(Settings())}
    assert {work.value: ZONE_OF[work] for work in Work}.items() <= zones.items()
    assert set(zones.values()) == set(Zone)


@pytest.mark.parametrize("url", BOTH)
def test_there_is_a_task_for_each_job_and_a_beat_for_each_task(url: str, password_file: Path) -> None:
    settings = Settings(broker_url=url, broker_password_file=password_file)
    app, jobs = make_app(settings), plan_jobs(settings)
    names = {task_name(job.name) for job in jobs}
    assert {name for name in app.tasks if not name.startswith("celery.")} == names
    assert {line["task"] for line in app.conf.beat_schedule.values()} == names
    assert all(line["schedule"] >= settings.sweep_every for line in app.conf.beat_schedule.values())
    limits = [app.tasks[task_name(job.name)] for job in jobs]
    assert all(0 < task.soft_time_limit < task.time_limit < 30 * 60 for task in limits)
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert not app.conf.worker_enable_remote_control


def test_rabbitmq_gets_quorum_queues_that_give_up_on_what_kills(password_file: Path) -> None:
    queues = make_client(Settings(broker_url=RABBITMQ, broker_password_file=password_file)).conf.task_queues
    assert [queue.name for queue in queues] == list(Zone)
    assert {queue.queue_arguments["x-queue-type"] for queue in queues} == {"quorum"}
    assert all(queue.queue_arguments["x-delivery-limit"] > 1 for queue in queues)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"broker_url": "redis://:secret@127.0.0.1/0"}, "VERIFIER_BROKER_PASSWORD_FILE"),
        ({"broker_url": "http://127.0.0.1"}, "VERIFIER_BROKER_URL"),
        ({"broker_url": "redis:///0"}, "VERIFIER_BROKER_URL"),
        ({"broker_url": f"{REDIS}?ssl_cert_reqs=none"}, "VERIFIER_BROKER_URL"),
        ({"broker_ca_file": "/ca.pem", "broker_url": REDIS}, "VERIFIER_BROKER_CA_FILE"),
        ({"broker_password_file": "/password"}, "VERIFIER_BROKER_URL"),
        ({"broker_url": RABBITMQ}, "VERIFIER_BROKER_PASSWORD_FILE"),
    ],
)
def test_a_broker_that_cannot_be_used_is_refused_without_its_secret(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        verify_broker(Settings(**given))
    assert "secret" not in str(caught.value)


def test_a_password_comes_from_a_private_file_and_is_quoted(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/word")
    file.chmod(0o600)
    settings = Settings(broker_url=RABBITMQ, broker_password_file=file)
    assert full_address(settings) == "amqp://guest:p%40ss%2Fword@127.0.0.1:5672/%2F"
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="VERIFIER_BROKER_PASSWORD_FILE"):
        full_address(settings)


def test_a_broker_that_hands_messages_on_too_soon_is_refused_with_what_to_write() -> None:
    settings = Settings(broker_url=REDIS, broker_visibility_timeout=timedelta(minutes=10))
    with pytest.raises(ConfigurationError, match="VERIFIER_BROKER_VISIBILITY_TIMEOUT") as caught:
        make_app(settings)
    assert "the job collect " in str(caught.value)
    assert "Write PT26M or more" in str(caught.value)
    enough = Settings(broker_url=REDIS, broker_visibility_timeout=timedelta(minutes=26))
    verify_time_limits(enough, plan_jobs(enough))


def test_a_worker_and_a_beat_refuse_what_every_process_refuses() -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_SWEEP_EVERY"):
        make_app(Settings(broker_url=REDIS, sweep_every=timedelta(minutes=2)))


@pytest.mark.parametrize(
    "headers",
    [
        None,
        "verifier.dispose",
        {},
        {"task": None},
        {"task": ["verifier.dispose"]},
        {"task": "verifier.dispose" * 100},
        {"task": "verifier.dispös"},
    ],
)
def test_what_names_no_job_is_no_job(headers: object) -> None:
    assert believe(headers)["task"] == ""


def test_of_a_message_its_name_is_believed_and_nothing_else() -> None:
    forged = {"task": "verifier.dispose", "id": "x", "eta": "2999-01-01", "timelimit": [1, 1], "compression": "gzip"}
    believed = believe(forged)
    assert believed.keys() == {"task", "id"}
    assert believed["task"] == "verifier.dispose"
    assert believed["id"] != "x"


def test_a_broker_that_is_not_there_costs_whoever_tells_it_nothing() -> None:
    wakeups = BrokerWakeups(Settings(broker_url=f"redis://127.0.0.1:{free_port()}/0"))
    begun = time.monotonic()
    for _ in range(1000):
        wakeups.tell({Work.SHRED, Work.DISPOSE})
    # A thousand of them together cost less than one would that waited for the broker.
    assert time.monotonic() - begun < PATIENCE_SECONDS
    wakeups.close()


def test_what_is_told_just_before_the_end_is_told_all_the_same(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        wakeups = BrokerWakeups(Settings(broker_url=server.url, broker_password_file=server.password_file))
        wakeups.tell({Work.JUDGE})
        while not server.count_waiting(Zone.NOTIFY):
            pass  # until the thread has just published, and pauses
        wakeups.tell({Work.SHRED})
        wakeups.close()
        assert server.count_waiting(Zone.DISPOSE) == 1


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_not_there_does_not_answer(scheme: str, password_file: Path) -> None:
    url = f"{scheme}://127.0.0.1:{free_port()}/0"
    assert not is_answering(Settings(broker_url=url, broker_password_file=password_file))


def test_the_doctor_says_whether_the_broker_answers(tmp_path: Path) -> None:
    there = {found.check: found for found in examine(Settings(home=tmp_path))}
    assert there["broker"].is_ok
    gone = Settings(home=tmp_path, broker_url=f"redis://127.0.0.1:{free_port()}/0")
    found = {found.check: found for found in examine(gone)}["broker"]
    assert not found.is_ok
    assert "VERIFIER_BROKER_URL" in found.sentence
    unreadable = gone.model_copy(update={"broker_password_file": tmp_path / "nowhere"})
    found = {found.check: found for found in examine(unreadable)}["broker"]
    assert "VERIFIER_BROKER_PASSWORD_FILE" in found.sentence


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "workers", "--zone", "dispose"),
        ("-m", "celery", "-A", "workers.app", "worker", "-Q", "dispose"),
        ("-m", "celery", "-A", "workers.app", "beat"),
    ],
)
def test_a_worker_and_a_beat_are_refused_in_one_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    settings = {"VERIFIER_HOME": str(tmp_path), "VERIFIER_BROKER_URL": REDIS}
    environment = {**os.environ, **settings, "VERIFIER_BROKER_VISIBILITY_TIMEOUT": "PT1M", "PYTHONPATH": str(ROOT)}
    given: dict[str, Any] = {"env": environment, "cwd": tmp_path, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, *command], check=False, timeout=60, **given)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    assert lines[0].startswith("VERIFIER_BROKER_VISIBILITY_TIMEOUT is shorter")
    assert list(tmp_path.iterdir()) == []


def test_no_app_is_made_before_it_is_asked_for() -> None:
    import workers.app

    find: Callable[[str], object] = workers.app.__getattr__
    with pytest.raises(AttributeError):
        find("application")
