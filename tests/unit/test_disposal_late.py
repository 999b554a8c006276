"""What a store ends late is found soon after it was seen absent, and deleted again, though nobody takes it back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.journey import Desk, make_jpeg
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.audit.tables import EntryRow
from verifier.db.clock import MovedClock
from verifier.evidence.documents import ORIGINAL
from verifier.evidence.tables import DocumentRow
from verifier.ids import DocumentId
from verifier.vault.errors import StoreUnavailableError
from verifier.vault.objects import ObjectKey
from verifier.wiring import House


def _put(house: House, key: ObjectKey) -> None:
    """As a store does that ends what its writer gave up."""
    writer = house.vault.objects.create(key)
    writer.write(b"late")
    writer.commit()


def _kinds_of(house: House, document: DocumentId) -> list[str]:
    with house.database.read() as session:
        rows = session.scalars(select(EntryRow.kind).where(EntryRow.document_id == document).order_by(EntryRow.id))
        return [kind for kind in rows if kind.startswith(("copy.late", "document.disposed"))]


@pytest.fixture
def gone(desk: Desk, house: House, work: Work) -> ObjectKey:
    """The original of a document that was removed, and has its deletion receipt."""
    customer = desk.customer(desk.request())
    document = customer.upload("diploma.all_pages", make_jpeg(width=64, height=48)).json()["document"]
    assert customer.post(f"documents/{document}/remove").status_code == 200
    work.settle()
    with house.database.read() as session:
        row = session.get_one(DocumentRow, document)
        return ObjectKey(house.vault.installation, row.verification_id, row.id, ORIGINAL)


@ON_BOTH
def test_a_late_original_is_told_and_deleted_a_minute_after_it_was_seen_absent(
    house: House, work: Work, clock: MovedClock, gone: ObjectKey
) -> None:
    _put(house, gone)
    assert work.run("look_again") == 0, "it might come later still"
    clock.offset += timedelta(minutes=1)
    assert work.run("look_again") == 1
    assert house.vault.objects.is_absent(gone)
    assert _kinds_of(house, gone.document) == ["document.disposed", "copy.late", "document.disposed_again"]
    clock.offset += timedelta(hours=1)
    assert work.run("look_again") == 0


def test_where_nothing_came_late_nothing_is_said_and_it_is_looked_for_once(
    house: House, work: Work, clock: MovedClock, gone: ObjectKey
) -> None:
    clock.offset += timedelta(minutes=1)
    assert [work.run("look_again"), work.run("look_again")] == [1, 0]
    assert _kinds_of(house, gone.document) == ["document.disposed"]


@ON_BOTH
def test_an_original_that_became_pages_is_looked_for_too(desk: Desk, work: Work, clock: MovedClock) -> None:
    asked, _ = desk.submitted(work)
    clock.offset += timedelta(minutes=1)
    assert work.run("look_again") == 1, "its pages are where they should be"
    assert desk.read(asked["id"])["status"] == "submitted"


@ON_BOTH
def test_a_look_that_was_cut_short_is_made_again(house: House, work: Work, clock: MovedClock, gone: ObjectKey) -> None:
    _put(house, gone)
    clock.offset += timedelta(minutes=1)
    mark = house.settings.objects_folder / "installation"
    kept = mark.read_bytes()
    mark.unlink()  # the store is not there
    with pytest.raises(StoreUnavailableError):
        work.run("look_again")
    mark.write_bytes(kept)
    assert work.run("look_again") == 0, "somebody looks already, as far as anyone can tell"
    clock.offset += timedelta(seconds=30)
    assert work.run("look_again") == 1
    assert house.vault.objects.is_absent(gone)
