"""A TCP proxy on loopback that does to connections what networks do: it cuts them, refuses them, or falls silent.

It changes nothing that it is not told to, and knows nothing of what passes through it.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_STEP: Final = 65536
_RESET: Final = struct.pack("ii", 1, 0)


class FaultyTcp:
    """The way to one port of this machine."""

    def __init__(self, upstream: int) -> None:
        self._upstream: Final = upstream
        self._listener: Final = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: Final = int(self._listener.getsockname()[1])
        self._open: Final[set[socket.socket]] = set()
        self._lock: Final = threading.Lock()
        self._flows: Final = threading.Event()
        self._flows.set()
        self._is_down = False
        threading.Thread(target=self._accept, name="faulty-tcp", daemon=True).start()

    def cut(self) -> None:
        """Reset every connection that is open now."""
        with self._lock:
            ended = [*self._open]
            self._open.clear()
        for each in ended:
            _reset(each)

    def go_down(self) -> None:
        """Reset every connection, and each new one, until `mend`."""
        self._is_down = True
        self.cut()

    def fall_silent(self) -> None:
        """Take what is sent, and pass nothing on until `mend`."""
        self._flows.clear()

    def mend(self) -> None:
        self._is_down = False
        self._flows.set()

    def close(self) -> None:
        self.go_down()
        self._flows.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed: the end
            while True:
                client, _ = self._listener.accept()
                if self._is_down:
                    _reset(client)
                    continue
                threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._upstream), timeout=10)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        with self._lock:
            self._open.update((client, server))
        back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        back.start()
        self._pump(client, server)
        back.join()
        with self._lock:
            self._open.difference_update((client, server))
        for each in (client, server):
            each.close()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # cut, from either side
            while data := source.recv(_STEP):
                self._flows.wait()
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def run_faulty_tcp(upstream: int) -> Iterator[FaultyTcp]:
    """A proxy to a port, as long as the block runs."""
    proxy = FaultyTcp(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
