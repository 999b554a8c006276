"""What the upload benchmarks share: servers on free ports, prepared requests, and a client that costs little."""

import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import POLICIES
from verifier.audit.publish import FolderPublisher
from verifier.audit.sequencer import Sequencer
from verifier.settings import Settings
from verifier.verifications.links import open_link
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification
from verifier.verifications.tables import VerificationRow
from verifier.web.customer_session import token_for_forms
from verifier.wiring import House, open_house


@dataclass(frozen=True)
class Prepared:
    """One request, as bytes."""

    head: bytes
    body: bytes


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def run_server(name: str, folder: Path) -> Iterator[tuple[int, int]]:
    """A server in a process of its own: its port and process id."""
    port = free_port()
    environment = os.environ | {
        "BENCH_FOLDER": str(folder),
        "VERIFIER_HOME": str(folder / "home"),
        "VERIFIER_PORT": str(port),
        "VERIFIER_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "VERIFIER_REQUESTS_A_MINUTE_PER_LINK": "1000000",
        "VERIFIER_REQUESTS_A_MINUTE_PER_NETWORK": "1000000",
    }
    command = [sys.executable, "-m", "benchmarks.servers", name, str(port)]
    with subprocess.Popen(command, env=environment) as process:
        try:
            _await_port(port)
            yield port, process.pid
        finally:
            process.terminate()


def _await_port(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the server does not listen")


def open_prepared_house(folder: Path) -> House:
    return open_house(Settings(home=folder / "home", policies_folder=POLICIES))


def prepare_uploads(house: House, file: bytes, *, count: int) -> list[Prepared]:
    """Requests that each put `file` into a free slot of its own; two to a verification."""
    sequence_all(house)
    prepared: list[Prepared] = []
    while len(prepared) < count:
        asked = NewVerification(reference=f"BENCH-{secrets.token_hex(6)}", policy="account-recovery")
        created = house.verifications.create(asked, actor="operator", once=EVERY_TIME)
        with house.database.write() as session:
            now = house.clock.now(session)
            row = session.get_one(VerificationRow, created.id)
            opened = open_link(session, now, house.verifications.get_link_token(row))
        for slot in ("identity.front", "identity.back"):
            fields = {"form_token": token_for_forms(opened.token), "slot": slot}
            cookie = f"dev-v-{opened.verification}={opened.token}"
            prepared.append(make_request(f"/verification/{opened.verification}/documents", fields, file, cookie))
    sequence_all(house)
    return prepared[:count]


def sequence_all(house: House) -> None:
    """Keep the log up: no worker runs beside the servers, and a log that falls behind closes the intake."""
    Sequencer(house.database, house.clock, house.signer, FolderPublisher(house.settings.published_folder)).run_once()


def make_request(path: str, fields: dict[str, str], file: bytes, cookie: str = "") -> Prepared:
    boundary = secrets.token_hex(12)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n".encode()
    )
    body = b"".join([*parts, file, f"\r\n--{boundary}--\r\n".encode()])
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nCookie: {cookie}\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Prepared(head.encode(), body)


def send_all(port: int, requests: list[Prepared], *, connections: int) -> float:
    """Send every request over so many connections; seconds until the last answer. Raises unless each was a 201."""
    lanes = [requests[number::connections] for number in range(connections)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(lambda lane: _send_lane(port, lane), lanes))
    return time.perf_counter() - begun


def _send_lane(port: int, requests: list[Prepared]) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for request in requests:
            connection.sendall(request.head)
            connection.sendall(request.body)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            text = answer.read()
            if answer.status != 201:
                raise RuntimeError(f"{answer.status}: {text[:300]!r}")
