"""Fetching from a real https server: what it may answer, what it may try, and where nobody is ever sent."""

import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.https_site import Authority, Script, Site, answer, open_site, raw
from tests.zone import Zone, open_zone
from verifier.contacts.errors import FetchFailedError
from verifier.contacts.fetching import Answer, HttpsFetcher, parse_https_url
from verifier.contacts.resolver import DnsResolver
from verifier.contacts.routes import LoopbackDouble, NamedRoute, Place, PublicRoute, is_public_address
from verifier.errors import ConfigurationError
from verifier.settings import Settings

HOST = "shop.example"
URL = f"https://{HOST}/file.txt"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def site(authority: Authority) -> Iterator[Site]:
    with open_site(authority.issue(HOST)) as opened:
        yield opened


@pytest.fixture
def zone() -> Iterator[tuple[Zone, DnsResolver]]:
    with open_zone() as (zone, server):
        yield zone, DnsResolver([server])


def fetch(
    site: Site, authority: Authority, script: Script, *, url: str = URL, fetch_for: float = 5, most_bytes: int = 100
) -> Answer:
    site.script = script
    route = LoopbackDouble(Settings(), port=site.port)
    fetcher = HttpsFetcher(route, trusted=authority.file, fetch_for=timedelta(seconds=fetch_for))
    return fetcher.fetch(url, most_bytes=most_bytes)


def failure(site: Site, authority: Authority, script: Script, *, url: str = URL, fetch_for: float = 5) -> object:
    with pytest.raises(FetchFailedError) as raised:
        fetch(site, authority, script, url=url, fetch_for=fetch_for)
    return raised.value.facts["reason"]


def test_a_file_is_fetched_and_nothing_of_ours_is_sent_but_the_path(site: Site, authority: Authority) -> None:
    script = answer(b"hello", headers="Set-Cookie: a=b\r\n")

    assert fetch(site, authority, script) == Answer(200, b"hello")
    fetch(site, authority, script)

    lines = site.heads[-1].decode().split("\r\n")
    assert lines[0] == "GET /file.txt HTTP/1.1"
    assert sorted(lines[1:-2]) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: close",
        f"Host: {HOST}",
        "User-Agent: verifier",
    ]


def test_no_proxy_of_the_environment_is_asked(
    site: Site, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert fetch(site, authority, answer(b"hello")).body == b"hello"


def test_a_redirect_is_an_answer_and_is_not_followed(site: Site, authority: Authority) -> None:
    before = len(site.heads)
    for target in (f"https://{HOST}/other", "https://other.example/", "http://169.254.169.254/"):
        found = fetch(site, authority, answer(b"", status="302 Found", headers=f"Location: {target}\r\n"))
        assert found == Answer(302, b"")
    assert len(site.heads) == before + 3


def test_a_body_may_fill_its_limit_and_no_more(site: Site, authority: Authority) -> None:
    assert len(fetch(site, authority, answer(b"x" * 100)).body) == 100
    assert failure(site, authority, answer(b"x" * 101)) == "too_large"
    assert failure(site, authority, raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101)) == "too_large"
    chunks = b"65\r\n" + b"x" * 0x65 + b"\r\n0\r\n\r\n"
    assert (
        failure(site, authority, raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)) == "too_large"
    )


def test_a_body_that_was_cut_is_not_an_answer(site: Site, authority: Authority) -> None:
    assert failure(site, authority, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")) == "no_answer"


def test_what_is_no_http_is_not_an_answer(site: Site, authority: Authority) -> None:
    for content in (b"", b"hello", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n"):
        assert failure(site, authority, raw(content)) == "no_answer"


def test_endless_headers_and_endless_chunks_end_after_so_many_bytes(site: Site, authority: Authority) -> None:
    sent: list[int] = []

    def flood(beginning: bytes, part: bytes) -> Script:
        def run(visitor: ssl.SSLSocket) -> None:
            visitor.sendall(beginning)
            while not site.is_closing.is_set():  # until the client hangs up
                visitor.sendall(part)
                sent.append(len(part))

        return run

    begun = time.monotonic()
    informed = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert failure(site, authority, flood(informed, informed * 100), fetch_for=60) == "no_answer"
    # A chunk of length -1 is read to its end by Python's client: only the count of bytes stops it.
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"
    assert failure(site, authority, flood(chunked, b"x" * 65_536), fetch_for=60) == "no_answer"
    assert time.monotonic() - begun < 30
    assert sum(sent) < 20_000_000  # what lay in buffers on the way


def test_a_server_that_drips_is_left_at_the_end_of_the_time(site: Site, authority: Authority) -> None:
    def drip(visitor: ssl.SSLSocket) -> None:
        visitor.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        while not site.is_closing.wait(0.05):
            visitor.sendall(b"x")

    begun = time.monotonic()
    assert failure(site, authority, drip, fetch_for=0.5) == "no_answer"
    assert time.monotonic() - begun < 4  # each byte came in time; all of them did not


def test_a_server_that_says_nothing_is_left_at_the_end_of_the_time(site: Site, authority: Authority) -> None:
    def wait(visitor: ssl.SSLSocket) -> None:
        visitor.recv(1)  # until the client hangs up

    assert failure(site, authority, wait, fetch_for=0.3) == "no_answer"


def test_nobody_listening_is_no_answer(authority: Authority) -> None:
    with open_site(authority.issue(HOST)) as site:
        closed = site.port
    fetcher = HttpsFetcher(LoopbackDouble(Settings(), port=closed), trusted=authority.file)
    with pytest.raises(FetchFailedError):
        fetcher.fetch(URL, most_bytes=9)


def test_the_next_address_is_tried_where_the_first_is_dead(site: Site, authority: Authority) -> None:
    class TwoPlaces:
        def find_places(self, host: str, port: int) -> tuple[Place, ...]:
            return ((IPv4Address("127.0.0.1"), 1), (IPv4Address("127.0.0.1"), site.port))

    site.script = answer(b"hello")
    assert HttpsFetcher(TwoPlaces(), trusted=authority.file).fetch(URL, most_bytes=9).body == b"hello"


def test_a_certificate_must_be_trusted_alive_and_for_the_host(authority: Authority, site: Site, tmp_path: Path) -> None:
    assert failure(site, authority, answer(b""), url="https://other.example/") == "not_trusted"
    assert failure(site, Authority(tmp_path), answer(b"")) == "not_trusted"
    with open_site(authority.issue(HOST, days=-1)) as expired:
        assert failure(expired, authority, answer(b"")) == "not_trusted"


def test_the_systems_authorities_are_trusted_where_no_file_is_named(site: Site) -> None:
    with pytest.raises(FetchFailedError) as raised:
        HttpsFetcher(LoopbackDouble(Settings(), port=site.port)).fetch(URL, most_bytes=9)
    assert raised.value.facts == {"reason": "not_trusted"}


@given(content=st.binary(max_size=300), head=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_of_a_server_make_it_raise_anything_but_its_error(
    site: Site, authority: Authority, content: bytes, head: bytes
) -> None:
    try:
        assert len(fetch(site, authority, raw(head + content)).body) <= 100
    except FetchFailedError:
        return


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "ftp://shop.example/",
        "https://shop.example",
        "https://user@shop.example/",
        "https://shop.example:0/",
        "https://shop.example:65536/",
        "https://shop.example/#x",
        "https://shop.example/a b",
        "https://shop.example/\r\nHost: x",
        "https://[::1]/",
        "https://shop..example/",
        "https://-shop.example/",
        "https://shöp.example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        "//shop.example/",
        "",
    ],
)
def test_what_is_no_plain_https_address_is_never_asked(url: str) -> None:
    with pytest.raises(FetchFailedError):
        parse_https_url(url)


@given(st.text() | st.text().map(lambda text: f"https://{text}/"))
def test_no_text_makes_the_parser_raise_anything_but_its_error(text: str) -> None:
    try:
        host, port, path = parse_https_url(text)
    except FetchFailedError:
        return
    assert text.lower() in {f"https://{host}{path}".lower(), f"https://{host}:{port}{path}".lower()}


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
        *("192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:7f00:1"),
        *("fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2002:7f00:1::", "2001::1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "3fff::1", "5f00::1", "4000::1"),
    ],
)
def test_an_address_that_is_not_public_is_known(text: str) -> None:
    assert not is_public_address(ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450::1", "64:ff9b::8.8.8.8"])
def test_a_public_address_is_known(text: str) -> None:
    assert is_public_address(ip_address(text))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_hides_in_no_ipv6_address(address: IPv4Address) -> None:
    assert not is_public_address(ip_address(f"::ffff:{address}"))
    assert not is_public_address(ip_address(f"::{address}"))
    assert is_public_address(ip_address(f"64:ff9b::{address}")) == is_public_address(address)


def test_the_public_route_hands_out_what_one_lookup_said(zone: tuple[Zone, DnsResolver]) -> None:
    served, resolver = zone
    served.text = f"{HOST}. 0 A 93.184.216.34\n{HOST}. 0 AAAA 2606:4700::1111\n"

    places = PublicRoute(resolver).find_places(HOST, 443)

    assert places == ((ip_address("93.184.216.34"), 443), (ip_address("2606:4700::1111"), 443))
    assert served.asked == [f"{HOST}. 1", f"{HOST}. 28"]


@pytest.mark.parametrize("hidden", ["A 127.0.0.1", "A 169.254.169.254", "AAAA ::ffff:a00:1", "AAAA ::1"])
def test_one_address_that_is_not_public_spoils_the_name(zone: tuple[Zone, DnsResolver], hidden: str) -> None:
    served, resolver = zone
    served.text = "".join(f"{HOST}. 0 A 93.184.216.{number}\n" for number in range(1, 6)) + f"{HOST}. 0 {hidden}\n"

    with pytest.raises(FetchFailedError) as raised:
        PublicRoute(resolver).find_places(HOST, 443)

    assert raised.value.facts == {"reason": "not_public"}


def test_a_name_that_answers_differently_the_second_time_is_asked_once(
    zone: tuple[Zone, DnsResolver], site: Site, authority: Authority
) -> None:
    served, resolver = zone
    served.text = f"{HOST}. 0 A 127.0.0.1\n"
    site.script = answer(b"hello")
    fetcher = HttpsFetcher(NamedRoute(resolver), trusted=authority.file)

    assert fetcher.fetch(f"https://{HOST}:{site.port}/", most_bytes=9).body == b"hello"

    assert served.asked == [f"{HOST}. 1", f"{HOST}. 28"]


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "2130706433", "localhost", "absent.example"])
def test_the_public_route_knows_no_address_but_those_of_the_dns(zone: tuple[Zone, DnsResolver], host: str) -> None:
    with pytest.raises(FetchFailedError) as raised:
        PublicRoute(zone[1]).find_places(host, 443)
    assert raised.value.facts == {"reason": "unresolved"}


def test_a_dns_server_that_fails_gives_no_place(zone: tuple[Zone, DnsResolver]) -> None:
    zone[0].is_broken = True
    with pytest.raises(FetchFailedError):
        PublicRoute(zone[1]).find_places(HOST, 443)


def test_a_host_that_the_operator_named_may_stand_in_the_desks_own_network(zone: tuple[Zone, DnsResolver]) -> None:
    zone[0].text = "keys.internal. 0 A 10.0.0.7\n"
    assert NamedRoute(zone[1]).find_places("keys.internal", 8443) == ((ip_address("10.0.0.7"), 8443),)
    assert NamedRoute(zone[1]).find_places("10.0.0.8", 443) == ((ip_address("10.0.0.8"), 443),)


def test_the_loopback_double_cannot_be_made_where_people_outside_are_served() -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_LOOPBACK_FILES_PORT"):
        LoopbackDouble(Settings(public_url="https://verify.example.org"), port=8443)


def test_the_loopback_double_warns_of_itself(capsys: pytest.CaptureFixture[str]) -> None:
    LoopbackDouble(Settings(), port=8443)
    assert "loopback_files.in_use" in capsys.readouterr().err


def test_an_authority_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for name in ("empty.pem", "absent.pem"):
        with pytest.raises(ConfigurationError, match="holds no certificates"):
            HttpsFetcher(LoopbackDouble(Settings(), port=1), trusted=tmp_path / name)
