"""One installation under load: the embedded form, or the stack with everything that it stands on within reach.

Guarantees: the house beside it, which looks, reaches database and stores directly, and never through what a scenario
breaks. Whatever was started is stopped.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import make_url

from tests.faults.apart import Processes, settings_for
from tests.faults.harness.servers import Servers
from tests.faults.rounds import cast_for, open_post
from tests.faults.running import Service
from tests.faults.stories import Cast
from tests.servers.faulty_s3 import Faulty, run_faulty
from tests.servers.faulty_tcp import FaultyTcp, run_faulty_tcp
from tests.servers.redis import RedisServer
from tests.servers.store import Store
from verifier.db.clock import MovedClock
from verifier.settings import Settings
from verifier.wiring import House, choose_seams, open_house

Form: TypeAlias = Literal["embedded", "stack"]

_RIGHT: Final = timedelta(0)
EARLY_ZONES: Final = ("sanitise", "dispose", "notify")
_LIMITS: Final = {f"requests_a_minute_per_{name}": "1000000" for name in ("link", "key", "network")}


@dataclass(frozen=True)
class Parts:
    """What the stack stands on, where it can be broken."""

    store: Store
    documents: Faulty
    keys: Faulty
    database: str
    """Its name on the server."""
    way: FaultyTcp
    """The way of web and workers to the database."""
    broker: RedisServer
    workers: Processes
    servers: Servers


@dataclass
class Stage:
    """An installation, and who plays on it."""

    form: Form
    folder: Path
    service: Service
    house: House
    clock: MovedClock
    cast: Cast
    parts_: Parts | None = None
    returns: list[datetime] = field(default_factory=list)
    """When what a scenario broke was whole again: deadlines count from then."""

    @property
    def parts(self) -> Parts:
        assert self.parts_ is not None, "the embedded form has no parts"
        return self.parts_

    def note_return(self) -> None:
        with self.house.database.read() as session:
            self.returns.append(self.house.clock.now(session))


@contextmanager
def open_stage(
    form: Form,
    folder: Path,
    servers: Servers,
    given: Mapping[str, str],
    *,
    environment: Mapping[str, str] | None = None,
    offset: timedelta = _RIGHT,
) -> Iterator[Stage]:
    """A running installation with these settings. Its processes have `environment`, and a clock wrong by `offset`."""
    home = folder / "home"
    with ExitStack() as ends:
        post, sending = ends.enter_context(open_post(home))
        settings = {"sweep_every": "PT2S", **_LIMITS, **sending, **given}
        direct: dict[str, str] = {}
        if form == "stack":
            opened = ends.enter_context(_open_parts(folder, servers))
            settings |= opened.settings
            direct = opened.direct
        service = Service(home, **settings)
        service.environment.update(environment or {})
        ends.enter_context(service)
        clock = MovedClock()
        clock.offset = offset
        looking = _looking(service, direct)
        house = open_house(looking, seams=replace(choose_seams(looking), clock=clock))
        ends.callback(house.close)
        stage = Stage(form, folder, service, house, clock, cast_for(service, house, post=post))
        if form == "stack":
            workers = Processes(service)
            ends.callback(workers.stop)
            workers.start_workers(EARLY_ZONES, ("log",))
            stage.parts_ = replace(opened.parts, workers=workers)
        yield stage


@dataclass(frozen=True)
class _Opened:
    parts: Parts
    settings: dict[str, str]
    """What the product is told: ways that can be broken."""
    direct: dict[str, str]
    """What whoever looks is told."""


@contextmanager
def _open_parts(folder: Path, servers: Servers) -> Iterator[_Opened]:
    store, server = servers.store, servers.databases.server
    with (
        servers.databases.database() as url,
        run_faulty_tcp(server.port) as way,
        run_faulty(store) as (documents, to_documents),
        run_faulty(store) as (keys, to_keys),
        servers.broker(folder / "broker") as broker,
    ):
        keys_file = folder / "keys.json"
        keys_file.touch(mode=0o600)
        keys_file.write_bytes(store.credentials_file.read_bytes())
        direct = {
            "database_url": url,
            "database_password_file": str(server.password_file),
            "documents_bucket": store.make_bucket(is_versioned=True),
            "documents_endpoint": store.url,
            "documents_credentials_file": str(store.credentials_file),
            "keys_bucket": store.make_bucket(),
            "keys_endpoint": store.url,
            "keys_credentials_file": str(keys_file),
        }
        broken = {
            "database_url": make_url(url).set(port=way.port).render_as_string(hide_password=False),
            "documents_endpoint": to_documents.url,
            "keys_endpoint": to_keys.url,
        }
        name = str(make_url(url).database)
        workers: Any = None  # they need the service, which needs these settings
        parts = Parts(store, documents, keys, name, way, broker, workers, servers)
        yield _Opened(parts, {**direct, **broken, **settings_for(broker)}, direct)


def _looking(service: Service, direct: Mapping[str, str]) -> Settings:
    given: dict[str, Any] = dict(direct)
    told = service.environment["VERIFIER_POLICIES_FOLDER"]
    return Settings(home=service.home, port=service.port, public_url=service.url, policies_folder=Path(told), **given)
