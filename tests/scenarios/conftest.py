"""Fixtures of the scenarios: people who are signed in, and an installation that comes back from its backup."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from policies.access import Role
from tests.journey import Desk
from tests.person import Enter, Person
from tests.restoring import Before, Reopen, live_on_after_a_backup, reopening
from tests.workers_by_hand import Work
from verifier.db.clock import MovedClock
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.wiring import House


@pytest.fixture
def enter(house: House, client: TestClient, sign_in: Callable[..., str]) -> Enter:
    """`enter(name, *roles)` gives a person who is signed in."""

    def open_browser(name: str, *roles: Role) -> Person:
        return Person(client.app, house.settings.public_url, session=sign_in(name, *roles))

    return open_browser


@pytest.fixture
def before(desk: Desk, house: House, work: Work, tmp_path: Path) -> Before:
    return live_on_after_a_backup(desk, house, work, tmp_path / "backup")


@pytest.fixture
def reopen(desk: Desk, settings: Settings, clock: MovedClock, shared_decoder: Decoder) -> Iterator[Reopen]:
    with reopening(desk, settings, clock, shared_decoder) as run:
        yield run
