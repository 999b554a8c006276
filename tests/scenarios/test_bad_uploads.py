"""Bad uploads: each has its stable code, a sentence with the next step, and leaves nothing but tombstones."""

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from sqlalchemy import select

from tests.case_policies import CASE_POLICIES, FOLDER
from tests.journey import JSON, Customer, Desk, make_jpeg, make_pdf, refusal
from tests.workers_by_hand import Work
from verifier.db.clock import MovedClock
from verifier.evidence.tables import CopyRow, DocumentRow
from verifier.ids import new_document_id
from verifier.settings import Settings
from verifier.wiring import House

_BOUNDARY = "uFt3Q9"
_SLOT = "diploma.all_pages"
_LIMIT = CASE_POLICIES["qualification-check"].documents["diploma"].max_bytes


def find_objects(house: House) -> list[Path]:
    """Every file in the store of documents, half-written ones included, but for the store's own mark."""
    folder = house.settings.objects_folder
    return [path for path in folder.rglob("*") if path.is_file() and path.parent != folder]


def assert_nothing_left(house: House, clock: MovedClock, destroy: Callable[[], None]) -> None:
    """No bytes now; and once disposal has run, no rows but tombstones."""
    assert find_objects(house) == []
    clock.offset += timedelta(seconds=25)
    destroy()
    with house.database.read() as session:
        assert {row.state for row in session.scalars(select(DocumentRow))} <= {"disposed"}
        assert all(row.seen_absent_at for row in session.scalars(select(CopyRow)))
        assert sum(row.reserved_bytes for row in session.scalars(select(DocumentRow))) == 0


@pytest.fixture
def customer(desk: Desk) -> Customer:
    """A customer who is asked for one document."""
    return desk.customer(desk.request())


def part(name: str, value: bytes, *, file: str | None = None, head: str = "") -> bytes:
    named = f'; filename="{file}"' if file is not None else ""
    return (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}{head}\r\n\r\n'.encode()
        + value
        + b"\r\n"
    )


END = f"--{_BOUNDARY}--\r\n".encode()


def send(customer: Customer, body: bytes, *, content_type: str | None = None) -> httpx2.Response:
    """A body as it is."""
    return customer.client.post(
        f"/verification/{customer.verification}/documents",
        content=body,
        headers=JSON | {"content-type": content_type or f"multipart/form-data; boundary={_BOUNDARY}"},
    )


def form(customer: Customer, *, slot: str = _SLOT) -> bytes:
    """The fields that stand before a file."""
    return part("form_token", customer.status()["form_token"].encode()) + part("slot", slot.encode())


JPEG = make_jpeg(width=64, height=48)
_HEIC = struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic"


_TYPES: dict[str, tuple[bytes, tuple[int, str]]] = {
    "nothing": (b"", (400, "empty_file")),
    "one byte": (b"x", (415, "unsupported_type")),
    "GIF": (b"GIF89a" + bytes(100), (415, "unsupported_type")),
    "HTML": (b"<html><script>alert(1)</script>", (415, "unsupported_type")),
    "ZIP": (b"PK\x03\x04" + bytes(100), (415, "unsupported_type")),
    "BMP": (b"BM" + bytes(100), (415, "unsupported_type")),
    "TIFF": (b"II*\x00" + bytes(100), (415, "unsupported_type")),
    "a program": (b"MZ" + bytes(100), (415, "unsupported_type")),
    "HEIC": (_HEIC + bytes(100), (415, "heic_not_accepted")),
}


def test_a_file_of_another_type_is_refused_before_it_is_stored(
    house: House, customer: Customer, subtests: pytest.Subtests
) -> None:
    for kind, (data, answer) in _TYPES.items():
        with subtests.test(kind):
            refused = customer.upload(_SLOT, data)
            assert refusal(refused) == answer
            assert find_objects(house) == []
            with house.database.read() as session:
                assert session.scalars(select(DocumentRow)).all() == [], "not even a row"
    assert "screenshot" in refused.json()["next_step"], "who has a HEIC picture reads how to send it"
    assert "JPEG" in refused.json()["next_step"]


def test_a_file_that_is_too_large_is_refused_by_its_length_before_it_is_read(
    house: House, clock: MovedClock, destroy: Callable[[], None], customer: Customer
) -> None:
    refused = customer.upload(_SLOT, JPEG + bytes(_LIMIT + 100_000))
    assert refusal(refused) == (413, "file_too_large")
    assert "20 MB" in refused.json()["detail"]
    with house.database.read() as session:
        assert session.scalars(select(DocumentRow)).all() == []
    assert_nothing_left(house, clock, destroy)


@pytest.mark.parametrize(("over", "status"), [(0, 201), (1, 413)])
def test_the_limit_is_kept_to_the_byte_while_the_file_streams(
    house: House, clock: MovedClock, destroy: Callable[[], None], customer: Customer, over: int, status: int
) -> None:
    def stream() -> Iterator[bytes]:
        yield form(customer) + part("file", JPEG, file="a.jpg")[:-2]
        left = _LIMIT + over - len(JPEG)
        while left:
            yield bytes(min(left, 700_000))
            left -= min(left, 700_000)
        yield b"\r\n" + END

    answer = customer.client.post(
        f"/verification/{customer.verification}/documents",
        content=stream(),
        headers=JSON | {"content-type": f"multipart/form-data; boundary={_BOUNDARY}"},
    )
    assert answer.status_code == status
    if status == 413:
        assert refusal(answer) == (413, "file_too_large")
        assert_nothing_left(house, clock, destroy)


def _with_fields(tail: bytes) -> Callable[[Customer], bytes]:
    return lambda customer: form(customer) + tail


_MALFORMED: dict[str, tuple[Callable[[Customer], bytes], tuple[int, str]]] = {
    "no closing boundary": (_with_fields(part("file", JPEG, file="a.jpg")), (400, "upload_cut")),
    "cut in the file": (_with_fields(part("file", JPEG, file="a.jpg")[:-500]), (400, "upload_cut")),
    "cut in the closing boundary": (_with_fields(part("file", JPEG, file="a.jpg") + END[:-5]), (400, "upload_cut")),
    "cut in the fields": (lambda customer: form(customer)[:-20], (400, "upload_cut")),
    "cut in a header": (_with_fields(part("file", JPEG, file="a.jpg")[:30]), (400, "upload_cut")),
    "nothing at all": (lambda _: b"", (400, "upload_cut")),
    "another boundary": (lambda _: b"--other\r\n", (400, "malformed_multipart")),
    "no boundary line": (lambda _: b"hello", (400, "malformed_multipart")),
    "no file": (_with_fields(END), (400, "missing_file")),
    "nothing chosen": (_with_fields(part("file", b"", file="") + END), (400, "missing_file")),
    "a file under another name": (_with_fields(part("photo", JPEG, file="a.jpg") + END), (400, "malformed_multipart")),
    "an unknown field": (_with_fields(part("colour", b"red") + END), (400, "malformed_multipart")),
    "a field twice": (_with_fields(part("slot", b"x") + END), (400, "malformed_multipart")),
    "a field after the file": (
        _with_fields(part("file", JPEG, file="a.jpg") + part("replaces", b"") + END),
        (400, "malformed_multipart"),
    ),
    "a part without a name": (
        _with_fields(f"--{_BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n".encode() + END),
        (400, "malformed_multipart"),
    ),
    "a part without a disposition": (
        _with_fields(f"--{_BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n".encode() + END),
        (400, "malformed_multipart"),
    ),
    "headers too long": (
        _with_fields(part("file", JPEG, file="a.jpg", head=f"\r\nX-Long: {'y' * 5000}") + END),
        (400, "malformed_multipart"),
    ),
    "many headers": (
        _with_fields(part("file", JPEG, file="a.jpg", head="\r\nX-A: y" * 1000) + END),
        (400, "malformed_multipart"),
    ),
    "a field too long": (
        lambda _: part("slot", b"x" * 300) + part("file", JPEG, file="a.jpg") + END,
        (400, "malformed_multipart"),
    ),
    "too many parts": (lambda _: part("replaces", b"") * 9 + END, (400, "malformed_multipart")),
    "a field that is no text": (
        lambda _: part("slot", b"\xff\xfe") + part("file", JPEG, file="a.jpg") + END,
        (400, "malformed_multipart"),
    ),
    "a file before its slot": (
        lambda customer: part("file", JPEG, file="a.jpg") + form(customer) + END,
        (400, "file_before_slot"),
    ),
    "two files": (_with_fields(part("file", JPEG, file="a.jpg") * 2 + END), (400, "too_many_files")),
    "no form token": (
        lambda _: part("slot", _SLOT.encode()) + part("file", JPEG, file="a.jpg") + END,
        (403, "invalid_form_token"),
    ),
    "a form token of nobody": (
        lambda _: part("form_token", b"x" * 43) + part("slot", _SLOT.encode()) + part("file", JPEG, file="a") + END,
        (403, "invalid_form_token"),
    ),
}


def test_a_body_that_is_no_whole_form_is_refused_and_leaves_nothing(
    house: House, clock: MovedClock, destroy: Callable[[], None], customer: Customer, subtests: pytest.Subtests
) -> None:
    for case, (make_body, answer) in _MALFORMED.items():
        with subtests.test(case):
            assert refusal(send(customer, make_body(customer))) == answer
            assert find_objects(house) == []
    assert_nothing_left(house, clock, destroy)


_CONTENT_TYPES = (
    "multipart/form-data",
    "multipart/form-data; boundary=",
    f"multipart/form-data; boundary={'x' * 71}",
    "application/json",
    "text/plain",
    "",
    "multipart/mixed; boundary=x",
    'multipart/form-data; boundary="',
    "multipart/form-data; boundary=\xff",
)


def test_a_content_type_that_is_no_form_is_refused(customer: Customer, subtests: pytest.Subtests) -> None:
    body = form(customer) + part("file", JPEG, file="a.jpg") + END
    for content_type in _CONTENT_TYPES:
        with subtests.test(content_type):
            answer = customer.client.post(
                f"/verification/{customer.verification}/documents",
                content=body,
                headers=[(b"accept", b"application/json"), (b"content-type", content_type.encode("latin-1"))],
            )
            assert refusal(answer) == (400, "malformed_multipart")


_NO_SLOTS = (
    "identity.front",
    "diploma",
    "diploma.",
    ".all_pages",
    "diploma.all_pages.x",
    "../../x",
    "",
    "diploma\x00.all",
)


def test_a_slot_that_nobody_asked_for_is_refused(house: House, customer: Customer, subtests: pytest.Subtests) -> None:
    for slot in _NO_SLOTS:
        with subtests.test(slot):
            assert refusal(customer.upload(slot, JPEG)) == (400, "unknown_slot")
    assert find_objects(house) == []


def test_two_files_for_one_slot_are_one_too_many(house: House, customer: Customer) -> None:
    assert customer.upload(_SLOT, JPEG).status_code == 201
    assert refusal(customer.upload(_SLOT, JPEG)) == (409, "slot_taken")
    for nonsense in ("x", new_document_id()):
        assert refusal(customer.upload(_SLOT, JPEG, replaces=nonsense)) == (404, "unknown_document")
    assert len(find_objects(house)) == 1


def test_submitting_waits_until_everything_is_checked(customer: Customer, work: Work) -> None:
    assert refusal(customer.post("submit")) == (409, "not_everything_sent")
    assert customer.upload(_SLOT, JPEG).status_code == 201
    early = customer.post("submit")
    assert refusal(early) == (409, "still_checking")
    assert int(early.headers["retry-after"]) >= 1
    work()
    assert customer.post("submit").status_code == 200


def _corrupt_jpeg() -> bytes:
    return JPEG[:200] + os.urandom(50)


def _bomb() -> bytes:
    """A PNG of 60,000 × 60,000 pixels in 100 bytes."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def _protected_pdf(cases_dir: Path) -> bytes:
    return (cases_dir / "pdf_benign" / "005-libreoffice-writer-password__libreoffice-writer-password.pdf").read_bytes()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_corrupt_jpeg, "corrupt_image"),
        (_bomb, "too_many_pixels"),
        (lambda: b"%PDF-1.7\n" + bytes(200), "corrupt_pdf"),
        (lambda: make_pdf(pages=7), "too_many_pages"),
        (lambda: JPEG[:2] + b"\xff" + b"%PDF-1.4" + bytes(300), "corrupt_image"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_by_name_and_destroyed_at_once(
    house: House, desk: Desk, customer: Customer, work: Work, make: Callable[[], bytes], code: str
) -> None:
    assert customer.upload(_SLOT, make()).status_code == 201
    work()
    card = customer.status()["slots"][0]
    assert card["state"] == "refused"
    assert card["refusal"]["code"] == code
    assert card["refusal"]["next_step"].endswith(".")
    work.settle()
    assert find_objects(house) == []
    receipt = desk.client.get(f"/v1/receipts/{card['document']}", headers=desk.headers)
    assert receipt.json()["statement"]["rule"] == "refused"
    assert refusal(customer.post("submit")) == (409, "not_everything_sent")
    assert customer.upload(_SLOT, JPEG).status_code == 201, "the place is free again"


@pytest.mark.cases
def test_a_protected_pdf_is_refused_without_asking_for_the_password(
    customer: Customer, work: Work, cases_dir: Path
) -> None:
    assert customer.upload(_SLOT, _protected_pdf(cases_dir)).status_code == 201
    work()
    refused = customer.status()["slots"][0]["refusal"]
    assert refused["code"] == "protected_pdf"
    assert "please do not send us the password" in refused["sentence"]


def test_a_picture_with_a_pdf_behind_it_comes_out_as_a_picture_only(desk: Desk, work: Work) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    assert customer.upload(_SLOT, make_jpeg() + make_pdf(pages=1)).status_code == 201
    work()
    customer.post("submit")
    reviewer = desk.reviewer()
    reviewer.claim(asked["id"])
    (page,) = reviewer.view_all(asked["id"])
    assert b"%PDF" not in page
    assert Image.open(io.BytesIO(page)).format == "JPEG"


class TestSmallLimits:
    """A policy with small limits, so that each is reached at once."""

    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        text = (FOLDER / "account-recovery.yaml").read_text()
        for old, new in (("max_documents: 20", "max_documents: 3"), ("100MB", "4500kB"), ("20MB", "2MB")):
            text = text.replace(old, new)
        folder = tmp_path / "policies"
        folder.mkdir()
        (folder / "account-recovery.yaml").write_text(text)
        return settings.model_copy(update={"policies_folder": folder, "stored_bytes_in_total": 4_600_000})

    @pytest.fixture
    def customer(self, desk: Desk) -> Customer:
        return desk.customer(desk.request(policy="account-recovery"))

    def test_each_further_document_is_refused(self, customer: Customer) -> None:
        for _ in range(3):
            sent = customer.upload("identity.front", JPEG)
            assert sent.status_code == 201
            assert customer.post(f"documents/{sent.json()['document']}/remove").status_code == 200
        refused = customer.upload("identity.front", JPEG)
        assert refusal(refused) == (409, "too_many_documents")
        assert "The limit is 3." in refused.json()["detail"]

    def test_all_documents_of_a_verification_together_have_a_limit(self, customer: Customer) -> None:
        for slot in ("identity.front", "identity.back"):
            sent = customer.upload(slot, JPEG + bytes(1_900_000))
            assert sent.status_code == 201
        replaced = sent.json()["document"]
        refused = customer.upload("identity.back", JPEG + bytes(1_000_000), replaces=replaced)
        assert refusal(refused) == (413, "quota_exceeded")
        assert "4 MB" in refused.json()["detail"]
        assert customer.upload("identity.back", JPEG, replaces=replaced).status_code == 201

    def test_all_verifications_together_have_a_limit(self, desk: Desk, customer: Customer, work: Work) -> None:
        other = desk.customer(desk.request(policy="account-recovery", reference="CASE-2"))
        for slot in ("identity.front", "identity.back"):
            assert customer.upload(slot, JPEG + bytes(1_900_000)).status_code == 201
        assert refusal(other.upload("identity.front", JPEG + bytes(1_000_000))) == (507, "store_full")
        assert customer.post("withdraw").status_code == 200
        work.settle()
        sent = other.upload("identity.front", JPEG + bytes(1_000_000))
        assert sent.status_code == 201, "what is gone makes room"
