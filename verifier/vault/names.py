"""The strict names that contexts, object keys and files are formed of.

Lower case, so that no two of them fall together on a file system that ignores case; without slash, dot or tilde, so
that none of them can leave a folder or look like an unfinished upload.
"""

import re
from typing import Final

from verifier.ids import is_id
from verifier.vault.errors import UnsafeNameError

_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")


def verify_name(text: str) -> None:
    """Raise `UnsafeNameError` unless `text` is 1 to 64 of `a-z 0-9 _ -`."""
    if _NAME.fullmatch(text) is None:
        raise UnsafeNameError


def verify_id(text: str, *, prefix: str) -> None:
    """Raise `UnsafeNameError` unless `text` is one of our ids with this prefix."""
    if not (is_id(text) and text.startswith(f"{prefix}_")):
        raise UnsafeNameError
