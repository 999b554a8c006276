"""What a store ends late is found soon after it was seen absent, and deleted again, though nobody takes it back."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.journey import Desk, make_jpeg
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.audit.tables import EntryRow
from verifier.db.clock import MovedClock
from verifier.disposal.sweep import Sweep
from verifier.evidence.documents import ORIGINAL
from verifier.evidence.tables import DocumentRow
from verifier.ids import DocumentId, new_document_id, new_verification_id
from verifier.vault.errors import StoreUnavailableError
from verifier.vault.object_files import FileObjects
from verifier.vault.objects import ObjectKey
from verifier.vault.service import Vault
from verifier.wiring import House


class _KeepsOne(FileObjects):
    """Keeps the first thing that it is told to delete, and answers that it is gone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kept: ObjectKey | None = None

    def delete(self, key: ObjectKey) -> None:
        self.kept = self.kept or key
        if key != self.kept:
            super().delete(key)


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
    return _remove(desk, house, work, reference="CASE-1")


def _remove(desk: Desk, house: House, work: Work, *, reference: str) -> ObjectKey:
    """The original of a document that was removed, and has its deletion receipt."""
    customer = desk.customer(desk.request(reference=reference))
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


def test_late_bytes_that_stay_keep_neither_others_nor_orphans_from_going(
    desk: Desk, house: House, work: Work, clock: MovedClock, gone: ObjectKey
) -> None:
    late = {gone, _remove(desk, house, work, reference="CASE-2")}
    orphan = ObjectKey(house.vault.installation, new_verification_id(), new_document_id(), ORIGINAL)
    for key in (*late, orphan):
        _put(house, key)
    store = _KeepsOne(house.settings.objects_folder)
    vault = Vault(
        installation=house.vault.installation, objects=store, keys=house.vault.keys, roots=house.vault.roots
    )  # fmt: skip
    sweep = Sweep(house.database, clock=house.clock, vault=vault, orphans_after=timedelta(days=1))
    sweep.compare()
    clock.offset += timedelta(days=1)
    sweep.compare()
    assert store.kept in late
    assert {key for key in (*late, orphan) if not store.is_absent(key)} == {store.kept}
