"""SIGKILL at every named fault point, while whole verifications run: nothing lingers, nothing acknowledged is lost.

Real processes, real HTTP. After each round the service is let come to rest, and then everything is looked at: rows,
stores, keys, receipts, log, published tiles, temporary files, processes. `make faults` does so on the stack too.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.faults.rounds import play
from verifier.faults import POINTS

# Points of web and worker alternate: a supervisor slows down while its child keeps dying, until the web begins anew.
_DOORS: Final = ("create", "renew", "upload", "submission", "submit", "view", "decide", "exit", "proof", "details")
_WEB: Final = sorted(point for point in POINTS if point.startswith(_DOORS))
# By their last letters, which mixes checking, disposal and sequencing.
_WORKER: Final = sorted(POINTS - set(_WEB), key=lambda point: point[::-1])
_GROUPS: Final = 2


def _deal(number: int) -> list[str]:
    web, worker = _WEB[number::_GROUPS], _WORKER[number::_GROUPS]
    dealt = []
    while web or worker:
        dealt += [worker.pop() for _ in range(min(2, len(worker)))] + [web.pop() for _ in range(min(1, len(web)))]
    return dealt


def test_every_point_is_dealt_once() -> None:
    assert sorted(point for number in range(_GROUPS) for point in _deal(number)) == sorted(POINTS)
    assert len(POINTS) >= 20


@pytest.mark.parametrize("group", range(_GROUPS))
def test_a_death_at_any_point_leaves_nothing_and_loses_nothing(tmp_path: Path, group: int) -> None:
    points = _deal(group)
    outcome = play(tmp_path / "home", points, turn=group)
    assert [*outcome.failures, *outcome.cut_short] == []
    assert outcome.deaths == dict.fromkeys(points, 1)
