"""Deaths between the placing and the end of a hold: what is held stays, what is over goes, each is told once.

The process that places or ends the hold is a real one, and is killed; its clock is moved, because a law counts in days.
"""

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from tests.held_policies import write_policies
from tests.journey import Desk, make_jpeg
from tests.warm import run_program
from tests.workers_by_hand import Work
from verifier.audit.service import EntryFilter, find_entries
from verifier.db.clock import MovedClock
from verifier.disposal.receipt import verify_receipt
from verifier.ids import VerificationId
from verifier.retention.tables import HoldRow
from verifier.reviews.tables import ClaimRow
from verifier.settings import Settings
from verifier.wiring import House

_KEPT_FOR: Final = timedelta(days=30)
_CHILD: Final = """
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from verifier import faults
from verifier.contacts.forgetting import forget_contacts
from verifier.db.clock import MovedClock
from verifier.disposal.service import Disposer
from verifier.disposal.shred import Shredder
from verifier.reviews.decisions import Decision, Outcome
from verifier.settings import Settings
from verifier.verifications.once import EVERY_TIME
from verifier.wiring import choose_seams, open_house

faults.arm_from_environment()
home, policies, offset, verification, actor = sys.argv[1:]
settings = Settings(home=Path(home), policies_folder=Path(policies))
clock = MovedClock()
clock.offset = timedelta(seconds=float(offset))
house = open_house(settings, seams=replace(choose_seams(settings), clock=clock))
if actor != "worker":
    house.decisions.decide(verification, Decision(Outcome.APPROVE), actor=actor, once=EVERY_TIME)
parts = {"clock": house.clock, "vault": house.vault}
shredder = Shredder(house.database, forget=forget_contacts, **parts)
for _ in range(3):
    shredder.forget_unheld()
    shredder.shred_due()
    Disposer(house.database, **parts).dispose_due()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", policies_folder=write_policies(tmp_path / "policies"))


def die_at(point: str, settings: Settings, clock: MovedClock, *, verification: str, actor: str = "worker") -> None:
    """Let a process of its own act, until it is killed at `point`."""
    fuse = settings.home.parent / "fuse"
    fuse.write_text(point)
    offset = str(clock.offset.total_seconds())
    arguments = [str(settings.home), str(settings.policies_folder), offset, verification, actor]
    environment = {**os.environ, "VERIFIER_FAULT_FUSE": str(fuse)}
    died = run_program(_CHILD, *arguments, env=environment)
    assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]


def submit(desk: Desk, work: Work) -> str:
    asked = desk.request(policy="keeps-documents")
    customer = desk.customer(asked)
    for slot in ("letter.page", "letter.back"):
        assert customer.upload(slot, make_jpeg(width=320, height=240)).status_code == 201
    work()
    body = {"details": {"paid_on": "2026-11-20"}, "captions": {"letter.page": "a", "letter.back": "b"}}
    body["form_token"] = customer.status()["form_token"]
    json = {"accept": "application/json"}
    assert customer.client.post(f"/verification/{asked['id']}/details", json=body, headers=json).status_code == 200
    assert customer.post("submit").status_code == 200
    return str(asked["id"])


def find_claimant(house: House, verification: str) -> str:
    with house.database.read() as session:
        return str(session.get_one(ClaimRow, verification).actor)


def count_holds(house: House) -> int:
    with house.database.read() as session:
        return len(session.scalars(select(HoldRow)).all())


@pytest.mark.parametrize(
    "point",
    ["shred.marked", "shred.key_deleted", "shred.committed", "dispose.marked", "dispose.copy_deleted",
     "dispose.looked", "dispose.committed"],
)  # fmt: skip
def test_a_death_on_either_side_of_a_hold_neither_loses_nor_keeps_anything(
    house: House, settings: Settings, desk: Desk, work: Work, clock: MovedClock, point: str
) -> None:
    verification = submit(desk, work)
    reviewer = desk.reviewer()
    assert reviewer.claim(verification).status_code == 200
    reviewer.view_all(verification)
    actor = find_claimant(house, verification)
    work()
    die_at("decide.before_commit", settings, clock, verification=verification, actor=actor)
    assert desk.read(verification)["status"] == "submitted"
    assert count_holds(house) == 0, "what was not committed placed nothing"
    die_at("decide.committed", settings, clock, verification=verification, actor=actor)
    assert desk.read(verification)["status"] == "approved"
    assert count_holds(house) == 1
    work.pass_time(_KEPT_FOR - timedelta(seconds=30))
    assert {each["state"] for each in desk.read(verification)["documents"]} == {"ready"}
    assert desk.read(verification)["unreadable_at"] is None

    clock.offset += timedelta(seconds=60)
    die_at(point, settings, clock, verification=verification)
    work.settle()
    work.pass_time(timedelta(seconds=31))
    work.settle()
    told = desk.read(verification)
    assert {each["state"] for each in told["documents"]} == {"disposed"}
    assert told["unreadable_at"] is not None
    for each in told["documents"]:
        receipt = desk.client.get(f"/v1/receipts/{each['id']}", headers=desk.headers).content
        assert verify_receipt(receipt, log_key=house.log_key).status == "complete"
    with house.database.read() as session:
        entries = find_entries(session, EntryFilter(verification=VerificationId(verification)), limit=99)
    kinds = [str(entry.statement.kind) for entry in entries]
    assert [kinds.count(kind) for kind in ("hold.placed", "hold.ended", "verification.shredded")] == [1, 1, 1]
