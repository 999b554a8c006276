"""The cheapest scenarios of `make faults`, once each: that load, faults and looks work together."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness.catalogue import find
from tests.faults.harness.servers import MissingServerError, Servers


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    opened = Servers()
    yield opened
    opened.close()


@pytest.mark.parametrize("name", ["restart-embedded", "documents-failing"])
def test_what_is_broken_under_load_leaves_nothing_and_loses_nothing(
    tmp_path: Path, servers: Servers, name: str
) -> None:
    try:
        run = find(name).run(tmp_path, servers, turn=0)
    except MissingServerError as missing:
        pytest.skip(str(missing))
    assert run.failures == []
    assert run.faults > 0
    assert run.receipts >= run.acknowledged > 0
