"""In what order a key and its documents go: neither waits longer for the other than it must."""

from tests.journey import Desk
from tests.workers_by_hand import Work
from verifier.db.wakeups import Work as Waiting
from verifier.wiring import House


def test_a_document_whose_bytes_went_first_is_stated_as_soon_as_its_key_is_gone(
    house: House, desk: Desk, work: Work
) -> None:
    asked, _ = desk.submitted(work)
    desk.post(asked["id"], "cancel")
    work.run("dispose")  # the bytes go, and the statement waits for the key
    assert desk.read(asked["id"])["documents"][0]["disposed_at"] is None
    told: set[Waiting] = set()
    house.database.tell = told.update
    work.run("shred")
    assert Waiting.DISPOSE in told
    assert work.run("dispose") == 1
    assert desk.read(asked["id"])["documents"][0]["disposed_at"] is not None
