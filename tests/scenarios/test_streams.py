"""Uploads over a real socket: cut, stalled, several at once. Nothing of them stays."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import uvicorn
from sqlalchemy import select

from policies.access import Role, Scope
from tests.case_policies import FOLDER
from tests.journey import JSON, Customer, make_jpeg, make_key, open_link, refusal
from verifier.app import create_app
from verifier.db.clock import MovedClock
from verifier.evidence.tables import DocumentRow
from verifier.settings import Settings
from verifier.wiring import House, choose_seams, open_house

_SLOT = "diploma.all_pages"
_BOUNDARY = "cUt"


@dataclass(frozen=True)
class Served:
    """A house behind a real server."""

    house: House
    port: int
    clients: ExitStack

    def customer(self) -> Customer:
        """A customer of a new verification, through the socket."""
        agent = make_key(self.house, Role.AGENT, Scope.VERIFICATIONS_WRITE)
        client = self.clients.enter_context(httpx2.Client(base_url=self.house.settings.public_url))
        asked = client.post(
            "/v1/verifications", json={"reference": "CASE-1", "policy": "account-recovery"}, headers=agent
        )
        return open_link(client, asked.json()["link"]["url"])

    def wait_for(self, what: Callable[[], object]) -> None:
        """The server acts when it sees what the socket did; that is all that is waited for."""
        ends = time.monotonic() + 60
        while not what():
            assert time.monotonic() < ends, "it did not come to that"
            time.sleep(0.02)


def write_policy_of_three_slots(folder: Path) -> Path:
    """The built-in policy with a third side to send."""
    text = (FOLDER / "account-recovery.yaml").read_text()
    text = text.replace("slots: [front, back]", "slots: [front, back, side]")
    folder.mkdir()
    (folder / "account-recovery.yaml").write_text(text.replace("    slots:\n", "    slots:\n      side: {en: Side}\n"))
    return folder


@pytest.fixture
def served(tmp_path: Path, clock: MovedClock) -> Iterator[Served]:
    """A real uvicorn on a loopback socket, in a thread."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        port = listening.getsockname()[1]
        policies = write_policy_of_three_slots(tmp_path / "policies")
        settings = Settings(home=tmp_path / "home", public_url=f"http://127.0.0.1:{port}", policies_folder=policies)
        house = open_house(settings, seams=replace(choose_seams(settings), clock=clock))
        config = uvicorn.Config(create_app(house), log_config=None, lifespan="off", http="h11")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        with ExitStack() as clients:
            served = Served(house, port, clients)
            served.wait_for(lambda: server.started)
            yield served
        server.should_exit = True
        thread.join(10)
        house.close()


@contextmanager
def uploading(customer: Customer, slot: str, *, port: int, length: int | None) -> Iterator[socket.socket]:
    """A raw request whose head and fields were sent, and of whose file nothing came yet."""
    fields = [("form_token", customer.status()["form_token"]), ("slot", slot)]
    parts = [f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields]
    body = "".join(parts) + f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    cookies = "; ".join(f"{name}={value}" for name, value in customer.client.cookies.items())
    framing = f"Content-Length: {length}" if length is not None else "Transfer-Encoding: chunked"
    head = (
        f"POST /verification/{customer.verification}/documents HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Accept: application/json\r\nCookie: {cookies}\r\n{framing}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head.encode())
        send(connection, body.encode(), chunked=length is None)
        yield connection


def send(connection: socket.socket, data: bytes, *, chunked: bool) -> None:
    framed = f"{len(data):x}\r\n".encode() + data + b"\r\n" if chunked else data
    connection.sendall(framed)


def read_answer(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """Status and JSON of the answer."""
    content = b""
    while received := connection.recv(65536):
        content += received
        head, gap, body = content.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].partition(b":")[2]) if lengths else len(body) + 1
        if gap and len(body) >= length:
            return int(head.split(b" ")[1]), json.loads(body[:length])
    raise AssertionError(f"the connection ended without an answer: {content[:200]!r}")


def find_objects(house: House) -> list[Path]:
    folder = house.settings.objects_folder
    return [path for path in folder.rglob("*") if path.is_file() and path.parent != folder]


def read_states(house: House) -> list[str]:
    with house.database.read() as session:
        return [row.state for row in session.scalars(select(DocumentRow).order_by(DocumentRow.created_at))]


@pytest.mark.parametrize("length", [2_000_000, None])
def test_a_connection_that_is_cut_in_the_file_leaves_nothing(served: Served, length: int | None) -> None:
    customer = served.customer()
    jpeg = make_jpeg(width=900, height=700)
    with uploading(customer, "identity.front", port=served.port, length=length) as connection:
        send(connection, jpeg[:-100], chunked=length is None)
        served.wait_for(lambda: find_objects(served.house))
        assert read_states(served.house) == ["receiving"]
    served.wait_for(lambda: read_states(served.house) == ["disposing"])
    served.wait_for(lambda: find_objects(served.house) == [])
    assert customer.upload("identity.front", jpeg).status_code == 201, "the place is free again"


def test_a_body_that_ends_without_its_closing_boundary_is_told_so(served: Served) -> None:
    customer = served.customer()
    with uploading(customer, "identity.front", port=served.port, length=None) as connection:
        send(connection, make_jpeg(), chunked=True)
        connection.sendall(b"0\r\n\r\n")
        status, problem = read_answer(connection)
    assert (status, problem["code"]) == (400, "upload_cut")
    assert find_objects(served.house) == []


def test_a_file_that_grows_past_the_limit_is_refused_while_it_comes(served: Served) -> None:
    customer = served.customer()
    sent = 0
    with uploading(customer, "identity.front", port=served.port, length=None) as connection:
        send(connection, make_jpeg(), chunked=True)
        while sent < 21_000_000:
            send(connection, bytes(500_000), chunked=True)
            sent += 500_000
        served.wait_for(lambda: find_objects(served.house) == [])
        connection.sendall(b"0\r\n\r\n")
        status, problem = read_answer(connection)
    assert (status, problem["code"]) == (413, "file_too_large")


def test_a_length_beyond_the_limit_is_refused_before_anything_is_kept(served: Served) -> None:
    customer = served.customer()
    with uploading(customer, "identity.front", port=served.port, length=21_000_000) as connection:
        jpeg = make_jpeg()
        connection.sendall(jpeg)
        connection.sendall(bytes(21_000_000 - len(jpeg)))
        status, problem = read_answer(connection)
    assert (status, problem["code"]) == (413, "file_too_large")
    assert (read_states(served.house), find_objects(served.house)) == ([], [])


def test_two_files_at_a_time_per_link_and_the_third_waits(served: Served) -> None:
    customer = served.customer()
    with uploading(customer, "identity.front", port=served.port, length=900_000) as first:
        first.sendall(make_jpeg())
        served.wait_for(lambda: len(read_states(served.house)) == 1)
        assert customer.upload("identity.front", make_jpeg()).json()["code"] == "slot_taken"
        with uploading(customer, "identity.back", port=served.port, length=900_000) as second:
            second.sendall(make_jpeg())
            served.wait_for(lambda: len(read_states(served.house)) == 2)
            third = customer.upload("identity.side", make_jpeg())
            assert refusal(third) == (429, "too_many_uploads")
            assert int(third.headers["retry-after"]) > 0
    served.wait_for(lambda: read_states(served.house) == ["disposing", "disposing"])
    assert find_objects(served.house) == []
    assert customer.upload("identity.side", make_jpeg()).status_code == 201


def test_an_upload_whose_verification_ends_meanwhile_is_refused_and_leaves_nothing(served: Served) -> None:
    customer = served.customer()
    with uploading(customer, "identity.front", port=served.port, length=None) as connection:
        send(connection, make_jpeg(width=900, height=700), chunked=True)
        served.wait_for(lambda: find_objects(served.house))
        assert customer.post("withdraw").status_code == 200
        send(connection, f"\r\n--{_BOUNDARY}--\r\n".encode(), chunked=True)
        connection.sendall(b"0\r\n\r\n")
        status, problem = read_answer(connection)
    assert (status, problem["code"]) in {(409, "upload_ended"), (409, "already_decided")}
    assert find_objects(served.house) == []


def test_a_renewed_link_ends_uploads_of_the_old_one_no_later_than_their_last_byte(served: Served) -> None:
    customer = served.customer()
    agent = make_key(served.house, Role.AGENT, Scope.VERIFICATIONS_WRITE)
    with uploading(customer, "identity.front", port=served.port, length=None) as connection:
        send(connection, make_jpeg(), chunked=True)
        answer = customer.client.post(f"/v1/verifications/{customer.verification}/links", headers=agent)
        assert answer.status_code == 200
        send(connection, f"\r\n--{_BOUNDARY}--\r\n".encode(), chunked=True)
        connection.sendall(b"0\r\n\r\n")
        status, _ = read_answer(connection)
    stored = len(find_objects(served.house))
    assert (status, stored) in {(201, 1), (409, 0), (403, 0)}, "either it is there whole, or nothing of it"
    again = customer.client.get(f"/verification/{customer.verification}", headers=JSON)
    assert again.status_code == 403


def test_a_slow_trickle_is_renewed_and_a_silence_is_ended(served: Served) -> None:
    """The fence is drawn anew while bytes flow; the clock of the database may run ahead meanwhile."""
    customer = served.customer()
    jpeg = make_jpeg(width=200, height=150)
    with uploading(customer, "identity.front", port=served.port, length=None) as connection:
        for at in range(0, len(jpeg), 2000):
            send(connection, jpeg[at : at + 2000], chunked=True)
        served.wait_for(lambda: read_states(served.house) == ["receiving"])
        clock = served.house.clock
        assert isinstance(clock, MovedClock)
        clock.offset += timedelta(seconds=21)  # as if nothing had come for longer than the fence allows
        send(connection, f"\r\n--{_BOUNDARY}--\r\n".encode(), chunked=True)
        connection.sendall(b"0\r\n\r\n")
        status, problem = read_answer(connection)
    assert (status, problem["code"]) == (409, "upload_ended")
    assert find_objects(served.house) == []
