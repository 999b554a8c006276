"""The installations that are measured: the embedded form as `verifier demo` starts it, the stack as `make stack` does.

Guarantees: every process runs with the settings that it ships with, but for the policies, the limits of requests of the
desk's programs, and a port for its figures; whatever was started has ended when the block does. Leaves to others: the
load.
"""

import io
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from benchmarks import POLICIES
from benchmarks.letters import POLICY, POLICY_NAME
from benchmarks.processors import Processors
from scripts.stack.house import Stack
from scripts.stack.servers import Servers, install_programs, open_servers
from tests.servers.ports import free_port
from verifier.demo.door import run_command
from verifier.demo.errors import StepFailedError
from verifier.demo.service import Service
from verifier.demo.steps import Steps
from verifier.settings import Settings
from verifier.wiring import House, open_house

_AGENT: Final = ("verifications:write", "verifications:read", "contacts:write")
_SCOPES: Final = {"agent": _AGENT, "reviewer": ("reviews",)}
_CEPH: Final = "S3 (Ceph)"


@dataclass(frozen=True)
class Place:
    """One installation that is up: its doors, a key for each kind of program, and how it is looked at."""

    form: str
    address: str
    staff_address: str
    keys: Mapping[str, str] = field(repr=False)
    figures: str
    """Where Prometheus would read."""
    processors: Processors
    stop_broker: Callable[[], None] | None = None


def _settings(folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    policies = folder / "policies"
    shutil.copytree(POLICIES, policies)
    (policies / f"{POLICY_NAME}.yaml").write_text(POLICY, encoding="utf-8")
    return {
        "VERIFIER_POLICIES_FOLDER": str(policies),
        # One agent's program asks for all of a desk here, from one machine, and far more often than in earnest.
        "VERIFIER_REQUESTS_A_MINUTE_PER_KEY": "1000000",
        "VERIFIER_REQUESTS_A_MINUTE_PER_NETWORK": "1000000",
        "VERIFIER_METRICS_PORT": str(free_port()),
        **{f"VERIFIER_{name.upper()}": value for name, value in given.items()},
    }


class _Commands(Protocol):
    def __call__(self, *arguments: str) -> str: ...


def _make_keys(run: _Commands) -> Mapping[str, str]:
    keys = {}
    for role, scopes in _SCOPES.items():
        wanted = [part for scope in scopes for part in ("--scope", scope)]
        told = run("api-keys", "create", f"bench {role}", "--role", role, *wanted)
        keys[role] = next(word for word in told.split() if word.startswith("vk_"))
    return keys


class Embedded:
    """`verifier serve` and its worker on one folder; started once. What is in it may be laid out before."""

    def __init__(self, folder: Path, **given: str) -> None:
        """`given`: more settings, without `VERIFIER_` and in small letters."""
        self._given: Final[Mapping[str, Any]] = given
        self.settings: Final = _settings(folder, given)
        self._service: Final = Service(folder)
        self.home: Final = self._service.home

    def start(self) -> Place:
        self._service.start(self.settings)
        address = self._service.address
        return Place("embedded", address, address, _make_keys(self.run), _figures_of(self.settings), Processors())

    def run(self, *arguments: str) -> str:
        """A command of the operator."""
        return run_command(arguments, environment=self._service.environment | self.settings)

    @contextmanager
    def opened(self) -> Iterator[House]:
        """The same installation opened beside it, or before it starts."""
        database = {
            name: self._given[name] for name in ("database_url", "database_password_file") if name in self._given
        }
        house = open_house(Settings(home=self.home, **database))
        try:
            yield house
        finally:
            house.close()

    def stop(self) -> None:
        self._service.stop()


@contextmanager
def open_embedded(**given: str) -> Iterator[Place]:
    """The embedded form in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as text:
        embedded = Embedded(Path(text), **given)
        try:
            yield embedded.start()
        finally:
            embedded.stop()


@contextmanager
def open_stack(**given: str) -> Iterator[Place]:
    """PostgreSQL, Redis, a real S3, both tiers, a worker for each zone, and beat."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    (folder / "log").mkdir()
    settings = _settings(folder, given)
    with ExitStack() as open_:
        open_.callback(shutil.rmtree, folder, ignore_errors=True)
        with redirect_stdout(io.StringIO()):  # its steps are for whoever waits for it
            servers = open_servers(open_, folder, Steps())
            # `sending` is what the staff's tier and the zone that sends are told; the customers' tier knows none of it.
            stack = Stack(folder, servers, sending=settings)
            open_.callback(stack.processes.stop)
            stack.set_up(Steps())
            stack.start(Steps())
        yield Place(
            "stack",
            stack.address,
            stack.staff_address,
            _make_keys(stack.run),
            _figures_of(settings),
            Processors(lambda: _find_ceph(servers)),
            stop_broker=servers.redis.stop,
        )
        stack.processes.verify_all_running()


def end_in_order() -> None:
    """Let SIGTERM end this process as Ctrl-C does: what it started is stopped first. For `main`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def find_missing() -> str:
    """What keeps the stack from being measured here, or nothing. Root installs what is missing."""
    try:
        install_programs()
    except StepFailedError as error:
        return str(error)
    return ""


def _find_ceph(servers: Servers) -> Iterator[tuple[str, int]]:
    """Its daemons leave whoever started them."""
    for file in (servers.store.credentials_file.parent / "run").glob("*.pid"):
        yield _CEPH, int(file.read_text())


def _figures_of(settings: Mapping[str, str]) -> str:
    return f"http://127.0.0.1:{settings['VERIFIER_METRICS_PORT']}/metrics"
