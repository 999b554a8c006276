"""Documents that others wrote, from the upload to the reviewer's page: refused by name or fresh pages; never a 5xx.

Every file meets the decoder in `test_decoder_cases`; here a sample goes the whole way, and in `soak` all of them.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from tests.case_policies import FOLDER
from tests.journey import Customer, Desk, refusal
from tests.workers_by_hand import Work
from verifier.sanitise.segments import measure_metadata
from verifier.settings import Settings
from verifier.web.answers.documents import DOCUMENTS
from verifier.wiring import House

pytestmark = pytest.mark.cases

_SLOT = "diploma.all_pages"
_NO_CASES = {"SOURCE.txt", "LICENSE", "tiff__README"}
_REFUSED_AT_ONCE = {(415, "unsupported_type"), (415, "heic_not_accepted"), (400, "empty_file")}
_DECODER_GAVE_UP = {"decoder_crashed", "decoder_timeout", "decoder_memory", "decoder_unavailable"}
_SAMPLES = {
    "jpeg_afl": 24,
    "pillow_hostile": 20,
    "exif_privacy": 12,
    "polyglots": 20,
    "pdf_hostile": 24,
    "pdf_benign": 10,
}
_LARGEST_OF_SAMPLE = 400_000
_OTHER_TYPES = (
    b"PK\x03\x04",
    b"%PDF-",
    b"Rar!",
    b"7z\xbc\xaf",
    b"CD001",
    b"/JavaScript",
    b"Exif\x00",
    b"http://ns.adobe",
)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Long documents are taken too, and nobody counts requests: every file has to come as far as the decoder."""
    text = (FOLDER / "qualification-check.yaml").read_text()
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "qualification-check.yaml").write_text(text.replace("max_pages: 6", "max_pages: 20"))
    many = {"requests_a_minute_per_key": 99_999, "requests_a_minute_per_network": 99_999}
    return settings.model_copy(update={"policies_folder": folder, **many})


def cases_of(folder: Path, *, at_most: int | None) -> list[Path]:
    """The files of a folder; a sample takes them evenly from each kind, small ones only."""
    files = sorted(path for path in folder.iterdir() if path.name not in _NO_CASES)
    if at_most is None:
        return files
    small = [path for path in files if path.stat().st_size <= _LARGEST_OF_SAMPLE]
    kinds: dict[str, list[Path]] = {}
    for path in small:
        kinds.setdefault(path.name.partition("__")[0] + path.suffix, []).append(path)
    share = max(1, at_most // len(kinds))
    return [path for group in kinds.values() for path in group[:: max(1, len(group) // share)][:share]]


def send_all(desk: Desk, files: Sequence[Path]) -> dict[Path, Customer]:
    """Each file in a verification of its own; what was taken in."""
    taken: dict[Path, Customer] = {}
    for number, path in enumerate(files):
        customer = desk.customer(desk.request(reference=f"CASE-{number}"))
        answer = customer.upload(_SLOT, path.read_bytes(), name=path.name)
        if answer.status_code == 201:
            taken[path] = customer
        else:
            assert refusal(answer) in _REFUSED_AT_ONCE, path.name
    return taken


def is_fresh(page: bytes) -> None:
    """One JPEG, nothing but its picture, and no other type in it."""
    assert page.startswith(b"\xff\xd8\xff")
    assert measure_metadata(page) == ()
    assert not [found for found in _OTHER_TYPES if found in page]
    Image.open(io.BytesIO(page), formats=("JPEG",)).load()


def review(desk: Desk, customer: Customer, pages: int) -> None:
    """Hand in, look at every page as a reviewer would, and reject."""
    assert customer.post("submit").status_code == 200
    reviewer = desk.reviewer()
    reviewer.claim(customer.verification)
    shown = reviewer.view_all(customer.verification)
    assert len(shown) == pages
    for page in shown:
        is_fresh(page)
    decided = reviewer.decide(customer.verification, "reject", reasons=["unreadable"])
    assert decided.status_code == 200


def walk(house: House, desk: Desk, work: Work, files: Sequence[Path]) -> dict[str, str]:
    """Send, check, look and destroy; how each file ended, by name."""
    assert files, "an empty folder would prove nothing"
    ended = {path.name: "refused at once" for path in files}
    taken = send_all(desk, files)
    work()
    for path, customer in taken.items():
        (card,) = customer.status()["slots"]
        if card["state"] == "ready":
            ended[path.name] = "ready"
            review(desk, customer, card["pages"])
        else:
            assert card["state"] == "refused", path.name
            ended[path.name] = card["refusal"]["code"]
            assert card["refusal"]["code"] in DOCUMENTS
            assert card["refusal"]["sentence"]
            assert customer.post("withdraw").status_code == 200
    work.settle()
    objects = house.settings.objects_folder
    assert [path for path in objects.rglob("*") if path.is_file() and path.parent != objects] == []
    assert not _DECODER_GAVE_UP & set(ended.values()), ended
    return ended


_FOLDERS = [
    pytest.param(folder, most, id=folder if most else f"{folder}-all", marks=[] if most else [pytest.mark.soak])
    for folder, sample in _SAMPLES.items()
    for most in (sample, None)
]


@pytest.mark.parametrize(("folder", "at_most"), _FOLDERS)
def test_a_document_ends_in_words_or_in_fresh_pages(
    house: House, desk: Desk, work: Work, cases_dir: Path, folder: str, at_most: int | None
) -> None:
    ended = walk(house, desk, work, cases_of(cases_dir / folder, at_most=at_most))
    if folder == "pdf_benign":
        refused = {name for name, how in ended.items() if how != "ready"}
        assert refused <= {"005-libreoffice-writer-password__libreoffice-writer-password.pdf"}
        assert len(refused) < len(ended)
    if folder == "exif_privacy":
        assert "ready" in ended.values()
