"""Whole verifications a second, where the time goes, and how soon after the decision everything is gone.

Run as `python -m benchmarks.lives [VERIFICATIONS]`, with `verifier serve` and its worker. Each life is: link, open,
one 12-megapixel photo, checking, three watermarked views, decision, gone, receipt. Beside it, in the same run:
what the image work of one life costs alone, in one process.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2

from benchmarks import POLICIES
from benchmarks.checking import check_in_process, make_photo
from verifier.sanitise.watermark import watermark

_AT_ONCE = 4
_VIEWS = 3


class Spans:
    """How long each step of each life took, in milliseconds."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.add(step, (time.perf_counter() - begun) * 1000)

    def add(self, step: str, milliseconds: float) -> None:
        with self._lock:
            self.took[step].append(milliseconds)


@contextmanager
def run_service(folder: Path, **settings: str) -> Iterator[tuple[str, dict[str, str]]]:
    """`verifier serve` on a free port: its address, and an API key each for agent and reviewer."""
    environment = os.environ | {
        "VERIFIER_HOME": str(folder / "home"),
        "VERIFIER_PORT": "0",
        "VERIFIER_POLICIES_FOLDER": str(POLICIES),
        "VERIFIER_REQUESTS_A_MINUTE_PER_LINK": "1000000",
        "VERIFIER_REQUESTS_A_MINUTE_PER_KEY": "1000000",
        "VERIFIER_REQUESTS_A_MINUTE_PER_NETWORK": "1000000",
        **{f"VERIFIER_{name.upper()}": value for name, value in settings.items()},
    }
    ready = folder / "ready"
    command = [sys.executable, "-m", "verifier"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [*command, "serve", "--ready-file", str(ready)], env=environment, stderr=log, stdout=log
        ) as process,
    ):
        try:
            while not ready.exists():
                time.sleep(0.1)
            keys = {}
            agent = ["verifications:write", "verifications:read", "contacts:write"]
            for role, scopes in (("agent", agent), ("reviewer", ["reviews"])):
                wanted = [part for scope in scopes for part in ("--scope", scope)]
                made = subprocess.run(
                    [*command, "api-keys", "create", f"bench {role}", "--role", role, *wanted],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                keys[role] = next(word for word in made.stdout.split() if word.startswith("vk_"))
            yield ready.read_text().strip(), keys
        finally:
            process.terminate()


def live_one(address: str, keys: dict[str, str], photo: bytes, number: int, spans: Spans) -> None:
    """One whole life through the public doors."""
    agent = httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {keys['agent']}"}, timeout=120)
    reviewer = httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {keys['reviewer']}"}, timeout=120)
    customer = httpx2.Client(base_url=address, headers={"Accept": "application/json"}, timeout=120)
    with agent, reviewer, customer:
        with spans.measure("link and open"):
            body = {"reference": f"BENCH-{number}", "policy": "qualification-check"}
            made = _ok(agent.post("/v1/verifications", json=body))
            path = made["link"]["url"].removeprefix(address)
            token = _ok(customer.get(path))["form_token"]
            customer.post(path, data={"form_token": token})
        page = f"/verification/{made['id']}"
        token = _ok(customer.get(page))["form_token"]
        with spans.measure("upload"):
            data = {"form_token": token, "slot": "diploma.all_pages"}
            _ok(customer.post(f"{page}/documents", data=data, files={"file": ("a.jpg", photo, "image/jpeg")}))
        with spans.measure("checking, with its wait"):
            while not _ok(customer.get(page))["can_submit"]:
                time.sleep(0.02)
        with spans.measure("submit, claim, decide"):
            _ok(customer.post(f"{page}/submit", data={"form_token": token}))
            _ok(reviewer.post(f"/v1/verifications/{made['id']}/claim"))
        with spans.measure("three views"):
            shown = _ok(reviewer.get(f"/v1/verifications/{made['id']}/documents"))["documents"]
            for _ in range(_VIEWS):
                reviewer.get(f"/v1/documents/{shown[0]['id']}/pages/1").raise_for_status()
        _ok(reviewer.post(f"/v1/verifications/{made['id']}/decision", json={"outcome": "approve"}))
        with spans.measure("gone, with its wait"):
            while (ended := _ok(agent.get(f"/v1/verifications/{made['id']}")))["destroyed_at"] is None:
                time.sleep(0.02)
        for step in ("unreadable_at", "destroyed_at"):
            later = datetime.fromisoformat(ended[step]) - datetime.fromisoformat(ended["ended_at"])
            spans.add(f"decision to {step}", later.total_seconds() * 1000)


def _ok(answer: httpx2.Response) -> dict[str, Any]:
    answer.raise_for_status()
    return dict(answer.json())


def measure_image_work(photo: bytes) -> float:
    """Seconds that one life's image work takes alone: one check and three watermarks."""
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        jpeg = check_in_process(photo)
        for _ in range(_VIEWS):
            watermark(jpeg, "BENCH-1 · somebody · 2026-01-01 00:00 UTC")
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    photo, spans = make_photo(), Spans()
    alone = measure_image_work(photo)
    with tempfile.TemporaryDirectory() as text, run_service(Path(text)) as (address, keys):
        live_one(address, keys, photo, 0, Spans())
        begun = time.perf_counter()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda number: live_one(address, keys, photo, number, spans), range(1, count + 1)))
        took = time.perf_counter() - begun
    print(f"{count / took:.2f} whole verifications a second, {_AT_ONCE} at once ({count} in {took:.1f} s)")
    print(f"image work alone: {alone * 1000:.0f} ms a life, so at most {1 / alone:.2f} a second on each core")
    for step, found in spans.took.items():
        ordered = sorted(found)
        print(f"{step:28} p50 {statistics.median(ordered):7.0f} ms   p99 {ordered[int(len(ordered) * 0.99)]:7.0f} ms")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
