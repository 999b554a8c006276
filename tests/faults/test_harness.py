"""The cheapest scenario of `make faults`, once: load, faults, quiet and looks work together."""

from pathlib import Path

from tests.faults.harness.catalogue import find
from tests.faults.harness.servers import Servers


def test_restarts_under_load_leave_nothing_and_lose_nothing(tmp_path: Path) -> None:
    servers = Servers()
    try:
        run = find("restart-embedded").run(tmp_path, servers, turn=0)
    finally:
        servers.close()
    assert run.failures == []
    assert run.faults > 0
    assert run.receipts >= run.acknowledged > 0
