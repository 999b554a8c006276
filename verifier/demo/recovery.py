"""Wallet account recovery: details and pictures, two people who look, and proof that all of it is gone."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from verifier.demo.case import Case, Cast
from verifier.demo.door import Door, Told
from verifier.demo.errors import StepFailedError
from verifier.demo.files import SERIAL_NUMBER, make_pdf, make_photo
from verifier.demo.patience import wait_for
from verifier.demo.steps import Steps
from verifier.sanitise.segments import measure_metadata

POLICY: Final = "wallet-account-recovery"
_EXPECTED_TRACES: Final = frozenset({"gps", "serial_number", "thumbnail"})
_PAGES: Final = 3
_HASH: Final = "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060"
_WITH_A_STATEMENT: Final = 1
_MEGABYTE: Final = 1_000_000


def tell(steps: Steps, cast: Cast) -> Path:
    """The whole story; the folder of its deletion receipts."""
    story = _Story(cast)
    steps.begin(POLICY, "what an owner knows, and a picture where that is not enough; two people decide")
    for name, act in (
        ("link requested", story.request_link),
        ("opened", story.case.open),
        ("another proof chosen", story.choose),
        ("uploaded", story.upload),
        ("checked", story.check),
        ("viewed page by page", partial(story.view, cast.reviewer)),
        ("approved, first line", story.approve_first),
        ("viewed by another person", partial(story.view, cast.second_reviewer)),
        ("approved", story.approve),
        ("unreadable at", story.await_unreadable),
        ("bytes gone at", story.await_gone),
        ("deletion receipts verified", story.verify_receipts),
    ):
        steps.take(name, act)
    return story.receipts


class _Story:
    """The steps come in the order in which they stand here; none believes a claim that it can check itself."""

    def __init__(self, cast: Cast) -> None:
        self._cast: Final = cast
        self.case: Final = Case(cast, reference="DEMO-1", policy=POLICY)
        self.receipts: Final = cast.service.home / "receipts"
        self._documents: list[Told] = []

    def request_link(self) -> str:
        return self.case.request(expected={"transaction_hash": _HASH, "amount": "0.25 ETH"})

    def choose(self) -> str:
        self.case.customer.choose(_WITH_A_STATEMENT)
        return "the sending address is forgotten: the hash, and a statement instead"

    def upload(self) -> str:
        photo, pdf = make_photo(), make_pdf()
        customer = self.case.customer
        customer.give({"transaction_hash": _HASH})
        customer.send("ownership.statement", name="scan.pdf", media_type="application/pdf", content=pdf)
        customer.send("screenshots.first", name="photo.jpg", media_type="image/jpeg", content=photo)
        customer.give({}, captions={"screenshots.first": "My old wallet, with the payment"})
        return f"a PDF of 2 pages ({_size(pdf)}) and a photo of 12 megapixels ({_size(photo)}), stored locked"

    def check(self) -> str:
        slots = wait_for("both documents to be checked", self._find_checked)
        found = [word.text for slot in slots for word in slot["removed"].items]
        missing = _EXPECTED_TRACES - set(found)
        if missing:
            raise StepFailedError(f"the photo carried {', '.join(sorted(missing))}, which was not found")
        self.case.customer.hand_in()
        return f"found {', '.join(dict.fromkeys(found)).replace('_', ' ')}; new pictures made, originals destroyed"

    def _find_checked(self) -> list[Told] | None:
        slots = self.case.customer.look()["slots"].items
        for slot in slots:
            if slot["refusal"].is_there:
                raise StepFailedError(f"{slot['slot'].text} was refused: {slot['refusal']['sentence'].text}")
        sent = [slot for slot in slots if slot["document"].is_there]
        return sent if all(slot["state"].text == "ready" for slot in sent) else None

    def view(self, reviewer: Door) -> str:
        evidence = self.case.claim(reviewer)
        self._documents = evidence["documents"].items
        compared = [each["comparison"].text for each in evidence["details"].items if each["given"].is_there]
        if compared != ["same"]:
            raise StepFailedError(f"compared with what the desk knows, the hash is {', '.join(compared)}")
        pages = [
            reviewer.get_bytes(f"/v1/documents/{document['id'].text}/pages/{number}")
            for document in self._documents
            for number in range(1, document["pages"].number + 1)
        ]
        if len(pages) != _PAGES:
            raise StepFailedError(f"{len(pages)} pages were shown, not {_PAGES}")
        left = [word for page in pages for word in measure_metadata(page)]
        left += ["serial_number" for page in pages if SERIAL_NUMBER.encode() in page]
        if left:
            raise StepFailedError(f"metadata is left in the pages: {', '.join(left)}")
        return f"{len(pages)} pages, each logged before it was shown; pieces of metadata in them: 0 left"

    def approve_first(self) -> str:
        self.case.decide(self._cast.reviewer, state="second_review")
        return "not enough: this policy asks for two people"

    def approve(self) -> str:
        self.case.decide(self._cast.second_reviewer, state="approved")
        return "by the second person; the verification has ended"

    def await_unreadable(self) -> str:
        at = self.case.await_unreadable()
        page = f"/v1/documents/{self._documents[0]['id'].text}/pages/1"
        status, code = self._cast.second_reviewer.get_status(page)
        if status < 400:
            raise StepFailedError("a page was shown after its key was destroyed")
        return f"{at} (a page asked for again: {status} {code})"

    def await_gone(self) -> str:
        return wait_for("the bytes to be gone", lambda: self.case.find_time("destroyed_at"))

    def verify_receipts(self) -> str:
        self.receipts.mkdir(exist_ok=True)
        with ThreadPoolExecutor() as pool:
            verified = list(pool.map(self._verify_receipt, [document["id"].text for document in self._documents]))
        return f"{len(verified)} of {len(self._documents)}, each disposal and the end of its key"

    def _verify_receipt(self, document: str) -> str:
        """Fetch it once it is complete, and check it offline, with the log's key alone."""
        path, file = f"/v1/receipts/{document}", self.receipts / f"{document}.json"
        wait_for("the deletion receipts to be complete", lambda: self._find_complete(path))
        file.write_bytes(self._cast.auditor.get_bytes(path))
        return self._cast.service.run("receipts", "verify", str(file), "--log-key", str(self._cast.service.log_key))

    def _find_complete(self, path: str) -> str | None:
        return path if self._cast.auditor.get(path)["status"].text == "complete" else None


def _size(content: bytes) -> str:
    return f"{len(content) / _MEGABYTE:.1f} MB"
