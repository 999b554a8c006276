"""A customer's browser in the demo, on one verification: it opens, types, sends, and asks what became of it."""

from collections.abc import Mapping
from typing import Final

from verifier.demo.door import Door, Told
from verifier.demo.errors import StepFailedError
from verifier.demo.patience import wait_for


class Customer:
    """One person with a link."""

    def __init__(self, door: Door, *, verification: str) -> None:
        self._door: Final = door
        self._page: Final = f"/verification/{verification}"
        self._form_token = ""

    def open(self, path: str) -> Told:
        """Look at the landing page, press its button; what it said."""
        landing = self._door.get(path)
        page = self._door.post_form(path, {"form_token": landing["form_token"].text})
        if page != self._page:
            raise StepFailedError(f"the link led to {page}, not to {self._page}")
        self._form_token = self.look()["form_token"].text
        return landing

    def look(self) -> Told:
        """What is asked now."""
        return self._door.get(self._page)

    def choose(self, line: int) -> None:
        """Take another of the accepted proofs."""
        self._door.submit_form(f"{self._page}/proof", self._form(line=str(line)))

    def give(self, details: Mapping[str, str], *, captions: Mapping[str, str] | None = None) -> None:
        told = {**self._form(), "details": details, "captions": captions or {}}
        self._door.post_json(f"{self._page}/details", told)

    def send(self, slot: str, *, name: str, media_type: str, content: bytes) -> None:
        path, fields = f"{self._page}/documents", self._form(slot=slot)
        self._door.send_file(path, fields=fields, name=name, media_type=media_type, content=content)

    def hand_in(self) -> None:
        self._door.submit_form(f"{self._page}/submit", self._form())

    def begin(self, check: str) -> str:
        """Begin a check, such as `email/code`; what came of it."""
        return self._result(f"contacts/{check}")

    def type_address(self, address: str) -> str:
        return self._result(f"checks/{self.check['id'].text}/address", address=address)

    def type_code(self, code: str) -> str:
        return self._result(f"checks/{self.check['id'].text}/code", code=code)

    @property
    def check(self) -> Told:
        """The check that was begun last."""
        checks = self._door.get(f"{self._page}/checks")["checks"].items
        if not checks:
            raise StepFailedError("no check was begun")
        return checks[-1]

    def _result(self, step: str, **fields: str) -> str:
        """Hand something in, and wait for the worker's word on it."""
        handed_in = self._door.submit_form(f"{self._page}/{step}", self._form(**fields), status=202)
        path = f"{self._page}/submissions/{handed_in['submission'].text}"
        return wait_for("the worker's verdict", lambda: _find_result(self._door.get(path)))

    def _form(self, **fields: str) -> dict[str, str]:
        return {"form_token": self._form_token, **fields}


def _find_result(told: Told) -> str | None:
    result = told["result"].text
    return None if result == "pending" else result
