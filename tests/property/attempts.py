"""What random orders of events try: it is done, or refused in words that the product has."""

from collections.abc import Callable
from typing import Any

from verifier.errors import VerifierError
from verifier.web.answers import ANSWERS


def attempt(act: Callable[[], Any]) -> Any:
    """Do it, or be refused in words that the table of answers has; then `None`."""
    try:
        return act()
    except VerifierError as error:
        if error.code not in ANSWERS:
            raise
        return None
