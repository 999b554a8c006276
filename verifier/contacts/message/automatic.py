"""Whether a message says of itself that a program wrote it, or that a list sent it to many.

Guarantees: one such field is enough, signed or not: an answering machine quotes the subject of whoever wrote to it, and
so would sign for them. Leaves to others: mail from which these fields were taken, which is why a signed subject must
name the case (`findings`).
"""

from typing import Final

from verifier.contacts.message.fields import Message

_PRECEDENCES: Final = frozenset({b"bulk", b"list", b"junk", b"auto_reply"})
_PRESENT: Final = frozenset({b"x-autoreply", b"x-autorespond"})


def is_automatic(message: Message) -> bool:
    """RFC 3834 (Auto-Submitted), RFC 2369 and 2919 (List-*), and what older programs write."""
    for field in message.fields:
        if field.key.startswith(b"list-") or field.key in _PRESENT:
            return True
        if field.key == b"auto-submitted" and _first_word(field.text) != b"no":
            return True
        if field.key == b"precedence" and _first_word(field.text) in _PRECEDENCES:
            return True
    return False


def _first_word(text: bytes) -> bytes:
    """Before a parameter or a comment."""
    return text.partition(b";")[0].partition(b"(")[0].strip().lower()
