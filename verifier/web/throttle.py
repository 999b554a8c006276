"""How often a link, an API key and a network may ask.

Guarantees: each request counts before anything is read from it; one too many is refused with `Retry-After`; where the
count cannot be kept, the request is refused too. Nothing of it is logged or stored: the counts live in memory and are
gone after a minute. Leaves to others: limits of size (`json_bodies`, the upload), the number of uploads at once.
"""

import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import HTTPConnection

from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.web.counting import Counts
from verifier.web.errors import TooManyRequestsError

_MINUTE: Final = 60
_PREFIXES: Final = {4: 24, 6: 56}  # what one household or office usually holds
_NOWHERE: Final = "unknown"


def _parse_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    # ::ffff:192.0.2.1 is the same host as 192.0.2.1 and must not get a second count; a scope (%eth0) is no part of it.
    return address.ipv4_mapped or IPv6Address(int(address))


def _parse_network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ConfigurationError(
            "VERIFIER_TRUSTED_PROXIES must list addresses or networks, such as 10.0.0.0/8. Write them so."
        ) from error


class Networks:
    """Tells from which network a request comes; believes X-Forwarded-For only from a trusted proxy."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(map(_parse_network, trusted_proxies))

    def _is_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address.version == network.version and address in network for network in self._trusted)

    def network_of(self, connection: HTTPConnection) -> str:
        """The /24 or /56 of the client; one name for all whose address cannot be told."""
        address = _parse_address(connection.client.host) if connection.client else None
        forwarded = ",".join(connection.headers.getlist("x-forwarded-for"))
        # From the right: each proxy of ours appended who spoke to it; what stands further left anyone may have written.
        for hop in reversed(forwarded.split(",") if forwarded else []):
            if address is None or not self._is_trusted(address):
                break
            address = _parse_address(hop)
        if address is None:
            return _NOWHERE
        return str(ip_network(f"{address}/{_PREFIXES[address.version]}", strict=False))


class Throttle:
    """Counts the requests of the last minute by subject: a network, a link, an API key."""

    def __init__(
        self, *, per_link: int, per_key: int, per_network: int, networks: Networks, storage: MemoryStorage | None = None
    ) -> None:
        self._networks: Final = networks
        self._limiter: Final = SlidingWindowCounterRateLimiter(storage or Counts())
        self._limits: Final = {
            "link": RateLimitItemPerMinute(per_link),
            "key": RateLimitItemPerMinute(per_key),
            "network": RateLimitItemPerMinute(per_network),
        }

    def _count(self, kind: str, subject: str) -> None:
        # The subject is hashed so that no token or address lies in this memory for longer than the request.
        name = hashlib.sha256(f"{kind}:{subject}".encode("utf-8", "surrogatepass")).hexdigest()
        try:
            if self._limiter.hit(self._limits[kind], name):
                return
        except StorageError as error:
            raise TooManyRequestsError({"retry_after": _MINUTE}) from error  # fail closed
        raise TooManyRequestsError({"retry_after": self._wait_of(kind, name)})

    def _wait_of(self, kind: str, name: str) -> int:
        """Seconds until one more request fits, rounded up, at least one and at most a minute."""
        stats = self._limiter.get_window_stats(self._limits[kind], name)
        return max(1, min(_MINUTE, int(stats.reset_time - time.time()) + 1))

    def network_of(self, connection: HTTPConnection) -> str:
        """From which network a request comes."""
        return self._networks.network_of(connection)

    def count_network(self, connection: HTTPConnection) -> None:
        """Raise `TooManyRequestsError` if the network of this request has asked too often."""
        self._count("network", self._networks.network_of(connection))

    def count_link(self, link: str) -> None:
        """The same for a link; call it once the link is known to exist, with its verification's id."""
        self._count("link", link)

    def count_api_key(self, api_key: str) -> None:
        """The same for an API key, by its id."""
        self._count("key", api_key)


def throttle_from(settings: Settings) -> Throttle:
    """The throttle that the settings ask for."""
    return Throttle(
        per_link=settings.requests_a_minute_per_link,
        per_key=settings.requests_a_minute_per_key,
        per_network=settings.requests_a_minute_per_network,
        networks=Networks(settings.trusted_proxies),
    )


def limit_network(throttle: Throttle) -> Callable[[Request], Awaitable[None]]:
    """A FastAPI dependency for a whole router: `Depends(limit_network(throttle))`."""

    # Asynchronous, because it only counts in memory and FastAPI sends every synchronous dependency through a thread.
    async def dependency(request: Request) -> None:
        throttle.count_network(request)

    return dependency
