"""In which order the tests run: those that take longest begin, so that no process ends alone with one of them.

Guarantees: every test stays, and tests of one file stay together, because they share what was started for them.
`--dist worksteal` gives each process an equal share from the front, and lets who is done take from the others' ends:
so each share begins with its part of the long ones, and ends with short ones.
"""

from collections.abc import Sequence
from typing import Final

import pytest

_LONG: Final = (
    "tests/faults/test_kills.py::test_a_death_at_any_point_leaves_nothing_and_loses_nothing[0]",
    "tests/faults/test_kills.py::test_a_death_at_any_point_leaves_nothing_and_loses_nothing[1]",
    "tests/browser/",
    "tests/security/",
    "tests/faults/",
    "tests/scenarios/test_demo.py",
    "tests/scenarios/contacts/",
    "tests/scenarios/",
    "tests/property/",
)


def arrange(items: Sequence[pytest.Item], *, processes: int) -> list[pytest.Item]:
    """The same tests in the order in which `processes` of them end soonest."""
    groups: dict[str, list[pytest.Item]] = {prefix: [] for prefix in (*_LONG, "")}
    for item in items:
        groups[next(prefix for prefix in groups if item.nodeid.startswith(prefix))].append(item)
    rest = groups.pop("")
    shares: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for number, group in enumerate(groups.values()):
        shares[number % processes] += group
    arranged: list[pytest.Item] = []
    for number, share in enumerate(shares):
        missing = len(items) * (number + 1) // processes - len(arranged) - len(share)
        taken, rest = rest[: max(missing, 0)], rest[max(missing, 0) :]
        arranged += share + taken
    return arranged + rest
