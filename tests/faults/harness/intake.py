"""Disposal that is broken beyond its limit: nothing new is taken in, and whoever comes is told when to come back."""

import time
from dataclasses import dataclass
from typing import Final

import httpx2

from tests.faults.callers import Customer
from tests.faults.harness.load import Load
from tests.faults.harness.probing import send_once
from tests.faults.harness.scenario import Run
from tests.faults.harness.stage import Stage
from tests.faults.harness.stores import mend
from tests.faults.harness.under_load import UnderLoad
from tests.faults.stories import ACCOUNT, Story
from tests.servers.faulty_s3 import is_delete, refuse

LIMIT: Final = "PT1M"
_CLOSES_WITHIN: Final = 240.0


@dataclass(frozen=True)
class BrokenDisposal(UnderLoad):
    """The documents' store refuses every deletion, for longer than the limit."""

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        waiting, ended = Story(stage.cast), Story(stage.cast)
        load.stories.extend((waiting, ended))
        customer = waiting.begin(ACCOUNT)
        ended.send_diploma()
        stage.parts.documents.add(is_delete, refuse(403, "AccessDenied"))
        ended.agent.cancel(ended.verification)
        run.faults += 1
        deadline = time.monotonic() + _CLOSES_WITHIN
        while not _is_told(_try(customer)):
            assert time.monotonic() < deadline, "intake stays open while nothing is destroyed"
            time.sleep(1.0)
        mend(stage.parts.documents)
        stage.note_return()
        waiting.agent.cancel(waiting.verification)
        for story in (waiting, ended):
            story.close()


def _is_told(answer: httpx2.Response | None) -> bool:
    """Sent away, with a time to come back."""
    is_closed = answer is not None and answer.status_code == 503 and answer.json()["code"] == "intake_closed"
    return is_closed and answer is not None and int(answer.headers.get("retry-after", "0")) > 0


def _try(customer: Customer) -> httpx2.Response | None:
    slot = "identity.front"
    return send_once(customer, slot, replaces=str(customer.card(slot)["document"] or ""))
