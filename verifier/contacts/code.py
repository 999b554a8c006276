"""A code that was sent: six digits, for ten minutes, five tries, five sendings.

Guarantees: digits come from the system's random source; what is stored to compare with is a digest under the worker's
own key, bound to the verification and the check, so that no row says the code and no code fits another check; the
comparison takes the same time whatever was guessed. Leaves to others: counting the tries, and sending.
"""

import hmac
import secrets
import unicodedata
from datetime import timedelta
from typing import Final

from verifier.contacts.errors import CodeMalformedError
from verifier.ids import CheckId, VerificationId
from verifier.vault.secrets import keyed_digest

CODE_DIGITS: Final = 6
CODE_FOR: Final = timedelta(minutes=10)
MOST_TRIES: Final = 5
MOST_SENDS: Final = 5

_LONGEST_TYPED: Final = 40
_SEPARATORS: Final = frozenset({"Zs", "Pd", "Cf", "Cc"})  # spaces, dashes, invisible marks that come with pasting


def new_code() -> str:
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def parse_code(text: str) -> str:
    """The six digits of a code as it was typed or read out: with spaces or dashes, in any script's digits.

    Raises:
        CodeMalformedError
    """
    if len(text) > _LONGEST_TYPED:
        raise CodeMalformedError
    digits = []
    for character in text:
        value = unicodedata.decimal(character, None)
        if value is not None:
            digits.append(str(value))
        elif unicodedata.category(character) not in _SEPARATORS:
            raise CodeMalformedError
    if len(digits) != CODE_DIGITS:
        raise CodeMalformedError
    return "".join(digits)


def digest_code(key: bytes, code: str, *, verification: VerificationId, check: CheckId) -> str:
    """What stands in the row. Ids have no slash, so no two of these texts are one."""
    return keyed_digest(key, "code", f"{verification}/{check}/{code}")


def is_code(key: bytes, given: str, *, digest: str, verification: VerificationId, check: CheckId) -> bool:
    """Whether `given` is the code of this check; in constant time."""
    return hmac.compare_digest(digest_code(key, given, verification=verification, check=check), digest)
