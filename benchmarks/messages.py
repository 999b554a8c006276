"""A verdict on a message beside dkimpy alone: what it costs to believe a signature only as far as it reaches.

Run as `python -m benchmarks.messages [ROUNDS]`. Both verify the same signed messages with the same records from memory,
in turns, so that a slow moment of the machine meets both. dkimpy says whether a signature is true; the judge reads the
message strictly, asks for the domain's policy, asks what the signature covers, and counts. The run fails where that
takes more than `MOST_TIMES` as long for a mail of ordinary size, or where refusing 40 MB is not cheap.
"""

import base64
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import Final

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from verifier.contacts.message.judge import judge_message
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.reasons import Reason
from verifier.contacts.verdict import Outcome

MOST_TIMES: Final = 3.0
MOST_REFUSAL_MS: Final = 5.0
_AUTHOR: Final = "jo@example.org"
_COVERED: Final = (b"from", b"to", b"subject", b"date", b"message-id")
_SIZES: Final = {"4 kB": 4_000, "100 kB": 100_000, "5 MB": 5_000_000}
_RULES: Final = MessageRules()


class Records:
    """The one key record of the one domain, without a network."""

    def __init__(self, record: bytes) -> None:
        self._record: Final = record

    def txt(self, name: str) -> tuple[bytes, ...]:
        return (self._record,) if "._domainkey." in name else ()

    def answer(self, name: bytes, **_: float) -> bytes:
        """The same, as dkimpy asks."""
        return self._record


def make_key() -> tuple[bytes, Records]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return private, Records(b"v=DKIM1; k=rsa; p=" + base64.b64encode(public))


def make_mail(private: bytes, *, size: int) -> bytes:
    head = (
        f"From: Jo Doe <{_AUTHOR}>\r\nTo: desk@example.net\r\nSubject: My account\r\n"
        f"Date: {format_datetime(datetime.now(UTC))}\r\nMessage-ID: <1@example.org>\r\n\r\n"
    ).encode()
    line = b"Please give me back my account, for I cannot log in any more.\r\n"
    mail = head + line * (size // len(line))
    signature: bytes = dkim.sign(
        mail, b"s1", b"example.org", private, canonicalize=(b"relaxed", b"relaxed"), include_headers=list(_COVERED)
    )
    return signature + mail


def judge(mail: bytes, records: Records) -> Outcome | Reason:
    verdict = judge_message(mail, expected=_AUTHOR, now=datetime.now(UTC), resolver=records, rules=_RULES).verdict
    return verdict.reasons[0] if verdict.reasons else verdict.outcome


def _time(work: Callable[[], object], expected: object) -> float:
    began = time.perf_counter()
    found = work()
    took = (time.perf_counter() - began) * 1000
    if found != expected:
        raise SystemExit(f"{found!r} where {expected!r} was expected: nothing to compare")
    return took


def _show(times: list[float]) -> str:
    return f"{statistics.median(times):9.2f} ({min(times):.2f})"


def main() -> int:
    """Print the medians in milliseconds; 0 if the bounds are kept."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    private, records = make_key()
    judge(make_mail(private, size=0), records)  # the list of public suffixes is read once
    print(f"a signed message (RSA, 2048 bits), {rounds} rounds in one run, ms: median (fastest)")
    ratios = {}
    for name, size in _SIZES.items():
        mail = make_mail(private, size=size)
        alone, judged = [], []
        for _ in range(rounds):
            alone.append(_time(partial(dkim.verify, mail, dnsfunc=records.answer), True))
            judged.append(_time(partial(judge, mail, records), Outcome.CONFIRMED))
        ratios[name] = statistics.median(judged) / statistics.median(alone)
        print(f"  {name:>6}  dkimpy alone {_show(alone)}   verdict {_show(judged)}   {ratios[name]:.2f} times")
    huge = make_mail(private, size=40_000_000)
    refused = [_time(partial(judge, huge, records), Reason.TOO_LARGE) for _ in range(rounds)]
    print(f"  40 MB are refused in  {_show(refused)}   (at most {MOST_REFUSAL_MS})")
    print(f"  the verdict takes {ratios['4 kB']:.2f} times what dkimpy takes (at most {MOST_TIMES})")
    return 0 if ratios["4 kB"] <= MOST_TIMES and statistics.median(refused) <= MOST_REFUSAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
