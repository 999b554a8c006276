"""Fixtures that every suite shares."""

import imaplib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
from fastapi.testclient import TestClient

from policies.access import Role, Scope
from tests.case_policies import FOLDER
from tests.https_site import Authority
from tests.imap_server import open_inbox, open_mailbox
from tests.journey import Desk, open_desk
from tests.longest_first import arrange
from tests.parts_apart import Apart, let_clock_move, open_apart
from tests.servers.databases import PostgresDatabases, prepare_sqlite, run_databases
from tests.servers.postgres import find_missing as find_missing_postgres
from tests.servers.s3 import moto, real_s3
from tests.workers_by_hand import Work
from verifier.audit.publish import FolderPublisher
from verifier.audit.sequencer import Sequencer
from verifier.contacts.forgetting import forget_contacts
from verifier.contacts.message.mailbox import MailboxAccess
from verifier.db.clock import MovedClock
from verifier.disposal.service import Disposer
from verifier.disposal.shred import Shredder
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.staff import service as staff
from verifier.staff.api_keys import create_api_key
from verifier.wiring import House, Seams, choose_seams, open_house, open_workshop

__all__ = ["moto", "real_s3"]  # fixtures of other modules, for every suite

_CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"


@pytest.fixture(scope="session")
def cases_dir() -> Path:
    """The folder of inputs that others wrote; the test is skipped, and says so, where it is absent."""
    if not _CASES.is_dir():
        pytest.skip("../shared/cases is not beside the project: these inputs were not tried")
    return _CASES


def pytest_configure() -> None:
    # How long an example takes says how busy the machine is; what must be fast is measured by a test of its own.
    hypothesis.settings.register_profile(
        "whatever_it_takes", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("whatever_it_takes")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        items[:] = arrange(items, processes=processes)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="what the tests stand on that do not say so themselves (tests/servers/databases.py)",
    )

    parser.addoption(
        "--apart", action="store_true", help="with --database postgresql: each part of the house is its own user there"
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresDatabases]:
    """A PostgreSQL for this process's tests; they are skipped, and say why, where there is none."""
    missing = find_missing_postgres()
    if missing:
        pytest.skip(missing)
    with run_databases() as databases:
        yield databases


@pytest.fixture(autouse=True)
def database_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """On what the settings of a test lead to, and those of the processes that it starts: "sqlite" or "postgresql"."""
    kind: str = getattr(request, "param", request.config.getoption("--database"))
    if kind == "sqlite":
        yield kind
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres")
    with databases.database() as url:
        monkeypatch.setenv("VERIFIER_DATABASE_URL", url)
        monkeypatch.setenv("VERIFIER_DATABASE_PASSWORD_FILE", str(databases.server.password_file))
        yield kind


@pytest.fixture
def clock() -> MovedClock:
    """The clock of `house`, which a test may move."""
    return MovedClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of `house`; a module that needs others has a fixture of this name."""
    return Settings(home=tmp_path / "home", policies_folder=FOLDER)


@pytest.fixture
def house(settings: Settings, clock: MovedClock) -> Iterator[House]:
    """A running installation of its own: SQLite, folders, every room wired, no workers."""
    prepare_sqlite(settings)
    opened = open_house(settings, seams=replace(choose_seams(settings), clock=clock))
    yield opened
    opened.close()


@pytest.fixture
def apart(request: pytest.FixtureRequest, house: House) -> Iterator[Apart | None]:
    """The parts of `house`, each in a house of its own; `None` where they are one."""
    is_apart = getattr(request, "param", request.config.getoption("--apart"))
    if not is_apart or not house.settings.database_url:
        yield None
        return
    vault = house.vault
    seams = Seams(clock=house.clock, objects=vault.objects, keys=vault.keys, roots=vault.roots)
    let_clock_move(house)
    with open_apart(house.settings, seams) as opened:
        yield opened


@pytest.fixture
def client(house: House, apart: Apart | None) -> Iterator[TestClient]:
    """The doors of `house`."""
    from verifier.app import create_app

    app = create_app(house) if apart is None else apart.make_doors()
    with TestClient(app, base_url=house.settings.public_url) as opened:
        yield opened


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Signs certificates; a module that needs one for longer has a fixture of this name."""
    return Authority(tmp_path)


@pytest.fixture
def mailbox(authority: Authority) -> Iterator[MailboxAccess]:
    """An empty mailbox on an IMAP server of its own."""
    with open_mailbox(authority) as opened:
        yield opened


@pytest.fixture
def box(mailbox: MailboxAccess) -> Iterator[imaplib.IMAP4]:
    """The same mailbox as a person sees it."""
    with open_inbox(mailbox) as opened:
        yield opened


@pytest.fixture
def destroy(house: House) -> Callable[[], None]:
    """Shreds what is due in `house`, then disposes of what is due."""
    shredder = Shredder(house.database, clock=house.clock, vault=house.vault, forget=forget_contacts)
    disposer = Disposer(house.database, clock=house.clock, vault=house.vault)

    def run() -> None:
        shredder.shred_due()
        disposer.dispose_due()

    return run


@pytest.fixture
def sequence(house: House) -> Callable[[], int]:
    """Gives what waits in the log of `house` its place, and publishes."""
    publisher = FolderPublisher(house.settings.published_folder)
    return Sequencer(house.database, house.clock, house.signer, publisher).run_once


@pytest.fixture
def new_key(house: House) -> Callable[..., dict[str, str]]:
    """`new_key(role, *scopes)` makes an API key and returns the headers that carry it."""

    def make(role: Role, *scopes: Scope) -> dict[str, str]:
        with house.database.write() as session:
            now, ends = house.clock.now(session), timedelta(days=9)
            text = create_api_key(
                session, now, label="test", role=role, scopes=scopes, valid_for=ends, actor="operator"
            )
        return {"Authorization": f"Bearer {text}"}

    return make


@pytest.fixture
def sign_in(house: House) -> Callable[..., str]:
    """`sign_in(name, *roles)` makes a person and returns the token of their session."""

    def make(name: str, *roles: Role) -> str:
        with house.database.write() as session:
            now = house.clock.now(session)
            return staff.redeem_invite(
                session, now, staff.invite(session, now, name=name, roles=roles, actor="operator")
            )

    return make


@pytest.fixture(scope="session")
def shared_decoder() -> Iterator[Decoder]:
    """One warm decoder for all tests that need one: it keeps nothing of a document."""
    with Decoder() as decoder:
        yield decoder


@pytest.fixture
def work(house: House, clock: MovedClock, shared_decoder: Decoder, apart: Apart | None) -> Work:
    """`work()` runs all jobs of `house` until there is nothing left to do."""
    zones = {} if apart is None else apart.open_workshops(shared_decoder)
    return Work(open_workshop(house, decoder=shared_decoder), clock, apart=zones)


@pytest.fixture
def desk(house: House, client: TestClient) -> Desk:
    """An agent at the doors of `house`, who opens them to customers and reviewers too."""
    return open_desk(house, client)
