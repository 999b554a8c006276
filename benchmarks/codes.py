"""A code, from the customer's request to the mail server's acceptance, beside a bare send with smtplib in the same run.

Run as `python -m benchmarks.codes [CODES]`, with `verifier serve` and its worker, and a real SMTP server that keeps
nothing. Each code is: the form sent, sealed, judged by the worker, sealed again, leased, opened, sent. Each asks for
another address from another network, one after the other, so that no limit of sending delays it. The worker looks every
150 ms for each of the two jobs on the way, which is most of what is measured.
"""

import os
import secrets
import smtplib
import statistics
import sys
import tempfile
import threading
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import httpx2
from aiosmtpd.smtp import SMTP

from benchmarks.lives import run_service
from verifier.demo.sinks import Mail, MailSink

_PATIENCE: Final = 60.0
_POLICY: Final = """
policy: bench-codes
title: {en: Change your account}
proofs: [[{contact: email, by: code}]]
review: {lines: 1, answer_for: PT24H, contact_checks_decide: true}
retention: {undecided_for: P7D, why: {en: So that nobody else gets in.}}
reasons: [unreadable: {en: We could not read it.}]
link: {open_for: P3D, status_for: P30D}
"""


class Arrivals:
    """When the server accepted what for whom."""

    def __init__(self) -> None:
        self._seen: Final[dict[str, float]] = {}
        self._arrived: Final = threading.Condition()

    async def accept(self, _server: SMTP, mail: Mail) -> str:
        with self._arrived:
            self._seen[mail.recipients[0]] = time.perf_counter()
            self._arrived.notify_all()
        return "250 Taken"

    def wait_for(self, address: str) -> float:
        with self._arrived:
            if not self._arrived.wait_for(lambda: address in self._seen, _PATIENCE):
                raise SystemExit("a code did not arrive")
            return self._seen[address]


def send_bare(port: int, arrivals: Arrivals) -> float:
    """Milliseconds from the call to the acceptance: connection, greeting, one short mail."""
    address = f"bare-{secrets.token_hex(8)}@example.org"
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "verify@example.org", address, "Your code"
    message.set_content("048213")
    begun = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as smtp:
        smtp.send_message(message)
        return (arrivals.wait_for(address) - begun) * 1000


def ask_for_code(service: str, agent: httpx2.Client, arrivals: Arrivals, *, number: int) -> float:
    """Milliseconds from the customer's request for a code to the acceptance of the mail."""
    address = f"jo-{secrets.token_hex(8)}@example.org"
    body = {
        "reference": f"BENCH-{number}",
        "policy": "bench-codes",
        "contact_points": {"email": {"value": address}},
    }
    made = _ok(agent.post("/v1/verifications", json=body))
    path, page = made["link"]["url"].removeprefix(service), f"/verification/{made['id']}"
    elsewhere = {"Accept": "application/json", "X-Forwarded-For": f"10.{number // 250}.{number % 250}.1"}
    with httpx2.Client(base_url=service, headers=elsewhere, timeout=60) as customer:
        customer.post(path, data={"form_token": _ok(customer.get(path))["form_token"]})
        token = _ok(customer.get(page))["form_token"]
        begun = time.perf_counter()
        _ok(customer.post(f"{page}/contacts/email/code", data={"form_token": token}))
        return (arrivals.wait_for(address) - begun) * 1000


def _ok(answer: httpx2.Response) -> dict[str, Any]:
    answer.raise_for_status()
    return dict(answer.json())


def _show(name: str, took: list[float]) -> str:
    ordered = sorted(took)
    return f"{name:32} p50 {statistics.median(ordered):7.1f} ms   p99 {ordered[int(len(ordered) * 0.99)]:7.1f} ms"


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    arrivals = Arrivals()
    with tempfile.TemporaryDirectory() as text, MailSink(answer=arrivals.accept) as sink:
        folder = Path(text)
        (folder / "policies").mkdir()
        (folder / "policies" / "bench-codes.yaml").write_text(_POLICY, encoding="utf-8")
        settings = {
            "policies_folder": str(folder / "policies"),
            "trusted_proxies": '["127.0.0.1"]',
            "smtp_host": "127.0.0.1",
            "smtp_port": str(sink.port),
            "smtp_from": "verify@example.org",
        }
        with (
            run_service(folder, **settings) as (service, keys),
            httpx2.Client(base_url=service, headers={"Authorization": f"Bearer {keys['agent']}"}, timeout=60) as agent,
        ):
            ask_for_code(service, agent, arrivals, number=0)
            bare, codes = [], []
            for number in range(1, count + 1):
                bare.append(send_bare(sink.port, arrivals))
                codes.append(ask_for_code(service, agent, arrivals, number=number))
    print(f"{count} codes, one after the other, {os.cpu_count()} cores")
    print(_show("request to SMTP acceptance", codes))
    print(_show("bare smtplib, same server", bare))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
