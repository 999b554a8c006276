"""The story of one verification: an agent asks, a customer sends, a reviewer looks and decides, everything goes.

Each step returns what it saw, in words, or raises `StepFailedError`; it believes no claim that it can check itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from verifier.demo.door import Door, Told
from verifier.demo.errors import StepFailedError
from verifier.demo.files import SERIAL_NUMBER, make_pdf, make_photo
from verifier.demo.service import Service
from verifier.sanitise.segments import measure_metadata

_PATIENCE: Final = 60.0
_EXPECTED_TRACES: Final = frozenset({"gps", "serial_number", "thumbnail"})
_PAGES: Final = 3
_PDF: Final = "application/pdf"
_MEGABYTE: Final = 1_000_000
_DETAILS: Final = {
    "payout_amount": "0.25 ETH",
    "requested_on": "2026-11-02",
    "payout_address": "0x52908400098527886E0F7030069857D2E4169EE7",
}

T = TypeVar("T")


@dataclass
class Story:
    """One verification, and who takes part in it. The steps come in the order in which they stand here."""

    service: Service
    agent: Door
    reviewer: Door
    auditor: Door
    customer: Door
    id: str = ""
    link: str = ""
    form_token: str = ""
    documents: list[Told] = field(default_factory=list)

    @property
    def receipts(self) -> Path:
        return self.service.home / "receipts"

    @property
    def log_key(self) -> Path:
        return self.service.home / "log-key"

    @property
    def _path(self) -> str:
        return f"/v1/verifications/{self.id}"

    @property
    def _page(self) -> str:
        return f"/verification/{self.id}"

    def request_link(self) -> str:
        made = self._request("DEMO-1")
        self.id, self.link = made["id"].text, made["link"]["url"].text
        return f"case DEMO-1, phrase “{made['phrase'].text}”, open until {made['link']['expires_at'].text}"

    def request_another(self) -> str:
        """A link for whoever watches to be the customer."""
        return self._request("DEMO-2")["link"]["url"].text

    def _request(self, reference: str) -> Told:
        body = {"reference": reference, "policy": "payout-question", "expected": _DETAILS}
        return self.agent.post_json("/v1/verifications", body, status=201)

    def open_link(self) -> str:
        path = self.link.removeprefix(self.service.address)
        landing = self.customer.get(path)
        page = self.customer.post_form(path, {"form_token": landing["form_token"].text})
        if page != self._page:
            raise StepFailedError(f"the link led to {page}, not to {self._page}")
        self.form_token = self.customer.get(page)["form_token"].text
        return f"“{landing['action'].text}”, asked by {landing['desk'].text}"

    def upload(self) -> str:
        photo, pdf = make_photo(), make_pdf()
        files = (("screenshots.first", "app.jpg", "image/jpeg", photo), ("screenshots.second", "scan.pdf", _PDF, pdf))
        for slot, name, media_type, content in files:
            fields = {"form_token": self.form_token, "slot": slot}
            self.customer.send_file(
                f"{self._page}/documents", fields=fields, name=name, media_type=media_type, content=content
            )
        told = {
            "form_token": self.form_token,
            "details": _DETAILS,
            "captions": {slot: "My payout" for slot, *_ in files},
        }
        self.customer.post_json(f"{self._page}/details", told)
        return f"a photo of 12 megapixels ({_size(photo)}) and a PDF of 2 pages ({_size(pdf)}), stored locked"

    def check(self) -> str:
        slots = self._await("both documents to be checked", self._find_checked)
        found = [word.text for slot in slots for word in slot["removed"].items]
        missing = _EXPECTED_TRACES - set(found)
        if missing:
            raise StepFailedError(f"the photo carried {', '.join(sorted(missing))}, which was not found")
        self.customer.submit_form(f"{self._page}/submit", {"form_token": self.form_token})
        return f"found {', '.join(dict.fromkeys(found)).replace('_', ' ')}; new pictures made, originals destroyed"

    def _find_checked(self) -> list[Told] | None:
        slots = self.customer.get(self._page)["slots"].items
        for slot in slots:
            if slot["refusal"].is_there:
                raise StepFailedError(f"{slot['slot'].text} was refused: {slot['refusal']['sentence'].text}")
        return slots if all(slot["state"].text == "ready" for slot in slots) else None

    def view(self) -> str:
        self.reviewer.post_json(f"{self._path}/claim", {})
        self.documents = self.reviewer.get(f"{self._path}/documents")["documents"].items
        pages = [
            self.reviewer.get_bytes(f"/v1/documents/{document['id'].text}/pages/{number}")
            for document in self.documents
            for number in range(1, document["pages"].number + 1)
        ]
        if len(pages) != _PAGES:
            raise StepFailedError(f"{len(pages)} pages were shown, not {_PAGES}")
        left = [word for page in pages for word in measure_metadata(page)]
        left += ["serial_number" for page in pages if SERIAL_NUMBER.encode() in page]
        if left:
            raise StepFailedError(f"metadata is left in the pages: {', '.join(left)}")
        return f"{len(pages)} pages, each logged before it was shown; pieces of metadata in them: 0 left"

    def approve(self) -> str:
        decided = self.reviewer.post_json(f"{self._path}/decision", {"outcome": "approve"})
        if decided["status"].text != "approved":
            raise StepFailedError(f"the verification is {decided['status'].text}")
        return "the verification has ended"

    def await_unreadable(self) -> str:
        at = self._await("the key to be destroyed", lambda: self._find_time("unreadable_at"))
        status, code = self.reviewer.get_status(f"/v1/documents/{self.documents[0]['id'].text}/pages/1")
        if status < 400:
            raise StepFailedError("a page was shown after its key was destroyed")
        return f"{at} (a page asked for again: {status} {code})"

    def await_gone(self) -> str:
        return self._await("the bytes to be gone", lambda: self._find_time("destroyed_at"))

    def verify_receipts(self) -> str:
        self.receipts.mkdir(exist_ok=True)
        self.log_key.write_text(self.service.run("audit", "key") + "\n", encoding="utf-8")
        for document in self.documents:
            path = f"/v1/receipts/{document['id'].text}"
            self._await("the deletion receipts to be complete", partial(self._find_complete, path))
            file = self.receipts / f"{document['id'].text}.json"
            file.write_bytes(self.auditor.get_bytes(path))
            self.service.run("receipts", "verify", str(file), "--log-key", str(self.log_key))
        return f"{len(self.documents)} of {len(self.documents)}, each disposal and the end of its key"

    def _find_complete(self, path: str) -> str | None:
        return path if self.auditor.get(path)["status"].text == "complete" else None

    def _find_time(self, name: str) -> str | None:
        found = self.agent.get(self._path)[name]
        return f"{datetime.fromisoformat(found.text):%H:%M:%S.%f}"[:-3] + " UTC" if found.is_there else None

    def _await(self, what: str, find: Callable[[], T | None]) -> T:
        ends_at = time.monotonic() + _PATIENCE
        while (found := find()) is None:
            if time.monotonic() > ends_at:
                raise StepFailedError(f"waited {_PATIENCE:.0f} s for {what}")
            time.sleep(0.05)
        return found


def _size(content: bytes) -> str:
    return f"{len(content) / _MEGABYTE:.1f} MB"
