"""Programs that speak to a service which dies: they ask again until they are answered, as a real client does.

An answer is final; only its absence (a dead connection), 503 and 429 are asked again. What is not idempotent is not
repeated blindly: the caller reads how things stand and goes on from there.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from verifier.ids import new_document_id

_PATIENCE: Final = 180.0
_PAUSE: Final = 0.3
_LONGEST_PAUSE: Final = 1.0
_LOOKS: Final = 120  # longer than a lease: a code that was asked for is not asked for twice

JSON: Final = {"accept": "application/json"}


class Refused(AssertionError):  # noqa: N818 -- it fails the test, unless a story expects it
    """The service refused what it should have done."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
        self.status: Final = answer.status_code
        self.code: Final = str(answer.json().get("code", ""))


def new_idempotency_key() -> dict[str, str]:
    return {"idempotency-key": new_document_id()}


class Caller:
    """One program's connection, kept over the deaths of the service."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._client: Final = httpx2.Client(base_url=url, headers=dict(headers or {}), timeout=40.0)
        self.unanswered = 0

    def ask(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """The answer to a request that may be sent as often as it takes."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer = self.ask_once(method, path, **request)
            if answer is not None and answer.status_code not in {429, 503}:
                return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path.partition('?')[0]} was not answered in {_PATIENCE:g} s")
            wait = float(answer.headers.get("retry-after", _PAUSE)) if answer is not None else _PAUSE
            time.sleep(min(wait, _LONGEST_PAUSE))

    def ask_once(self, method: str, path: str, **request: Any) -> httpx2.Response | None:
        """The answer, or `None` where none came: then nobody knows whether it was done."""
        try:
            return self._client.request(method, path, **request)
        except httpx2.TransportError:
            self.unanswered += 1
            return None

    def get(self, path: str) -> dict[str, Any]:
        return dict(_accept(self.ask("GET", path, headers=JSON)).json())

    def fetch(self, path: str) -> bytes:
        return _accept(self.ask("GET", path)).content

    def post(self, path: str, **request: Any) -> httpx2.Response:
        """A POST that is safe to repeat: by its key, or by what it does."""
        return _accept(self.ask("POST", path, **request))

    def close(self) -> None:
        self._client.close()


def _accept(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code >= 400:
        raise Refused(answer)
    return answer


@dataclass
class Customer:
    """A customer's browser. `acknowledged` are the documents whose upload was answered 2xx."""

    line: Caller
    verification: str
    acknowledged: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, url: str, link: str) -> "Customer":
        """Open a link as a person does: look, then press the button."""
        line = Caller(url)
        path = httpx2.URL(link).path
        try:
            token = line.get(path)["form_token"]
            answer = line.post(path, data={"form_token": token}, follow_redirects=False)
        except BaseException:
            line.close()
            raise
        return cls(line, answer.headers["location"].rsplit("/", 1)[1])

    @property
    def path(self) -> str:
        return f"/verification/{self.verification}"

    def look(self) -> dict[str, Any]:
        return self.line.get(self.path)

    def card(self, slot: str) -> dict[str, Any]:
        return next(dict(card) for card in self.look()["slots"] if card["slot"] == slot)

    def send(self, slot: str, data: bytes, *, name: str = "photo.jpg", replaces: str = "") -> None:
        """Send one file until it lies there. An attempt without an answer is looked for, and replaced if unfinished."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            answer = self._send_once(slot, data, name=name, replaces=replaces)
            if answer is not None and answer.status_code == 201:
                self.acknowledged.append(answer.json()["document"])
                return
            if answer is not None and answer.status_code not in {409, 429, 503}:
                raise Refused(answer)
            time.sleep(_PAUSE)
            card = self.card(slot)
            if card["state"] in {"checking", "ready"} and card["document"] != replaces:
                return  # it had arrived, and only the answer was lost
            replaces = card["document"] or ""
        raise TimeoutError(f"an upload was not taken in {_PATIENCE:g} s")

    def _send_once(self, slot: str, data: bytes, *, name: str, replaces: str) -> httpx2.Response | None:
        fields = {"form_token": self.look()["form_token"], "slot": slot}
        if replaces:
            fields["replaces"] = replaces
        files = {"file": (name, data, "application/octet-stream")}
        return self.line.ask_once("POST", f"{self.path}/documents", data=fields, files=files, headers=JSON)

    def await_checked(self, slot: str, data: bytes) -> None:
        """Wait until a document is checked; one that was refused because its checker died too often is sent again."""
        deadline = time.monotonic() + _PATIENCE
        while (card := self.card(slot))["state"] != "ready":
            assert time.monotonic() < deadline, f"{slot} is still {card['state']}"
            if card["state"] in {"refused", "empty"}:
                self.send(slot, data)
            time.sleep(_PAUSE)

    def remove(self, slot: str) -> None:
        """Take a document back; if no answer comes, look whether it was done."""
        document = self.card(slot)["document"]
        while self.card(slot)["document"] == document:
            self._step(f"documents/{document}/remove")

    def submit(self) -> None:
        self._until_status("submit", {"submitted"})

    def withdraw(self) -> None:
        self._until_status("withdraw", {"withdrawn"})

    def begin_code(self, contact: str) -> None:
        """Ask for a code; where no answer came, look whether it was asked for before it is asked for again."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            self._step(f"contacts/{contact}/code", done={202})
            for _ in range(_LOOKS):
                if any(check["contact"] == contact and check["sends_left"] < 5 for check in self._checks()):
                    return
                time.sleep(_PAUSE)
        raise TimeoutError(f"no code was sent in {_PATIENCE:g} s")

    def guess(self, code: str) -> None:
        """Type the code until the check has ended."""
        deadline = time.monotonic() + _PATIENCE
        while (check := self._checks()[-1])["state"] == "open":
            assert time.monotonic() < deadline, "the guess was not judged"
            self._step(f"checks/{check['id']}/code", done={202}, code=code)
            time.sleep(_PAUSE)

    def choose_proof(self, line: int) -> None:
        """Take another line of the ladder; the one that is chosen already may be chosen again."""
        data = {"form_token": self.look()["form_token"], "line": str(line)}
        self.line.post(f"{self.path}/proof", data=data, headers=JSON)

    def give(self, details: Mapping[str, str]) -> None:
        """Type details; given again they replace what was there."""
        body = {"form_token": self.look()["form_token"], "details": dict(details)}
        given = self.line.post(f"{self.path}/details", json=body, headers=JSON).json()["given"]
        assert set(given["details"]) >= set(details)

    def _checks(self) -> list[dict[str, Any]]:
        return list(self.line.get(f"{self.path}/checks")["checks"])

    def leave(self, path: str) -> None:
        """Say, by the exit that the other contact point was told, that it was not them."""
        token = self.line.get(path)["form_token"]
        assert self.line.post(path, data={"form_token": token}, headers=JSON).json()["status"] == "withdrawn"

    def _until_status(self, step: str, wanted: set[str]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self.look()["status"] not in wanted:
            assert time.monotonic() < deadline, f"{step} did not happen"
            self._step(step)

    def _step(self, step: str, *, done: Collection[int] = (200,), **fields: str) -> None:
        token = self.look()["form_token"]
        data = {"form_token": token, **fields}
        answer = self.line.ask_once("POST", f"{self.path}/{step}", data=data, headers=JSON)
        if answer is not None and answer.status_code not in {*done, 409, 429, 503}:
            raise Refused(answer)


@dataclass
class Agent:
    """An agent's program."""

    line: Caller

    def request(
        self, *, reference: str, policy: str, contact_points: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        body: dict[str, Any] = {"reference": reference, "policy": policy, "account": reference}
        body |= {"expected": {"full_name": "A"}} if contact_points is None else {"contact_points": contact_points}
        return dict(self.line.post("/v1/verifications", json=body, headers=new_idempotency_key()).json())

    def read(self, verification: str) -> dict[str, Any]:
        return self.line.get(f"/v1/verifications/{verification}")

    def hand_in_message(self, verification: str, mail: bytes) -> None:
        path = f"/v1/verifications/{verification}/contact-checks/message"
        headers = {**new_idempotency_key(), "content-type": "message/rfc822"}
        self.line.post(path, content=mail, headers=headers)

    def renew(self, verification: str) -> str:
        """The next link."""
        answer = self.line.post(f"/v1/verifications/{verification}/links", headers=new_idempotency_key())
        return str(answer.json()["link"]["url"])

    def cancel(self, verification: str) -> None:
        """Cancel; a repetition after the answer was lost finds it cancelled."""
        try:
            self.line.post(f"/v1/verifications/{verification}/cancel", headers=new_idempotency_key())
        except Refused as refused:
            if refused.code != "already_decided":
                raise
        assert self.read(verification)["status"] == "cancelled"


@dataclass
class Reviewer:
    """A reviewer's program."""

    line: Caller

    def look(self, verification: str) -> dict[str, Any]:
        """What there is to see; whoever looks has seen the details."""
        return self.line.get(f"/v1/verifications/{verification}/documents")

    def review(self, verification: str, outcome: str, *, reasons: tuple[str, ...] = ()) -> None:
        """Claim, look at every page, decide."""
        self.line.post(f"/v1/verifications/{verification}/claim")
        documents = self.look(verification)["documents"]
        for document in documents:
            for page in range(1, document["pages"] + 1):
                assert self.line.fetch(f"/v1/documents/{document['id']}/pages/{page}")[:3] == b"\xff\xd8\xff"
        body: dict[str, Any] = {"outcome": outcome, "reasons": list(reasons)}
        if outcome == "resubmit":
            body["documents"] = [documents[0]["id"]]
        try:
            self.line.post(f"/v1/verifications/{verification}/decision", json=body, headers=new_idempotency_key())
        except Refused as refused:
            # The answer to the first attempt was lost, and the claim ended with the decision.
            if not self.line.unanswered or refused.code not in {"already_decided", "wrong_state", "not_claimed"}:
                raise
