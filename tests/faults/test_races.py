"""Two things at once: an upload, a check or another worker, and the disposal of what they write."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.apart import run_apart
from tests.faults.hands import Hands
from tests.faults.looks import find_unrest, list_objects, look_at_everything, look_at_objects, look_at_receipts
from tests.faults.running import wait_until
from tests.faults.stores import MoodyKeys, MoodyObjects
from tests.journey import Desk, make_jpeg, refusal
from tests.servers.databases import ON_BOTH
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_first_entry
from verifier.db.clock import MovedClock
from verifier.errors import VerifierError
from verifier.evidence.documents import verify_takes_documents
from verifier.evidence.tables import DocumentRow
from verifier.evidence.upload import Body
from verifier.ids import DocumentId, VerificationId
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.vault.objects import ObjectKey
from verifier.verifications.moves import lock_verification
from verifier.verifications.tables import VerificationRow
from verifier.wiring import House, choose_seams, open_house, open_workshop
from workers.schedule import plan_jobs

SLOT = "diploma.all_pages"
_PAST_THE_FENCE = timedelta(seconds=40)
_HANGING = str(Path(__file__).parent / "decoder_hanging.py")


@pytest.fixture
def objects(settings: Settings) -> MoodyObjects:
    return MoodyObjects(choose_seams(settings).objects)


@pytest.fixture
def house(settings: Settings, clock: MovedClock, objects: MoodyObjects) -> Iterator[House]:
    seams = replace(choose_seams(settings), clock=clock, objects=objects)
    opened = open_house(settings, seams=replace(seams, keys=MoodyKeys(seams.keys)))
    yield opened
    opened.close()


@pytest.fixture
def hands(house: House, clock: MovedClock, shared_decoder: Decoder) -> Hands:
    return Hands(open_workshop(house, decoder=shared_decoder), clock)


@dataclass
class _Sender:
    verification: VerificationId
    actor: str = "customer"

    def note_slot(self, slot: str) -> None:
        """There is no page to show it on."""

    def admit(self, session: Session, form_token: str) -> VerificationId:
        return self.verification

    def lock(self, session: Session, now: datetime) -> VerificationRow:
        row = lock_verification(session, self.verification)
        verify_takes_documents(row, now)
        return row


def upload_with_a_pause(house: House, verification: str, happens: Callable[[], None]) -> None:
    """Upload a photo; between its two halves something happens."""
    head = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    photo = make_jpeg(width=900, height=900)

    async def chunks() -> AsyncIterator[bytes]:
        yield head % (b"form_token", b"-") + head % (b"slot", SLOT.encode()) + file
        step = len(photo) // 4
        for at in range(0, len(photo), step):
            if at == 2 * step:
                await asyncio.to_thread(happens)
            yield photo[at : at + step]
        yield b"\r\n--b--\r\n"

    body = Body(chunks=chunks(), boundary=b"b", declared_bytes=None)
    run_apart(house.uploads.receive(_Sender(VerificationId(verification)), body))


def test_an_upload_across_a_cancellation_is_refused_and_leaves_nothing(house: House, desk: Desk, hands: Hands) -> None:
    asked = desk.request()

    def cancel() -> None:
        assert desk.post(asked["id"], "cancel").status_code == 200
        hands()
        assert list_objects(house)  # it waits for the fence: the writer may still write

    with pytest.raises(VerifierError) as refused:
        upload_with_a_pause(house, asked["id"], cancel)
    assert refused.value.code in {"already_decided", "upload_ended"}
    assert list_objects(house) == []
    hands.pass_time(_PAST_THE_FENCE)
    assert find_unrest(house) == []
    assert look_at_everything(house) == []


def test_a_writer_that_sleeps_past_its_fence_closes_nothing(
    house: House, desk: Desk, hands: Hands, clock: MovedClock
) -> None:
    asked = desk.request()

    def dispose_of_it() -> None:
        assert desk.post(asked["id"], "cancel").status_code == 200
        clock.offset += _PAST_THE_FENCE
        hands()
        assert find_unrest(house) == []

    with pytest.raises(VerifierError):
        upload_with_a_pause(house, asked["id"], dispose_of_it)
    assert [*look_at_objects(house), *look_at_receipts(house)] == []


@pytest.mark.parametrize("is_late", [False, True])
def test_a_writer_that_commits_after_the_disposal_is_refused_and_takes_its_bytes_back(
    house: House, desk: Desk, hands: Hands, clock: MovedClock, objects: MoodyObjects, is_late: bool
) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    objects.is_late = is_late

    def dispose_of_it() -> None:
        assert desk.post(asked["id"], "cancel").status_code == 200
        clock.offset += _PAST_THE_FENCE
        hands()
        assert find_unrest(house) == []

    objects.before_commit = dispose_of_it
    answer = customer.upload(SLOT, make_jpeg())
    assert answer.status_code >= 400
    assert refusal(answer)[0] < 500
    assert [*look_at_objects(house), *look_at_receipts(house)] == []


@pytest.mark.parametrize("is_late", [False, True])
def test_a_check_that_sleeps_across_the_disposal_leaves_no_page(
    house: House, desk: Desk, hands: Hands, clock: MovedClock, objects: MoodyObjects, is_late: bool
) -> None:
    asked = desk.request()
    assert desk.customer(asked).upload(SLOT, make_jpeg(width=64, height=48)).status_code == 201
    objects.is_late = is_late

    def dispose_of_it() -> None:
        assert desk.post(asked["id"], "cancel").status_code == 200
        clock.offset += _PAST_THE_FENCE
        for job in ("shred", "dispose"):
            hands.run(job)

    objects.before_commit = dispose_of_it
    hands.run("check")
    hands.pass_time(_PAST_THE_FENCE)
    assert find_unrest(house) == []
    assert [*look_at_objects(house), *look_at_receipts(house)] == []


def test_bytes_that_turn_up_under_a_disposed_id_are_told_and_deleted_again(
    house: House, desk: Desk, hands: Hands
) -> None:
    asked = desk.request()
    document = desk.customer(asked).upload(SLOT, make_jpeg(width=64, height=48)).json()["document"]
    hands()
    assert desk.post(asked["id"], "cancel").status_code == 200
    hands()
    assert find_unrest(house) == []
    key = ObjectKey(house.vault.installation, VerificationId(asked["id"]), DocumentId(document), "original")
    late = house.vault.objects.create(key)
    late.write(b"from a backup, or a writer that nobody fenced")
    late.commit()
    hands.run("compare")
    assert list_objects(house) == []
    with house.database.read() as session:
        for kind in (EntryKind.COPY_LATE, EntryKind.ALARM_RAISED, EntryKind.DOCUMENT_DISPOSED_AGAIN):
            assert find_first_entry(session, EntryFilter(kind=kind)) is not None
    hands()
    assert [*look_at_objects(house), *look_at_receipts(house)] == []


@ON_BOTH
def test_two_workers_at_once_come_to_one_end(
    house: House, desk: Desk, hands: Hands, clock: MovedClock, shared_decoder: Decoder
) -> None:
    asked = [desk.request(reference=f"CASE-{number}") for number in range(6)]
    for each in asked:
        assert desk.customer(each).upload(SLOT, make_jpeg(width=64, height=48)).status_code == 201
    others = [Hands(open_workshop(house, decoder=shared_decoder), clock) for _ in range(2)]
    for number in range(2):
        threads = [threading.Thread(target=other, kwargs={"rounds": 4}) for other in others]
        for thread in threads:
            thread.start()
        for each in asked[number::2]:
            assert desk.post(each["id"], "cancel").status_code == 200
        for thread in threads:
            thread.join()
    hands.pass_time(_PAST_THE_FENCE)
    assert find_unrest(house) == []
    assert look_at_everything(house) == []


@pytest.mark.parametrize("name", [job.name for job in plan_jobs(Settings())])
def test_a_job_that_runs_twice_comes_to_the_same_end(house: House, desk: Desk, hands: Hands, name: str) -> None:
    busy, ended, removed = (desk.request(reference=f"CASE-{number}") for number in range(3))
    for each in (ended, removed):
        assert desk.customer(each).upload(SLOT, make_jpeg(width=64, height=48)).status_code == 201
    hands()
    assert desk.customer(busy).upload(SLOT, make_jpeg(width=64, height=48)).status_code == 201
    customer = desk.customer(removed)
    assert customer.post(f"documents/{customer.status()['slots'][0]['document']}/remove").status_code == 200
    assert desk.post(ended["id"], "cancel").status_code == 200
    while hands.run(name):
        """Until it finds nothing more."""
    before = dump(house)
    hands.run(name)
    assert dump(house) == before


def dump(house: House) -> list[str]:
    """Every row of every table; leases and the clock's mark move on by themselves."""
    from verifier.db.base import Base

    rows = []
    with house.database.read() as session:
        for table in Base.metadata.sorted_tables:
            columns = [c for c in table.columns if c.name not in {"leased_until", "attempts", "clock_high_at"}]
            rows += [
                f"{table.name}: {tuple(row)}" for row in session.execute(table.select().with_only_columns(*columns))
            ]
    return rows


def count_leased(house: House) -> int:
    """How many documents are being decoded."""
    with house.database.read() as session:
        return len(
            session.scalars(select(DocumentRow).where(DocumentRow.decodes > 0, DocumentRow.ready_at.is_(None))).all()
        )


def dispose_once(hands: Hands) -> None:
    for job in ("shred", "dispose", "sequence"):
        hands.run(job)


def test_hanging_decoders_do_not_hold_up_disposal(house: House, desk: Desk, hands: Hands, clock: MovedClock) -> None:
    ready = desk.request(reference="CASE-READY")
    assert desk.customer(ready).upload(SLOT, make_jpeg(width=64, height=48)).status_code == 201
    hands()
    stuck = [desk.request(reference=f"CASE-{number}") for number in range(3)]
    for each in stuck:
        assert desk.customer(each).upload(SLOT, make_jpeg(width=64, height=48)).status_code == 201
    with Decoder(children=2, program=(_HANGING,)) as decoder:
        blocked = Hands(open_workshop(house, decoder=decoder), clock)
        threads = [threading.Thread(target=blocked.run, args=("check",)) for _ in stuck]
        for thread in threads:
            thread.start()
        wait_until(lambda: count_leased(house) == len(threads), within=30, what="the decoders do not hang")
        for each in (ready, *stuck):
            assert desk.post(each["id"], "cancel").status_code == 200
        dispose_once(blocked)
        # What nobody writes goes at once; what is being checked has a fence, and goes when that has passed.
        assert VerificationId(ready["id"]) not in {item.key.verification for item in list_objects(house)}
        clock.offset += _PAST_THE_FENCE
        dispose_once(blocked)
        assert find_unrest(house) == []
        assert any(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join(30)
    hands.pass_time(_PAST_THE_FENCE)
    assert look_at_everything(house) == []
