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
import time
from email.message import EmailMessage
from typing import Final

from benchmarks.crowd import percentile
from benchmarks.letters import POLICY_NAME, Arrivals, open_letters
from benchmarks.life import Line, ok, open_page
from benchmarks.places import open_embedded

_PATIENCE: Final = 60.0


def send_bare(port: int, arrivals: Arrivals) -> float:
    """Milliseconds from the call to the acceptance: connection, greeting, one short mail."""
    address = f"bare-{secrets.token_hex(8)}@example.org"
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "verify@example.org", address, "Your code"
    message.set_content("048213")
    begun = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as smtp:
        smtp.send_message(message)
        return (arrivals.wait_for(address, within=_PATIENCE).at - begun) * 1000


def ask_for_code(line: Line, arrivals: Arrivals) -> float:
    """Milliseconds from the customer's request for a code to the acceptance of the mail."""
    address = f"jo-{secrets.token_hex(8)}@example.org"
    verification, link = line.request(policy=POLICY_NAME, contact_points={"email": {"value": address}})
    with line.browser() as customer:
        page, token = open_page(customer, verification, link)
        begun = time.perf_counter()
        ok(customer.post(f"{page}/contacts/email/code", data={"form_token": token}))
        return (arrivals.wait_for(address, within=_PATIENCE).at - begun) * 1000


def _show(name: str, took: list[float]) -> str:
    return f"{name:32} p50 {statistics.median(took):7.1f} ms   p99 {percentile(took, 0.99):7.1f} ms"


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with open_letters() as (arrivals, settings), open_embedded(**settings) as place, Line(place) as line:
        ask_for_code(line, arrivals)
        bare, codes = [], []
        for _ in range(count):
            bare.append(send_bare(int(settings["smtp_port"]), arrivals))
            codes.append(ask_for_code(line, arrivals))
    print(f"{count} codes, one after the other, {os.cpu_count()} cores")
    print(_show("request to SMTP acceptance", codes))
    print(_show("bare smtplib, same server", bare))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
