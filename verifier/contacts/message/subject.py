"""What a message's Subject shows, and whether it names a case.

Guarantees: a case number counts as a whole word only, and a short one not at all: "2" stands in many a subject.
"""

import email.errors
import email.header
import re
from typing import Final

from verifier.contacts.message.fields import Message

_LONGEST: Final = 2000
_SHORTEST_REFERENCE: Final = 4


def read_subject(message: Message) -> str:
    """The Subject with its encoded words opened; `""` where there is none, or none that can be read."""
    field = message.find_one(b"subject")
    if field is None or len(field.text) > _LONGEST:
        return ""
    text = field.text.decode("ascii", errors="replace")
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (email.errors.MessageError, LookupError, ValueError):
        return ""


def names_case(subject: str, *, reference: str, phrase: str) -> bool:
    """Whether the subject holds the case number or the phrase of a verification."""
    names = [name for name in (phrase, reference) if len(name) >= _SHORTEST_REFERENCE]
    return any(_holds(subject, name) for name in names)


def _holds(subject: str, name: str) -> bool:
    words = r"\s+".join(re.escape(word) for word in name.split())
    # "CASE-1" does not stand in "CASE-1-2", but in "[CASE-1]" and before a full stop.
    whole = rf"(?<!\w)(?<!\w[-/._:#]){words}(?![-/._:#]*\w)"
    return bool(words) and re.search(whole, subject, re.IGNORECASE) is not None
