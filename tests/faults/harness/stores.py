"""Stores that fail: calls refused, done without an answer, reset midway, slowed down; one that lies about deletion."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tests.faults.harness.load import Load
from tests.faults.harness.scenario import Run
from tests.faults.harness.stage import Stage
from tests.faults.harness.under_load import UnderLoad
from tests.faults.looks import look_at_receipts
from tests.servers.faulty_s3 import (
    Act,
    Choice,
    Faulty,
    Request,
    is_delete,
    is_put,
    lose_answer,
    never_answer,
    refuse,
    reset_midway,
    say,
)

Trouble: TypeAlias = Literal["failing", "unanswered", "reset", "slow_down", "lying"]
Which: TypeAlias = Literal["documents", "keys"]

_LASTS: Final = 12.0
_SHARE: Final = 0.3
_LOOKS_EVERY: Final = 1.0


@dataclass(frozen=True)
class Store(UnderLoad):
    """One trouble with one bucket."""

    which: Which = "documents"
    trouble: Trouble = "failing"

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        faulty = stage.parts.documents if self.which == "documents" else stage.parts.keys
        counted = Counted()
        ended = threading.Event()
        for choice, fault in _plan(self.trouble, random.Random(turn), ended):
            faulty.add(choice, counted.count(fault))
        ends_at = time.monotonic() + _LASTS
        while time.monotonic() < ends_at:
            time.sleep(_LOOKS_EVERY)
            if self.trouble == "lying":
                # What the store only said is believed by nobody: no receipt while the bytes are there.
                run.failures += [each for each in look_at_receipts(stage.house) if "bytes are there" in each]
        mend(faulty)
        ended.set()
        run.faults += counted.total
        assert counted.total, "no call failed: nothing was tried"


class Counted:
    """How often faults happened."""

    def __init__(self) -> None:
        self.total = 0

    def count(self, act: Act) -> Act:
        def counted(handler: object, request: Request) -> None:
            self.total += 1
            act(handler, request)  # type: ignore[arg-type]  # the proxy's own handler, handed on

        return counted


def mend(faulty: Faulty) -> None:
    """From now on everything passes."""
    faulty.rules.clear()


def _plan(trouble: Trouble, dice: random.Random, ended: threading.Event) -> list[tuple[Choice, Act]]:
    def sometimes(choice: Choice, share: float) -> Choice:
        return lambda request: choice(request) and dice.random() < share

    def any_call(_request: Request) -> bool:
        return True

    plans: Mapping[Trouble, Callable[[], list[tuple[Choice, Act]]]] = {
        "failing": lambda: [
            (sometimes(any_call, _SHARE / 2), refuse(500, "InternalError")),
            (sometimes(any_call, _SHARE / 2), lose_answer),
        ],
        "unanswered": lambda: [
            (sometimes(is_put, 0.1), never_answer(ended)),
            (sometimes(lambda request: is_put(request) or is_delete(request), 0.5), lose_answer),
        ],
        "reset": lambda: [(sometimes(is_put, 0.7), reset_midway)],
        "slow_down": lambda: [(any_call, refuse(503, "SlowDown"))],
        "lying": lambda: [(is_delete, say(204))],
    }
    return plans[trouble]()
