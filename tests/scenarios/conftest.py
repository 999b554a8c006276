"""Fixtures of the scenarios: people who are signed in."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from policies.access import Role
from tests.person import Enter, Person
from verifier.wiring import House


@pytest.fixture
def enter(house: House, client: TestClient, sign_in: Callable[..., str]) -> Enter:
    """`enter(name, *roles)` gives a person who is signed in."""

    def open_browser(name: str, *roles: Role) -> Person:
        return Person(client.app, house.settings.public_url, session=sign_in(name, *roles))

    return open_browser
