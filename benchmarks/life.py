"""Whole verifications through the public doors: by a photo that a reviewer looks at, and by a code that decides alone.

Guarantees: a life that does not come to its end raises, whatever kept it; each customer comes from a network of their
own with a browser that nobody used before. Leaves to others: how many at once, and what becomes of the times.
"""

import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from typing import Any, Final, Self

import httpx2

from benchmarks.letters import POLICY_NAME, Arrivals
from benchmarks.places import Place

VIEWS: Final = 3
PATIENCE: Final = 120.0
_LOOKS_EVERY: Final = 0.25
"""A page that waits is looked at four times a second: a look costs processor time, too."""
_ANSWERS_WITHIN: Final = 120.0


class Spans:
    """How long each step of each life took, in milliseconds."""

    def __init__(self) -> None:
        self.took: Final[dict[str, list[float]]] = defaultdict(list)
        self._lock: Final = threading.Lock()

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.add(step, (time.perf_counter() - begun) * 1000)

    def add(self, step: str, milliseconds: float) -> None:
        with self._lock:
            self.took[step].append(milliseconds)


class Line:
    """One agent's and one reviewer's program, and the customers whom they deal with one after the other."""

    def __init__(self, place: Place) -> None:
        self._place: Final = place
        self._open: Final = ExitStack()
        self.agent: Final = self._open.enter_context(self._program("agent"))
        self.reviewer: Final = self._open.enter_context(self._program("reviewer"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _program(self, role: str) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self._place.keys[role]}"}
        return httpx2.Client(base_url=self._place.staff_address, headers=headers, timeout=_ANSWERS_WITHIN)

    def browser(self) -> AbstractContextManager[httpx2.Client]:
        """A customer's: it has an address in 127/8 of its own, as customers have in the world."""
        network = secrets.randbelow(250 * 250)
        address = f"127.{1 + network // 250}.{network % 250}.1"
        transport = httpx2.HTTPTransport(verify=False, local_address=address)  # no TLS here: no certificates to load
        return httpx2.Client(
            base_url=self._place.address,
            transport=transport,
            headers={"Accept": "application/json"},
            timeout=_ANSWERS_WITHIN,
        )

    def request(self, **wanted: object) -> tuple[str, str]:
        """A new verification: its id, and the path of its link."""
        body = {"reference": f"BENCH-{secrets.token_hex(6)}", **wanted}
        made = ok(self.agent.post("/v1/verifications", json=body))
        return made["id"], httpx2.URL(made["link"]["url"]).path

    def await_end(self, verification: str, spans: Spans, *, last: str, within: float) -> None:
        """Wait until `last` is told; how long each end took by the service's own clock."""
        with spans.measure("gone, with its wait"):
            path = f"/v1/verifications/{verification}"
            ended = await_answer(self.agent, path, lambda told: told[last] is not None, within=within)
        for step in ("unreadable_at", "destroyed_at"):
            if ended[step] is not None:
                later = datetime.fromisoformat(ended[step]) - datetime.fromisoformat(ended["ended_at"])
                spans.add(f"decision to {step.removesuffix('_at')}", later.total_seconds() * 1000)


def prove_by_photo(line: Line, *, photo: bytes, spans: Spans, gone_within: float = PATIENCE) -> None:
    """Link, open, one photo, checked, submitted, seen `VIEWS` times, approved, gone, receipts."""
    with line.browser() as customer:
        with spans.measure("link and open"):
            verification, link = line.request(policy="qualification-check")
            page, token = open_page(customer, verification, link)
        with spans.measure("upload"):
            data = {"form_token": token, "slot": "diploma.all_pages"}
            ok(customer.post(f"{page}/documents", data=data, files={"file": ("a.jpg", photo, "image/jpeg")}))
        with spans.measure("checking, with its wait"):
            await_answer(customer, page, lambda told: bool(told["can_submit"]))
        with spans.measure("submit"):
            ok(customer.post(f"{page}/submit", data={"form_token": token}))
    _review(line.reviewer, verification, spans)
    line.await_end(verification, spans, last="destroyed_at", within=gone_within)
    with spans.measure("receipts, with their wait"):
        path = f"/v1/verifications/{verification}/receipts"
        told = await_answer(line.agent, path, lambda told: told["status"] == "complete")
        if not told["receipts"]:
            raise RuntimeError("a document has no deletion receipt")


def prove_by_code(line: Line, *, arrivals: Arrivals, spans: Spans) -> None:
    """Link, open, a code by mail, typed: decided by nobody, gone."""
    address = f"jo-{secrets.token_hex(8)}@example.org"
    with line.browser() as customer:
        with spans.measure("link and open"):
            points = {"email": {"value": address}}
            verification, link = line.request(policy=POLICY_NAME, contact_points=points)
            page, token = open_page(customer, verification, link)
        with spans.measure("code, until it is accepted"):
            ok(customer.post(f"{page}/contacts/email/code", data={"form_token": token}))
            code = arrivals.wait_for(address, within=PATIENCE).code
        with spans.measure("guess, until it is judged"):
            check = ok(customer.get(f"{page}/checks"))["checks"][-1]["id"]
            ok(customer.post(f"{page}/checks/{check}/code", data={"form_token": token, "code": code}))
            await_answer(customer, page, lambda told: told["status"] == "approved")
    # There is no document to see gone: all that was sealed died with the key.
    line.await_end(verification, spans, last="unreadable_at", within=PATIENCE)


def open_page(customer: httpx2.Client, verification: str, link: str) -> tuple[str, str]:
    """Look at the landing page, press its button; the path of the page, and its form's token."""
    customer.post(link, data={"form_token": ok(customer.get(link))["form_token"]})
    page = f"/verification/{verification}"
    return page, ok(customer.get(page))["form_token"]


def _review(reviewer: httpx2.Client, verification: str, spans: Spans) -> None:
    path = f"/v1/verifications/{verification}"
    with spans.measure("claim"):
        ok(reviewer.post(f"{path}/claim"))
    with spans.measure("three views"):
        (document,) = ok(reviewer.get(f"{path}/documents"))["documents"]
        for _ in range(VIEWS):
            reviewer.get(f"/v1/documents/{document['id']}/pages/1").raise_for_status()
    with spans.measure("decide"):
        ok(reviewer.post(f"{path}/decision", json={"outcome": "approve"}))


def ok(answer: httpx2.Response) -> dict[str, Any]:
    """What was answered; raises where it was a refusal."""
    if not answer.is_success:
        raise RuntimeError(f"{answer.request.method} was answered {answer.status_code}: {answer.text[:300]}")
    return dict(answer.json())


def await_answer(
    client: httpx2.Client, path: str, is_so: Callable[[dict[str, Any]], bool], *, within: float = PATIENCE
) -> dict[str, Any]:
    """Look until it is so. Raises `TimeoutError`. "Not yet" may also be said by 409 (`not_disposed`)."""
    deadline = time.monotonic() + within
    while True:
        answer = client.get(path)
        if answer.status_code != httpx2.codes.CONFLICT and is_so(told := ok(answer)):
            return told
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so within {within:.0f} s: {answer.text[:200]}")
        time.sleep(_LOOKS_EVERY)
