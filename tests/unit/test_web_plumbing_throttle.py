"""One request too many is refused, by network, link and key, and what cannot be counted is refused too."""

import json
from collections.abc import Iterator

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from limits.errors import StorageError
from limits.storage import MemoryStorage
from starlette.requests import HTTPConnection

from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.web.errors import TooManyRequestsError
from verifier.web.problems import Refusals, install_handlers
from verifier.web.throttle import Networks, Throttle, limit_network, throttle_from


def _connection(peer: str | None, *forwarded: str) -> HTTPConnection:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    client = (peer, 1234) if peer is not None else None
    return HTTPConnection({"type": "http", "client": client, "headers": headers})


def _throttle(*, storage: MemoryStorage | None = None, trusted: tuple[str, ...] = ()) -> Throttle:
    return Throttle(per_link=3, per_key=4, per_network=5, networks=Networks(trusted), storage=storage)


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2ff:3::4", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("testclient", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_network_is_a_household_or_an_office(peer: str | None, network: str) -> None:
    assert Networks(()).network_of(_connection(peer)) == network


def test_a_stranger_cannot_choose_its_network() -> None:
    connection = _connection("198.51.100.9", "203.0.113.1")

    assert Networks(()).network_of(connection) == "198.51.100.0/24"
    assert Networks(("10.0.0.0/8",)).network_of(connection) == "198.51.100.0/24"


@pytest.mark.parametrize(
    ("forwarded", "network"),
    [
        (("203.0.113.1",), "203.0.113.0/24"),
        (("192.0.2.66, 203.0.113.1",), "203.0.113.0/24"),  # the left one is the client's own invention
        (("192.0.2.66", "203.0.113.1"), "203.0.113.0/24"),
        (("203.0.113.1, 10.1.2.3",), "203.0.113.0/24"),  # two proxies of ours
        (("nonsense",), "unknown"),
        ((), "10.0.0.0/24"),
    ],
)
def test_a_trusted_proxy_says_who_spoke_to_it(forwarded: tuple[str, ...], network: str) -> None:
    assert Networks(("10.0.0.0/8",)).network_of(_connection("10.0.0.1", *forwarded)) == network


def test_a_proxy_that_is_no_address_is_refused_at_start() -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_TRUSTED_PROXIES"):
        Networks(("proxy.example.org",))


def test_a_network_that_asks_too_often_is_refused_and_others_are_not() -> None:
    throttle = _throttle()
    for host in range(5):
        throttle.count_network(_connection(f"192.0.2.{host}"))

    with pytest.raises(TooManyRequestsError) as refused:
        throttle.count_network(_connection("192.0.2.200"))
    wait = refused.value.facts["retry_after"]
    assert isinstance(wait, int)
    assert 1 <= wait <= 60
    throttle.count_network(_connection("192.0.3.1"))


def test_links_and_keys_are_counted_apart_even_under_one_name() -> None:
    throttle = _throttle()
    for _ in range(3):
        throttle.count_link("same")
    for _ in range(4):
        throttle.count_api_key("same")

    with pytest.raises(TooManyRequestsError):
        throttle.count_link("same")
    with pytest.raises(TooManyRequestsError):
        throttle.count_api_key("same")
    throttle.count_link("other")


class _BrokenStorage(MemoryStorage):
    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        raise StorageError(OSError(key))

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        raise StorageError(OSError(key))


def test_what_cannot_be_counted_is_refused() -> None:
    throttle = _throttle(storage=_BrokenStorage())

    with pytest.raises(TooManyRequestsError) as refused:
        throttle.count_link("a")
    assert refused.value.facts == {"retry_after": 60}


def test_no_token_or_address_lies_in_the_counts() -> None:
    storage = MemoryStorage()
    throttle = _throttle(storage=storage)

    throttle.count_link("CanaryZq7")
    throttle.count_network(_connection("192.0.2.77"))

    assert storage.storage
    assert "CanaryZq7" not in str(dict(storage.storage))
    assert "192.0.2" not in str(dict(storage.storage))


@pytest.fixture
def client() -> Iterator[TestClient]:
    throttle = _throttle()
    app = FastAPI()

    @app.get("/links/{link}")
    def read_link(link: str) -> str:
        throttle.count_link(link)
        return "read"

    @app.get("/", dependencies=[Depends(limit_network(throttle))])
    def read() -> str:
        return "read"

    install_handlers(app, render_page=lambda problem, _: problem.title)
    app.add_middleware(Refusals, owner=app, render_page=lambda problem, _: problem.title)
    with TestClient(app, client=("192.0.2.1", 1)) as opened:
        yield opened


@pytest.mark.parametrize(("path", "limit"), [("/links/a", 3), ("/", 5)])
def test_the_answer_to_one_too_many_says_how_long_to_wait(client: TestClient, path: str, limit: int) -> None:
    assert [client.get(path).status_code for _ in range(limit)] == [200] * limit

    refused = client.get(path)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "192.0.2" not in json.dumps(refused.json())


def test_the_settings_give_the_limits() -> None:
    throttle = throttle_from(Settings(requests_a_minute_per_link=2))

    throttle.count_link("a")
    throttle.count_link("a")
    with pytest.raises(TooManyRequestsError):
        throttle.count_link("a")
