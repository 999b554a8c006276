"""A real IMAP server on this machine with one mailbox, and what a desk forwards to it."""

import base64
import imaplib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.https_site import Authority
from verifier.contacts.message.mailbox import MailboxAccess, MailboxTls

USER: Final = "desk"
PASSWORD: Final = "correct horse"


def forward_as_attachment(
    mail: bytes, *, subject: str, kind: str = "message/rfc822", encoding: str = "7bit", copies: int = 1
) -> bytes:
    """What a desk's mail program sends when an agent forwards `mail` as an attachment."""
    attached = base64.encodebytes(mail).replace(b"\n", b"\r\n") if encoding == "base64" else mail
    part = f"--=_b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + attached
    return (
        f"From: Agent <agent@desk.example>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed;\r\n boundary="=_b"\r\n\r\nA preamble\r\n'
        "--=_b\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n--=_b\r\n\r\nMore text\r\n".encode()
        + (part + b"\r\n") * copies
        + b"--=_b--\r\nAn epilogue\r\n--=_b\r\nContent-Type: message/rfc822\r\n\r\nFrom: eve@x.com\r\n"
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


@contextmanager
def open_mailbox(authority: Authority) -> Iterator[MailboxAccess]:
    """An empty mailbox on a server of its own, reached by STARTTLS."""
    program = shutil.which("pymap", path=str(Path(sys.executable).parent))
    assert program, "pymap is one of the development dependencies: uv sync"
    certificate, port = authority.issue("localhost"), free_port()
    network = ["--host", "127.0.0.1", "--port", str(port), "--cert", str(certificate), "--key", str(certificate)]
    server = subprocess.Popen([program, *network, "dict", "--demo-user", USER, "--demo-password", PASSWORD])
    try:
        _wait_for(port)
        yield MailboxAccess(
            host="localhost",
            port=port,
            user=USER,
            password=PASSWORD,
            tls=MailboxTls.STARTTLS,
            timeout=timedelta(seconds=10),
            trust=authority.trust,
        )
    finally:
        server.terminate()
        server.wait(10)


@contextmanager
def open_inbox(access: MailboxAccess) -> Iterator[imaplib.IMAP4]:
    """The same mailbox as a person sees it."""
    opened = imaplib.IMAP4(access.host, access.port)
    opened.starttls(access.trust)
    opened.login(USER, PASSWORD)
    opened.select("INBOX")
    yield opened
    opened.logout()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until, "the IMAP server did not start"
            time.sleep(0.05)
        else:
            return
