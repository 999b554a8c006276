"""Where a request to a host may really go: the guard against being sent into our own network (SSRF).

Guarantees: `PublicRoute` hands out addresses of the public internet only, those of one look-up, so that a name that
answers differently the second time (DNS rebinding) changes nothing; one address that is not public spoils the name.
Leaves to others: to connect to these addresses and to no other.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, Protocol

from verifier.contacts.errors import FetchFailedError, LookupFailedError
from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.telemetry import get_log

Address = IPv4Address | IPv6Address
Place = tuple[Address, int]

_MOST_PLACES: Final = 3

# IANA's registries of special-purpose addresses (RFC 6890), written out, because the lists inside Python differ from
# one release to the next; and what clouds keep for themselves: their metadata are link-local, or in one of these.
_NOT_PUBLIC_4: Final = tuple(
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's host, at an address that looks public
    )
)
_GLOBAL_6: Final = IPv6Network("2000::/3")  # everything else is special, or not given out
# Teredo and 6to4 carry an IPv4 address inside; the others are for protocols and documents.
_NOT_PUBLIC_6: Final = tuple(IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are where it leads


class AddressResolver(Protocol):
    """Addresses of a name, from the DNS."""

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Every A and AAAA record of `name`; none where it has none. Raises `LookupFailedError`."""
        ...


class Route(Protocol):
    """Where requests to a host go."""

    def find_places(self, host: str, port: int) -> tuple[Place, ...]:
        """The places to try, at least one. Raises `FetchFailedError`."""
        ...


def is_public_address(address: Address) -> bool:
    """Whether the address lies in the public internet, for everybody in the same place."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _NOT_PUBLIC_4)
    if address in _NAT64:
        return is_public_address(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_6 and address.is_global and not any(address in network for network in _NOT_PUBLIC_6)


class PublicRoute:
    """To hosts that strangers name: public addresses only."""

    def __init__(self, resolver: AddressResolver) -> None:
        self._resolver: Final = resolver

    def find_places(self, host: str, port: int) -> tuple[Place, ...]:
        addresses = _look_up(self._resolver, host)
        if not all(is_public_address(address) for address in addresses):
            raise FetchFailedError({"reason": "not_public"})
        return tuple((address, port) for address in addresses[:_MOST_PLACES])


class NamedRoute:
    """To a host that the operator named in a setting, which may well stand in the desk's own network."""

    def __init__(self, resolver: AddressResolver) -> None:
        self._resolver: Final = resolver

    def find_places(self, host: str, port: int) -> tuple[Place, ...]:
        try:
            return ((ip_address(host), port),)
        except ValueError:
            return tuple((address, port) for address in _look_up(self._resolver, host)[:_MOST_PLACES])


class LoopbackDouble:
    """A development double: every host is this machine. It cannot be made where people outside are served."""

    def __init__(self, settings: Settings, *, port: int) -> None:
        """Raise `ConfigurationError` in production."""
        if settings.is_production:
            raise ConfigurationError(
                "VERIFIER_LOOPBACK_FILES_PORT sends every look at a customer's domain to this machine: it is for tests "
                "only. Unset it."
            )
        get_log().warning("loopback_files.in_use", port=port)
        self._place: Final[Place] = (IPv4Address("127.0.0.1"), port)

    def find_places(self, host: str, port: int) -> tuple[Place, ...]:
        return (self._place,)


def _look_up(resolver: AddressResolver, host: str) -> tuple[Address, ...]:
    try:
        addresses = resolver.addresses(host)
    except LookupFailedError as error:
        raise FetchFailedError({"reason": "unresolved"}) from error
    if not addresses:
        raise FetchFailedError({"reason": "unresolved"})
    return addresses
