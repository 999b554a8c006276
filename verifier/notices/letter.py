"""What one notice says and to whom: in clear only between opening and sending.

Guarantees: it cannot be printed; neither address nor subject can hold a line break, so nothing that was put in them
becomes a header of its own; a text for phones has two segments at most. Leaves to others: whether the address is the
right one.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Final, assert_never

from verifier.notices.kinds import Channel

MOST_SEGMENTS: Final = 2

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_ADDRESS: Final = 320
_ADDRESS: Final = re.compile(r"[^\s@<>(),;:\\\"\[\]]+@[A-Za-z0-9.-]+")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164

# 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1; a character of the extension takes two places.
_GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED: Final = frozenset("^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Letter:
    """Address and text; `token` is random and stays over all attempts, so that a mail sent twice is known as one.

    `language` is that of subject and body (RFC 5646); unknown, "", of what was queued before it was kept.
    """

    to: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    token: str = field(repr=False)
    language: str = ""

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Letter":
        """Load what `to_bytes` gave."""
        return cls(**json.loads(data))


def verify_letter(letter: Letter, channel: Channel) -> None:
    """Raise `ValueError`, which names the part and never its text, for what must not be queued: a fault of ours."""
    match channel:
        case Channel.EMAIL:
            if len(letter.to) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(letter.to) or _CONTROL.search(letter.to):
                raise ValueError("to: an address in its normal form, its domain in ASCII")
            if not letter.subject or _CONTROL.search(letter.subject):
                raise ValueError("subject: one line of text")
        case Channel.SMS:
            if not _PHONE.fullmatch(letter.to):
                raise ValueError("to: a number as E.164 writes it")
            if count_segments(letter.body) > MOST_SEGMENTS:
                raise ValueError("body: two segments at most")
        case _:
            assert_never(channel)
    if not letter.body:
        raise ValueError("body: a text")


def count_segments(text: str) -> int:
    """How many segments a text for phones takes: 160 septets or 70 UCS-2 units in one, 153 or 67 in each of several."""
    if all(sign in _GSM_BASIC or sign in _GSM_EXTENDED for sign in text):
        units, alone, each = sum(2 if sign in _GSM_EXTENDED else 1 for sign in text), 160, 153
    else:
        units, alone, each = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if units <= alone else -(-units // each)
