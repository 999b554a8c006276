"""The seam of DNS, against a real server on loopback."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.signed_mail import Zone, serve
from verifier.contacts.errors import LookupFailedError, TooManyLookupsError
from verifier.contacts.resolver import CountedResolver, DnsResolver, NameServer, parse_name_server
from verifier.errors import ConfigurationError

_ZONE = Zone()


@pytest.fixture(scope="module")
def resolver() -> Iterator[DnsResolver]:
    with serve(_ZONE, timeout=timedelta(milliseconds=300)) as served:
        yield served


@pytest.fixture
def zone() -> Iterator[Zone]:
    yield _ZONE
    _ZONE.clear()


def test_every_record_comes_with_its_strings_joined(zone: Zone, resolver: DnsResolver) -> None:
    zone.records["a.example"] = [b"x" * 300, b"second"]
    assert sorted(resolver.txt("a.example")) == [b"second", b"x" * 300]


def test_a_record_too_large_for_a_datagram_comes_by_tcp(zone: Zone, resolver: DnsResolver) -> None:
    zone.records["a.example"] = [b"y" * 3000]
    assert resolver.txt("a.example") == (b"y" * 3000,)


def test_an_alias_is_followed(zone: Zone, resolver: DnsResolver) -> None:
    zone.aliases["a.example"] = "b.example"
    zone.records["b.example"] = [b"there"]
    assert resolver.txt("a.example") == (b"there",)


@pytest.mark.parametrize("name", ["absent.example", "a..example", "x" * 64 + ".example", "a." * 130, "\ud800.example"])
def test_a_name_without_records_and_one_that_cannot_be_have_none(resolver: DnsResolver, name: str) -> None:
    assert resolver.txt(name) == ()


def test_silence_and_a_servers_failure_are_not_an_empty_answer(zone: Zone, resolver: DnsResolver) -> None:
    zone.mute, zone.broken = {"mute.example"}, {"broken.example"}
    for name in ("mute.example", "broken.example"):
        with pytest.raises(LookupFailedError):
            resolver.txt(name)


def test_an_operation_asks_each_name_once_and_no_more_names_than_its_limit(zone: Zone, resolver: DnsResolver) -> None:
    counted = CountedResolver(resolver, limit=2)
    for name in ("a.example", "A.example.", "b.example"):
        assert counted.txt(name) == ()
    with pytest.raises(TooManyLookupsError):
        counted.txt("c.example")
    assert zone.asked == ["a.example", "b.example"]


def test_one_operation_asks_no_longer_than_it_has_time(resolver: DnsResolver, zone: Zone) -> None:
    seconds = [100.0]
    counted = CountedResolver(resolver, limit=16, clock=lambda: seconds[0])
    seconds[0] += 19
    assert counted.txt("a.example") == ()
    seconds[0] += 1
    with pytest.raises(TooManyLookupsError):
        counted.txt("b.example")
    assert counted.txt("a.example") == (), "what is known may still be read"
    assert zone.asked == ["a.example"]


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("9.9.9.9", NameServer("9.9.9.9")),
        ("127.0.0.1:5353", NameServer("127.0.0.1", 5353)),
        ("2620:fe::fe", NameServer("2620:fe::fe")),
        ("[2620:fe::fe]:5353", NameServer("2620:fe::fe", 5353)),
    ],
)
def test_a_name_server_is_an_address_with_or_without_its_port(text: str, server: NameServer) -> None:
    assert parse_name_server(text) == server


@pytest.mark.parametrize("text", ["", "dns.example", "9.9.9.9:0", "9.9.9.9:x", "9.9.9.9:70000", "[::1"])
def test_what_is_no_address_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ConfigurationError, match="no name server"):
        parse_name_server(text)
