"""A real DNS server on this machine with one zone of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dnslib import RCODE, RR
from dnslib.server import DNSLogger, DNSServer

from verifier.contacts.resolver import NameServer


class Zone:
    """Answers from `text`, a zone file's lines, which a test may change; `asked` has every name that was asked for."""

    def __init__(self) -> None:
        self.text = ""
        self.asked: list[str] = []
        self.is_broken = False

    def resolve(self, request: Any, _: Any) -> Any:
        reply = request.reply()
        self.asked.append(f"{request.q.qname} {request.q.qtype}")
        records = [record for record in RR.fromZone(self.text) if record.rname == request.q.qname]
        reply.add_answer(*[record for record in records if record.rtype == request.q.qtype])
        if self.is_broken:
            reply.header.rcode = RCODE.SERVFAIL
        elif not records:
            reply.header.rcode = RCODE.NXDOMAIN
        return reply


@contextmanager
def open_zone() -> Iterator[tuple[Zone, NameServer]]:
    zone = Zone()
    server = DNSServer(zone, address="127.0.0.1", port=0, logger=DNSLogger("-request,-reply,-truncated,-error"))
    server.start_thread()
    try:
        yield zone, NameServer("127.0.0.1", server.server.server_address[1])
    finally:
        server.stop()
        server.server.server_close()
