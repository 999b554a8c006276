"""Calendar dates as people write them, where only one reading is possible."""

import re
from datetime import date
from typing import Final

from verifier.proofs.detail_faults import DetailFault, WrongDetailError

_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DOTTED: Final = re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})")
_YEARS: Final = range(1900, 2101)


def parse_date(text: str) -> str:
    """`2026-11-22`, out of that or of `22. 11. 2026`. With slashes, day and month could not be told apart.

    Raises:
        WrongDetailError
    """
    iso, dotted = _ISO.fullmatch(text), _DOTTED.fullmatch(text)
    if iso is not None:
        year, month, day = map(int, iso.groups())
    elif dotted is not None:
        day, month, year = map(int, dotted.groups())
    else:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    if year not in _YEARS:
        raise WrongDetailError(DetailFault.NO_SUCH_DATE)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise WrongDetailError(DetailFault.NO_SUCH_DATE) from None
