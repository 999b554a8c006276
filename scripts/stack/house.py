"""The house in parts: set up once by its operator, then each part as a process with only its own settings.

Guarantees: a part counts as started when it answers, or says that it works; that each host name leads to its own tier
and to nothing else is tried. Leaves to others: the servers below it, and the stories.
"""

import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from scripts.stack.installing import make_buckets, make_database, make_users
from scripts.stack.parts import Setting, beat_environment, operator_environment, tier_environment, zone_environment
from scripts.stack.processes import Processes
from scripts.stack.servers import Servers
from tests.servers.ports import free_port
from verifier.db.wakeups import Zone
from verifier.demo.door import run_command
from verifier.demo.errors import StepFailedError
from verifier.demo.steps import Steps
from verifier.wiring.parts import Part

_STARTED: Final = "worker.started"


class Stack:
    """The installation, as a story sees it; `set_up` and `start` come first, in this order."""

    def __init__(self, folder: Path, servers: Servers, *, sending: Mapping[str, str]) -> None:
        self.home: Final = folder
        # Two names of this machine, because cookies know no ports: as in earnest, each tier has a host of its own.
        self.address: Final = f"http://127.0.0.1:{free_port()}"
        self.staff_address: Final = f"http://localhost:{free_port()}"
        self.processes: Final = Processes(folder / "log")
        self._servers: Final = servers
        self._sending: Final = sending
        self._setting: Setting

    @property
    def log_key(self) -> Path:
        return self.home / "log-key"

    @property
    def environment(self) -> Mapping[str, str]:
        """What an operator's command needs."""
        return operator_environment(self._setting)

    def run(self, *arguments: str) -> str:
        return run_command(arguments, environment=self.environment)

    def set_up(self, steps: Steps) -> None:
        """Buckets, database, installation, roles."""
        steps.take("buckets and database", self._make_stores)
        steps.take("installation set up", lambda: self.run("setup"))
        steps.take("roles and users", self._make_roles)

    def _make_stores(self) -> str:
        servers = self._servers
        self._setting = Setting(
            folder=self.home,
            address=self.address,
            staff_address=self.staff_address,
            database_urls=make_database(servers.postgres),
            password_file=servers.postgres.password_file,
            store_url=servers.store.url,
            credentials=make_buckets(servers.store),
            broker_url=servers.redis.url,
            broker_password_file=servers.redis.password_file,
            sending=self._sending,
        )
        return "one bucket for documents, one for keys; credentials for each part, and the customers' tier may only put"

    def _make_roles(self) -> str:
        self.run("roles")
        return make_users(self._servers.postgres)

    def start(self, steps: Steps) -> None:
        """All parts at once; then each is waited for."""
        setting, start = self._setting, self.processes.start
        for part in (Part.CUSTOMER, Part.STAFF):
            ready = ("--ready-file", str(self._ready_file(part)))
            start(part, "verifier", "serve", *ready, environment=tier_environment(setting, part))
        for zone in Zone:
            start(zone, "workers", "--zone", zone, environment=zone_environment(setting, Part(zone.value)))
        beat = ("celery", "-A", "workers.app", "beat", "--pidfile=", "--loglevel", "WARNING")
        start("beat", *beat, environment=beat_environment(setting))
        for part in (Part.CUSTOMER, Part.STAFF):
            steps.take(f"{part} tier started", partial(self._await_tier, part))
        for zone in Zone:
            steps.take(f"{zone} worker started", partial(self._await_worker, zone))
        steps.take("host names apart", self._try_names)

    def _ready_file(self, part: Part) -> Path:
        return self.home / f"ready-{part}"

    def _await_tier(self, part: Part) -> str:
        address = self.address if part is Part.CUSTOMER else self.staff_address
        self.processes.await_ready(part, self._ready_file(part).exists)
        self.processes.await_ready(part, lambda: _get_status(f"{address}/health/ready") == 200)
        return f"{address}, ready"

    def _await_worker(self, zone: Zone) -> str:
        log = self.processes.log_file(zone)
        self.processes.await_ready(zone, lambda: _STARTED in log.read_text(encoding="utf-8", errors="replace"))
        return "one process, woken through Celery"

    def _try_names(self) -> str:
        """What one tier answers, the other does not know."""
        for address, own, others in (
            (self.address, "/v/unknown", "/v1/queue"),
            (self.staff_address, "/v1/queue", "/v/unknown"),
        ):
            found, foreign = _get_problem(f"{address}{own}"), _get_problem(f"{address}{others}")
            if foreign != "not_found" or found == "not_found":
                raise StepFailedError(f"{address} answered {own} with {found}, and {others} with {foreign}")
        return "each answers its own addresses, and knows none of the other's"


def _get_status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _get_problem(address: str) -> str:
    """The code of a refusal."""
    request = urllib.request.Request(address, headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10):
            return ""
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        return text.partition('"code":"')[2].partition('"')[0]
