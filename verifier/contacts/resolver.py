"""The one DNS seam: TXT records and addresses by name, with a time-out for each look-up, and a limit for one operation.

It guarantees that nothing waits longer than its time-out, that no TXT record is looked up twice in one operation, and
that an answer which could not be had (`LookupFailedError`) never looks like a name without records; many slow answers
together take no longer than the worker holds what it judges. What a record
means, and whom the servers themselves believe, is left to others: these answers are as true as the path to the server.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Protocol

import dns.exception
import dns.name
import dns.nameserver
import dns.rdata
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.resolver
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from verifier.contacts.errors import LookupFailedError, TooManyLookupsError
from verifier.errors import ConfigurationError

_TIMEOUT: Final = timedelta(seconds=3)
_LONGEST_OPERATION: Final = timedelta(seconds=20)
"""After it, no look-up begins: with the last one's time-out that is less than the lease in `judging`."""


class Resolver(Protocol):
    """Looks TXT records up."""

    def txt(self, name: str) -> tuple[bytes, ...]:
        """The TXT records of `name`, the strings of each joined; () if it has none; or raise `LookupFailedError`."""


@dataclass(frozen=True)
class NameServer:
    """One server that answers for the whole of DNS."""

    address: str
    port: int = 53


class DnsResolver:
    """Asks the servers that the setting names, or those of the system where it names none."""

    def __init__(self, servers: Sequence[NameServer] = (), *, timeout: timedelta = _TIMEOUT) -> None:
        self._timeout: Final = timeout.total_seconds()
        self._resolver: Final = _from_system() if not servers else _from_setting(servers)

    def txt(self, name: str) -> tuple[bytes, ...]:
        records = self._look_up(name, dns.rdatatype.TXT)
        return tuple(b"".join(item.strings) for item in records if isinstance(item, dns.rdtypes.ANY.TXT.TXT))

    def addresses(self, name: str) -> tuple[IPv4Address | IPv6Address, ...]:
        """The A and AAAA records of `name`; () if it has none; or raise `LookupFailedError`."""
        old = (IPv4Address(item.address) for item in self._look_up(name, dns.rdatatype.A) if isinstance(item, A))
        new = (IPv6Address(item.address) for item in self._look_up(name, dns.rdatatype.AAAA) if isinstance(item, AAAA))
        return (*old, *new)

    def _look_up(self, name: str, kind: dns.rdatatype.RdataType) -> Iterable[dns.rdata.Rdata]:
        try:
            # Absolute, so that no search list of the machine turns the name into another.
            absolute = dns.name.from_text(name, origin=dns.name.root)
        except (dns.exception.DNSException, UnicodeError):
            return ()  # a name that cannot be has no records
        try:
            answer = self._resolver.resolve(
                absolute, kind, lifetime=self._timeout, raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise LookupFailedError from error
        return answer.rrset or ()


class CountedResolver:
    """One operation's share of another resolver: each name once, no more than `limit` of them, and none too late.

    The operation begins when this is made. `clock` counts seconds, and is steady.
    """

    def __init__(self, inner: Resolver, *, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner: Final = inner
        self._limit: Final = limit
        self._clock: Final = clock
        self._ends_at: Final = clock() + _LONGEST_OPERATION.total_seconds()
        self._known: Final[dict[str, tuple[bytes, ...]]] = {}
        self._asked = 0

    def txt(self, name: str) -> tuple[bytes, ...]:
        key = name.rstrip(".").lower()
        if key not in self._known:
            if self._asked >= self._limit or self._clock() >= self._ends_at:
                raise TooManyLookupsError
            self._asked += 1
            self._known[key] = self._inner.txt(key)
        return self._known[key]


def parse_name_server(text: str) -> NameServer:
    """`9.9.9.9`, `9.9.9.9:5353` or `[2620:fe::fe]:53` as a setting writes it."""
    address, port = text.strip(), "53"
    if address.startswith("["):
        address, _, port = address[1:].partition("]:")
    elif address.count(":") == 1:
        address, _, port = address.partition(":")
    try:
        _to_server(server := NameServer(address, int(port)))
    except (ValueError, dns.exception.DNSException):
        raise ConfigurationError(f"{text!r} is no name server. Write an IP address, or one with its port.") from None
    return server


def _from_system() -> dns.resolver.Resolver:
    try:
        return dns.resolver.Resolver()
    except dns.exception.DNSException:
        raise ConfigurationError("This machine names no DNS server. Set one for the contact checks.") from None


def _from_setting(servers: Sequence[NameServer]) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [_to_server(server) for server in servers]
    return resolver


def _to_server(server: NameServer) -> dns.nameserver.Do53Nameserver:
    ip_address(server.address)
    if not 0 < server.port < 65_536:
        raise ValueError(server.port)
    return dns.nameserver.Do53Nameserver(server.address, server.port)
