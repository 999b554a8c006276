"""The dead man's switch: called while all is well, silent when it is not, and never in the way of destruction."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest
from sqlalchemy import update

from tests.journey import Desk
from tests.workers_by_hand import Work
from verifier.audit.tables import EntryRow
from verifier.db.clock import MovedClock
from verifier.db.tables import InstallationRow
from verifier.errors import ConfigurationError
from verifier.ids import VerificationId
from verifier.meters import Call, get_meters
from verifier.metrics.heartbeat import DeadMansSwitch
from verifier.notices.sending import Patience
from verifier.settings import Settings, verify_settings
from verifier.verifications.tables import VerificationKeyRow
from verifier.wiring import House
from workers.embedded import EmbeddedWorker
from workers.schedule import plan_jobs

_SWEEP: Final = timedelta(seconds=20)
_MINUTE: Final = timedelta(minutes=1)
_LONGER_THAN_A_TURN: Final = 61.0


@dataclass
class Watcher:
    """Somebody outside, with a real server. `status` is what it answers; `to`: where it redirects."""

    port: int = 0
    status: int = 200
    to: str = ""
    calls: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ping/verifier?check=1"


def listen(watcher: Watcher) -> ThreadingHTTPServer:
    class Ear(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            watcher.calls.append(f"{self.command} {self.path}")
            watcher.bodies.append(str(self.headers).encode())
            self.send_response(watcher.status)
            if watcher.to:
                self.send_header("Location", watcher.to)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as the standard library calls it
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    server.daemon_threads = True
    watcher.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    watcher = Watcher()
    server = listen(watcher)
    yield watcher
    server.shutdown()
    server.server_close()


class Steady:
    """The steady clock of a process, which a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def make_switch(house: House, steady: Steady) -> Callable[[str], DeadMansSwitch]:
    def make(url: str) -> DeadMansSwitch:
        return DeadMansSwitch(
            house.database,
            clock=house.clock,
            url=url,
            sweep_every=_SWEEP,
            every=_MINUTE,
            patience=Patience(step=0.5, whole=1.0),
            steady_clock=steady,
        )

    return make


@pytest.fixture
def switch(make_switch: Callable[[str], DeadMansSwitch], watcher: Watcher, work: Work) -> DeadMansSwitch:
    """A switch in a house whose sweep has just come to its end."""
    work()
    return make_switch(watcher.url)


def test_it_is_called_after_a_sweep_with_nothing_but_its_address(
    switch: DeadMansSwitch, watcher: Watcher, house: House
) -> None:
    assert switch.tell()
    assert watcher.calls == ["GET /ping/verifier?check=1"]
    assert house.vault.installation.encode() not in watcher.bodies[0]


def test_it_is_called_once_a_minute_at_most_and_once_for_each_sweep(
    switch: DeadMansSwitch, watcher: Watcher, work: Work, steady: Steady, clock: MovedClock
) -> None:
    assert switch.tell()
    clock.offset += _SWEEP
    work()
    steady.now += 20
    assert not switch.tell(), "a minute has not passed"
    steady.now += 41
    assert switch.tell()
    steady.now += _LONGER_THAN_A_TURN
    assert not switch.tell(), "no sweep has ended since"
    assert len(watcher.calls) == 2


def test_it_stays_silent_where_the_sweep_does(
    switch: DeadMansSwitch, watcher: Watcher, clock: MovedClock, sequence: Callable[[], int]
) -> None:
    clock.offset += 3 * _SWEEP + timedelta(seconds=31)
    sequence()
    assert not switch.tell()
    assert watcher.calls == []


def test_it_stays_silent_while_a_copy_or_a_key_is_overdue(
    switch: DeadMansSwitch, watcher: Watcher, work: Work, desk: Desk, clock: MovedClock, sequence: Callable[[], int]
) -> None:
    asked = desk.request()
    assert desk.post(asked["id"], "cancel").status_code == 200
    clock.offset += timedelta(seconds=61)
    sequence()
    work.run("tidy")  # the sweep itself is well: it is the key that stayed
    assert not switch.tell()
    work()
    assert switch.tell()
    assert len(watcher.calls) == 1


def test_it_stays_silent_where_the_sweep_comes_to_its_end_and_leaves_what_has_expired(
    switch: DeadMansSwitch, watcher: Watcher, work: Work, desk: Desk, clock: MovedClock, sequence: Callable[[], int]
) -> None:
    desk.request()
    sequence()
    clock.offset += timedelta(days=60)
    work.run("tidy")
    assert not switch.tell()
    assert watcher.calls == []


def test_it_stays_silent_while_the_log_is_behind(
    switch: DeadMansSwitch, watcher: Watcher, house: House, desk: Desk
) -> None:
    desk.request()
    with house.database.write() as session:
        late = house.clock.now(session) - timedelta(seconds=31)
        session.execute(update(EntryRow).where(EntryRow.log_index.is_(None)).values(recorded_at=late))
    assert not switch.tell()
    assert watcher.calls == []


def test_it_stays_silent_while_the_clock_is_wrong(switch: DeadMansSwitch, watcher: Watcher, house: House) -> None:
    with house.database.write() as session:
        ahead = house.clock.now(session) + timedelta(hours=1)
        session.execute(update(InstallationRow).values(clock_high_at=ahead))
    assert not switch.tell()
    assert watcher.calls == []


def test_a_call_that_was_not_taken_is_made_again_for_the_same_sweep(
    switch: DeadMansSwitch, watcher: Watcher, steady: Steady
) -> None:
    before = count(Call.FAILED), count(Call.ANSWERED)
    watcher.status = 503
    assert not switch.tell()
    watcher.status = 204
    assert not switch.tell(), "not sooner than any other call"
    steady.now += _LONGER_THAN_A_TURN
    assert switch.tell()
    assert (count(Call.FAILED), count(Call.ANSWERED)) == (before[0] + 1, before[1] + 1)


def count(outcome: Call) -> float:
    found = get_meters().registry.get_sample_value("verifier_heartbeats_total", {"outcome": outcome.value})
    assert found is not None
    return found


def test_no_redirect_is_followed(switch: DeadMansSwitch, watcher: Watcher) -> None:
    elsewhere = Watcher()
    other = listen(elsewhere)
    try:
        watcher.status, watcher.to = 302, elsewhere.url
        assert not switch.tell()
        assert (len(watcher.calls), elsewhere.calls) == (1, [])
    finally:
        other.shutdown()
        other.server_close()


def test_nobody_is_called_where_no_address_is_set(make_switch: Callable[[str], DeadMansSwitch], work: Work) -> None:
    work()
    assert not make_switch("").tell()


@pytest.mark.parametrize("drip", [b"", b"H"])
def test_a_server_that_hangs_or_drips_is_left_in_time(
    make_switch: Callable[[str], DeadMansSwitch], work: Work, drip: bytes
) -> None:
    work()
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_slowly() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(drip)
                while not done.wait(0.1):
                    try:
                        line.sendall(drip[-1:])
                    except OSError:
                        return

        thread = threading.Thread(target=answer_slowly, daemon=True)
        thread.start()
        begun = time.monotonic()
        assert not make_switch(f"http://127.0.0.1:{server.getsockname()[1]}/").tell()
        assert time.monotonic() - begun < 5
        done.set()
        thread.join()


def test_nobody_at_the_address_is_no_error(make_switch: Callable[[str], DeadMansSwitch], work: Work) -> None:
    work()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not make_switch(f"http://127.0.0.1:{port}/").tell()


def test_the_call_has_a_thread_of_its_own_however_often_it_is_made(work: Work) -> None:
    for every in (timedelta(milliseconds=150), timedelta(milliseconds=500), _SWEEP, _MINUTE):
        settings = work.workshop.house.settings.model_copy(update={"heartbeat_every": every})
        line = next(job.line for job in plan_jobs(settings) if job.name == "heartbeat")
        assert [job.name for job in plan_jobs(settings) if job.line == line] == ["heartbeat"]


def test_a_slow_address_delays_no_destruction(house: House, work: Work, desk: Desk) -> None:
    work()
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes the call, and never answers
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        patience = Patience(step=30.0, whole=30.0)
        slow = DeadMansSwitch(
            house.database, clock=house.clock, url=url, sweep_every=_SWEEP, every=_MINUTE, patience=patience
        )
        workshop = work.workshop
        workshop.switch = slow
        worker = EmbeddedWorker(workshop, plan_jobs(house.settings))
        worker.start()
        line, _ = server.accept()  # the call has begun, and hangs
        try:
            asked = desk.request()
            assert desk.post(asked["id"], "cancel").status_code == 200
            ends_at = time.monotonic() + 20
            while not has_no_key(house, VerificationId(asked["id"])):
                assert time.monotonic() < ends_at, "the key is still there"
                time.sleep(0.05)
        finally:
            line.close()
            worker.stop()


def has_no_key(house: House, verification: VerificationId) -> bool:
    with house.database.read() as session:
        return session.get_one(VerificationKeyRow, verification).unreadable_at is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://watch.example.org/ping",
        "ftp://watch.example.org/ping",
        "https:///ping",
        "https://jane:secret@watch.example.org/ping",
        "https://watch.example.org:seven/ping",
        "https://watch.example.org/ping#part",
        "https://watch.example.org/pi ng",
        "https://watch.example.org/ping\r\nX: y",
        "watch.example.org/ping",
    ],
)
def test_an_address_that_could_be_read_or_misled_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_HEARTBEAT_URL") as refused:
        verify_settings(Settings(heartbeat_url=url))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "https://watch.example.org/ping?a=b", "http://127.0.0.1:9/x", "http://localhost/"])
def test_https_is_taken_and_http_to_this_machine(url: str) -> None:
    verify_settings(Settings(heartbeat_url=url))
