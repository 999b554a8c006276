"""Why a typed detail does not have its format: the closed list, and the one exception of the parsers.

A fault says what was wrong, never what was typed.
"""

from enum import StrEnum
from typing import Final


class DetailFault(StrEnum):
    """What is wrong with a detail as it was typed."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"
    """A character that cannot be seen, or that changes the order of those beside it."""
    NOT_THE_FORMAT = "not_the_format"
    CHECK_DIGITS = "check_digits"
    """It has its form, but its own check says that a character is wrong."""
    NO_CURRENCY = "no_currency"
    UNKNOWN_CURRENCY = "unknown_currency"
    UNCLEAR_NUMBER = "unclear_number"
    """A comma or point before three digits, which may mean either."""
    TOO_MANY_DECIMALS = "too_many_decimals"
    NO_SUCH_DATE = "no_such_date"
    NO_SENDER = "no_sender"
    NO_RECIPIENT = "no_recipient"
    NO_TIME = "no_time"


class WrongDetailError(ValueError):
    """Raised by the parsers of this room, and by nothing else; never leaves it."""

    def __init__(self, fault: DetailFault) -> None:
        self.fault: Final = fault
        super().__init__(fault.value)
