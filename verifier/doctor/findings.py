"""What a check of the doctor comes to: one line, with what was seen or what to change.

Guarantees: a check that cannot be made is a finding, never the end of the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from verifier.errors import ConfigurationError, VerifierError

NOT_YET: Final = "nothing is there yet; verifier serve sets it up"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is as it should be, and what was seen or what to change."""

    check: str
    is_ok: bool
    sentence: str

    def to_line(self) -> str:
        return f"{'ok     ' if self.is_ok else 'CHANGE '} {self.check:<10} {self.sentence}"


class WrongError(Exception):
    """What a check found wrong: a sentence with what to change."""


def check(name: str, see: Callable[[], str]) -> Finding:
    try:
        return Finding(name, is_ok=True, sentence=see())
    except WrongError as wrong:
        return Finding(name, is_ok=False, sentence=str(wrong))
    except ConfigurationError as error:
        return Finding(name, is_ok=False, sentence=error.advice)
    except (VerifierError, SQLAlchemyError, OSError) as error:
        return Finding(
            name, is_ok=False, sentence=f"this could not be looked at ({_name_of(error)}). Let this user do it."
        )


def _name_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}: {error.filename or 'no name'}"
    return str(error) if isinstance(error, VerifierError) else type(error).__name__
