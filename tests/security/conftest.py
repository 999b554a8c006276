"""Fixtures of the attacks: an installation with something in every table, for each file of them."""

from collections.abc import Iterator

import pytest

from tests.security.prey import Prey, open_prey
from tests.servers.databases import PostgresDatabases
from verifier.sanitise.decoder import Decoder


@pytest.fixture(scope="module")
def prey(
    postgres: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory, shared_decoder: Decoder
) -> Iterator[Prey]:
    with open_prey(postgres, tmp_path_factory.mktemp("home") / "home", shared_decoder) as laid_out:
        yield laid_out


@pytest.fixture(scope="module")
def unchanged(prey: Prey) -> Iterator[None]:
    before = prey.dump()
    assert [table for table, rows in before.items() if not rows] == ["idempotency_keys"]
    yield
    assert prey.dump() == before, "after all attacks everything stands as it stood"
