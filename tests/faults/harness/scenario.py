"""What a scenario is, and what comes of one run: the invariants that broke, and figures to judge it by."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.harness.servers import Servers
from tests.faults.harness.stage import Form


@dataclass
class Run:
    """What came of one run. `failures` are broken invariants; whoever has none, has held."""

    failures: list[str] = field(default_factory=list)
    faults: int = 0
    """How often something was broken: deaths, cuts, failed calls."""
    stories: int = 0
    """Verifications that came to their end."""
    cut_short: list[str] = field(default_factory=list)
    """Stories that a fault ended: the customer was told to try again, and the verification waits for it."""
    acknowledged: int = 0
    receipts: int = 0
    longest_seconds: float = 0.0
    """The longest time from due (or from the return of what was broken) to seen absent."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scenario(ABC):
    """One kind of fault on one form."""

    name: str
    breaks: str
    """For the table: what is broken, in a few words."""
    form: Form
    weight: int = 1
    """How often it is run when the cheapest are run once."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the installation beside the usual ones."""

    @abstractmethod
    def run(self, folder: Path, servers: Servers, *, turn: int) -> Run:
        """One run in a folder of its own."""
