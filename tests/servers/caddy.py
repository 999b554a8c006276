"""The proxy of compose.yaml, a real Caddy with our configuration, in front of two tiers that a test makes up."""

import http.client
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.installing import need_program
from tests.servers.ports import free_port
from verifier.sanitise.hardening import end_with_parent

CONFIGURATION: Final = Path(__file__).resolve().parents[2] / "deploy" / "compose" / "Caddyfile"
CUSTOMER_HOST: Final = "verify.localhost"
STAFF_HOST: Final = "desk.localhost"
_STARTS_WITHIN: Final = 30.0


class _Connection(http.client.HTTPConnection):
    """To this machine, whatever the host is called; TLS, with the name of the host."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, timeout=20)
        self._context = ssl.create_default_context()
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE  # its own authority's

    def connect(self) -> None:
        self.sock = self._context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), self.timeout), server_hostname=self.host
        )


@dataclass(frozen=True)
class Caddy:
    """A running proxy."""

    port: int
    folder: Path
    pid: int

    @contextmanager
    def connect(self, host: str = CUSTOMER_HOST) -> Iterator[http.client.HTTPConnection]:
        connection = _Connection(host, self.port)
        try:
            yield connection
        finally:
            connection.close()

    def read_log(self) -> str:
        return (self.folder / "caddy.log").read_text(encoding="utf-8")

    def list_files(self) -> list[Path]:
        """Every file that it has open, or that lies in a folder of its own."""
        opened = Path(f"/proc/{self.pid}/fd").iterdir()
        return [each for each in (*opened, *self.folder.rglob("*")) if each.is_file()]


@contextmanager
def run_caddy(folder: Path, *, customer: str, staff: str, configuration: Path = CONFIGURATION) -> Iterator[Caddy]:
    """A proxy in `folder`, in front of two addresses such as `127.0.0.1:8080`; skips the test where none can be."""
    need_program("caddy", package="caddy")
    port = free_port()
    folders = dict.fromkeys(("HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))
    ports = {"HTTP_PORT": str(free_port()), "HTTPS_PORT": str(port), "PATIENCE": "2s"}
    tiers = {"CUSTOMER_HOST": CUSTOMER_HOST, "STAFF_HOST": STAFF_HOST, "CUSTOMER_TIER": customer, "STAFF_TIER": staff}
    environment = {"PATH": os.environ["PATH"], **folders, **ports, **tiers}
    with (folder / "caddy.log").open("wb") as log:
        child = subprocess.Popen(
            ["caddy", "run", "--adapter", "caddyfile", "--config", str(configuration)],
            env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=end_with_parent,  # noqa: PLW1509 -- two system calls, in a child that then becomes caddy
        )  # fmt: skip
    caddy = Caddy(port, folder, child.pid)
    try:
        _await_answer(caddy, child)
        yield caddy
    finally:
        child.terminate()
        child.wait(20)


def _await_answer(caddy: Caddy, child: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + _STARTS_WITHIN
    while child.poll() is None and time.monotonic() < ends_at:
        with suppress(OSError), caddy.connect() as connection:
            connection.connect()
            return
        time.sleep(0.05)
    raise RuntimeError(f"caddy does not answer: {caddy.read_log()[-600:]}")
