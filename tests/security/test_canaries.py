"""P1 and P5 on real processes: no document in clear in any file, and nobody's name anywhere but sealed.

Whole lives are driven through the public doors; at each stage every file of the installation is read: database and its
write-ahead log, stores, keys, published tiles, temporary files, logs of both processes. That the search finds what is
there is shown first.
"""

import base64
import io
import os
import shutil
import signal
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.faults.callers import Agent, Caller, Customer, Reviewer
from tests.faults.canaries import (
    FORMS,
    SIZES,
    find_hidden_files,
    make_canary,
    search,
    search_rows,
    slices,
    spell,
)
from tests.faults.looks import find_unrest, list_objects
from tests.faults.rounds import cast_for, running
from tests.faults.running import ROOT, Service, find_port, wait_until
from tests.faults.stories import QUALIFICATION
from verifier.wiring import House

SLOT = "diploma.all_pages"
WEB, BOTH = ("",), ("", "WORKER_")


class Desk:
    """A running service, its programs, and the eye that looks into every file."""

    def __init__(self, service: Service, house: House) -> None:
        cast = cast_for(service, house)
        self.service, self.house = service, house
        self.agent = Agent(Caller(service.url, cast.agent))
        self.reviewer = Reviewer(Caller(service.url, cast.reviewer))
        self.needles: dict[str, bytes] = {}
        self._lines = [self.agent.line, self.reviewer.line]
        self.heard: list[bytes] = []
        """What the service answered when it refused."""

    def begin(self, **asked: Any) -> Customer:
        body = {"reference": f"CASE-{uuid.uuid4().hex[:10]}", "policy": QUALIFICATION, **asked}
        created = self.agent.line.post("/v1/verifications", json=body).json()
        customer = Customer.open(self.service.url, created["link"]["url"])
        self._lines.append(customer.line)
        return customer

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def look(self, moment: str, *, figures_of: Sequence[str] = BOTH) -> list[str]:
        """Every place in which a needle lies now; a worker that is stopped shows no figures."""
        places = [self.service.home, self.service.scratch, self.service.log]
        found = search(self.needles, places) + search_rows(self.needles, self.house.settings.database_file)
        found += find_hidden_files(_find_family(self.service))
        figures = self.read_figures(figures_of)
        found += [f"{name} in the figures" for name, needle in self.needles.items() if needle in figures]
        return [f"{moment}: {each}" for each in found]

    def read_figures(self, processes: Sequence[str] = BOTH) -> bytes:
        """What Prometheus reads of these processes."""
        ports = [self.service.environment[f"VERIFIER_{each}METRICS_PORT"] for each in processes]
        return b"".join(httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=30).content for port in ports)

    def shows_figures(self) -> bool:
        try:
            return bool(self.read_figures())
        except httpx2.TransportError:
            return False

    def refuse(self, method: str, path: str, **request: Any) -> None:
        """Send what must be refused; keep what was said."""
        answer = self.agent.line.ask(method, path, **request)
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
        self.heard += [answer.content, str(answer.headers).encode()]

    def quiet(self) -> None:
        wait_until(lambda: not find_unrest(self.house), within=60, what="the service does not come to rest")


def _find_family(service: Service) -> list[int]:
    """The processes of the service and theirs: the decoder's, which carry no environment, too."""
    family = set(service.find_processes())
    for _ in range(3):
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and _parent_of(folder) in family:
                family.add(int(folder.name))
    return sorted(family)


def _parent_of(folder: Path) -> int:
    try:
        return int(_status_of(folder)[1])
    except OSError:
        return 0


def _status_of(folder: Path) -> list[str]:
    """What the system says of a process or thread after its name: its state, its parent, and more."""
    return (folder / "stat").read_text().rpartition(")")[2].split()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    ports = {name: str(find_port()) for name in ("metrics_port", "worker_metrics_port")}
    with running(tmp_path_factory.mktemp("canaries") / "home", **ports) as (service, house):
        opened = Desk(service, house)
        wait_until(opened.shows_figures, within=60, what="the worker is not there")
        yield opened
        opened.close()


@contextmanager
def worker_paused(service: Service) -> Iterator[None]:
    """Nothing is checked meanwhile: the originals lie sealed, for as long as we look."""
    (worker,) = [pid for pid in service.find_processes() if b"workers" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    _stop(worker)
    try:
        while not _is_writable(service):  # it was stopped in the middle of a transaction
            os.kill(worker, signal.SIGCONT)
            time.sleep(0.05)
            _stop(worker)
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def _stop(process: int) -> None:
    """Until the last thread stands: on a busy machine the others go on for a while, and one might begin to write."""
    os.kill(process, signal.SIGSTOP)
    threads = Path(f"/proc/{process}/task")
    wait_until(
        lambda: all(_status_of(thread)[0] == "T" for thread in threads.iterdir()),
        within=30,
        what="the worker does not stop",
        every=0.01,
    )


def _is_writable(service: Service) -> bool:
    with closing(sqlite3.connect(service.settings.database_file, isolation_level=None, timeout=0.5)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        database.execute("ROLLBACK")
        return True


def test_the_search_finds_what_is_there(desk: Desk, tmp_path: Path) -> None:
    customer = desk.begin()
    canary = make_canary("JPEG", SIZES[2])
    customer.send(SLOT, canary.data)
    home = tmp_path / "home"
    shutil.copytree(desk.service.home, home)
    database = home / "data" / "verifier.sqlite"
    planted: dict[str, bytes] = {"name": b"Zoe Quandt-Canary"}
    assert search({**canary.needles, **planted}, [home]) == []
    (home / "data" / "objects" / "forgotten").write_bytes(b"\0" * 999 + canary.data[400_000:500_000])
    assert search(canary.needles, [home])
    with sqlite3.connect(database) as opened:
        opened.execute("UPDATE verifications SET reasons = ?", (f'["{"x" * 9000}{planted["name"].decode()}"]',))
    opened.close()
    assert search_rows(planted, database)
    assert search(planted, [home])
    (tmp_path / "held").write_bytes(canary.data)
    with (tmp_path / "held").open("rb"):
        (tmp_path / "held").unlink()
        assert find_hidden_files([os.getpid()])
    for shift in range(3):
        (tmp_path / "log").write_bytes(
            b'{"at": "' + base64.b64encode(b"-" * shift + b"Zoe Quandt, Ulm" + b"--") + b'"}'
        )
        assert search(spell("Zoe Quandt"), [tmp_path / "log"])
    customer.withdraw()


@pytest.mark.parametrize("form", FORMS)
def test_no_document_lies_in_clear_at_any_moment_of_its_life(desk: Desk, form: str) -> None:
    canaries = [make_canary(form, size) for size in SIZES]
    desk.needles = {f"{n}:{k}": v for n, canary in enumerate(canaries) for k, v in canary.needles.items()}
    customers = [desk.begin() for _ in canaries]
    found: list[str] = []
    with worker_paused(desk.service):
        for customer, canary in zip(customers, canaries, strict=True):
            customer.send(SLOT, canary.data, name=f"{form}.bin")
        stored = sorted(item.size for item in list_objects(desk.house))
        assert [int(size > clear) for size, clear in zip(stored[-5:], SIZES, strict=True)] == [1] * 5
        found += desk.look("while sealed", figures_of=WEB)
    # While they are checked, as often as we can look.
    while "documents are unchecked" in str(find_unrest(desk.house)):
        found += desk.look("while checked")
    for customer, canary in zip(customers, canaries, strict=True):
        customer.await_checked(SLOT, canary.data)
    found += desk.look("while ready")
    for customer in customers:
        customer.submit()
        desk.needles |= _serve_pages(desk, customer.verification)
    found += desk.look("after the view")
    for customer in customers:
        desk.reviewer.review(customer.verification, "approve")
    desk.quiet()
    found += desk.look("after disposal")
    assert found == []
    assert not list(desk.service.scratch.rglob("*"))


def _serve_pages(desk: Desk, verification: str) -> dict[str, bytes]:
    """Fetch every page; the needles of what was served, and of its pixels."""
    line = desk.reviewer.line
    needles: dict[str, bytes] = {}
    line.post(f"/v1/verifications/{verification}/claim")
    for document in line.get(f"/v1/verifications/{verification}/documents")["documents"]:
        served = line.fetch(f"/v1/documents/{document['id']}/pages/1")
        # The head of a JPEG is alike in all of them: only what comes after it tells one from another.
        body = served[served.index(b"\xff\xda") :]
        needles |= slices(f"served {document['id']}", body, count=8)
    assert needles
    return needles


def test_an_upload_that_is_under_way_lies_nowhere_in_clear(desk: Desk) -> None:
    customer, canary = desk.begin(), make_canary("PNG", SIZES[-1])
    desk.needles = dict(canary.needles)
    found: list[str] = []
    boundary = uuid.uuid4().hex
    token = customer.look()["form_token"]

    def part(name: str, value: str) -> bytes:
        return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()

    def body() -> Iterator[bytes]:
        file = b'Content-Disposition: form-data; name="file"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n'
        yield part("form_token", token) + part("slot", SLOT) + f"--{boundary}\r\n".encode() + file
        for at in range(0, len(canary.data), 5_000_000):
            yield canary.data[at : at + 5_000_000]
            time.sleep(0.2)  # so that the other process has it, wherever it keeps it
            found.extend(desk.look(f"after {at} bytes"))
        yield f"\r\n--{boundary}--\r\n".encode()

    kind = {"content-type": f"multipart/form-data; boundary={boundary}", "accept": "application/json"}
    answer = customer.line.ask_once("POST", f"{customer.path}/documents", content=body(), headers=kind)
    assert answer is not None
    assert answer.status_code == 201, answer.text
    customer.withdraw()
    desk.quiet()
    assert found + desk.look("after all") == []


def test_no_process_leaves_a_core_file(desk: Desk) -> None:
    family = _find_family(desk.service)
    assert len(family) >= 3
    for pid in family:
        limits = Path(f"/proc/{pid}/limits").read_text()
        (core,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert core.split()[4:6] == ["0", "0"], pid
    assert not [path for place in (ROOT, desk.service.home, desk.service.scratch) for path in place.glob("core*")]


def test_nobody_is_named_anywhere(desk: Desk) -> None:
    mark = uuid.uuid4().hex[:10]
    name, mail = f"Zoe Quandt-{mark}", f"zoe.{mark}@example.org"
    file_name, note, camera = f"passport of zoe {mark}.jpg", f"she lives in Ulm, {mark}", f"Serial {mark}"
    desk.needles = {}
    for text in (name, mail, file_name, note, camera, mark):
        desk.needles |= spell(text)
    customer = desk.begin(account=mail, expected={"full_name": name, "awarded_by": f"Uni {mark}"})
    photo = _photo_with_traces(name, camera)
    customer.send(SLOT, photo, name=file_name)
    customer.await_checked(SLOT, photo)
    found = desk.look("while ready")
    customer.submit()
    line, path = desk.reviewer.line, f"/v1/verifications/{customer.verification}"
    line.post(f"{path}/claim")
    assert line.get(f"{path}/documents")["expected"]["full_name"] == name
    _refuse_everything(desk, name, mail, mark)
    found += desk.look("after the view")
    desk.reviewer.review(customer.verification, "escalate")
    customer.withdraw()
    desk.quiet()
    found += desk.look("after disposal")
    figures = desk.read_figures().decode()
    assert "verifier_decision_to_unreadable_seconds_count" in figures
    found += [f"{text} in the figures" for text in (customer.verification, "CASE-", "ver_", "doc_") if text in figures]
    found += [f"in an answer: {what}" for what, needle in desk.needles.items() for text in desk.heard if needle in text]
    assert found == []


def _refuse_everything(desk: Desk, name: str, mail: str, mark: str) -> None:
    """Put names where none belong; whatever is said of it must not repeat them."""
    new: dict[str, Any] = {"reference": f"C-{uuid.uuid4().hex[:6]}", "policy": QUALIFICATION}
    for wrong in (
        {"reference": mail},
        {"reference": name},
        {"policy": mark},
        {"locale": mark},
        {"expected": {mark: name}},
        {"expected": {"full_name": 7, mail: name}},
        {mark: name},
        {"account": [mail]},
    ):
        desk.refuse("POST", "/v1/verifications", json=new | wrong)
    desk.refuse(
        "POST",
        "/v1/verifications",
        content=f'{{"reference": "{mail}'.encode(),
        headers={"content-type": "application/json"},
    )
    desk.refuse("GET", "/v1/verifications", params={"cursor": mark})
    desk.refuse("GET", "/v1/verifications", params={"status": mail})
    desk.refuse("GET", f"/v1/verifications/{mark}", headers={"user-agent": name, "x-forwarded-for": mail})
    desk.refuse("GET", f"/v/{mark}", headers={"accept": "application/json"})
    desk.refuse("GET", f"/verification/{mark}", headers={"accept": "text/html", "referer": f"http://{mark}/"})
    desk.refuse("POST", f"/sign-in/{mark}", data={"form_token": mark, mark: name})
    desk.refuse("POST", f"/v1/verifications/{mark}/decision", json={"outcome": mark, "note": name})
    desk.refuse("GET", f"/{mark}/{mail}", headers={"idempotency-key": name})


def _photo_with_traces(name: str, camera: str) -> bytes:
    exif = Image.Exif()
    exif[0x013B], exif[0xA431], exif[0x010E] = name, camera, name
    out = io.BytesIO()
    Image.frombytes("RGB", (64, 48), os.urandom(64 * 48 * 3)).save(out, "JPEG", exif=exif, comment=name.encode())
    return out.getvalue()
