"""THE one table from refusal to answer: stable code → status, title, sentence, next step.

Guarantees: each code stands once; each has a next step. `scripts/error_reference.py` renders it as
`docs/reference/errors.md` and fails `make check` when an error of the code base is missing here.
Leaves to others: how a refusal becomes a response (`verifier.web.problems`), translation (the pages).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from verifier.errors import ConfigurationError
from verifier.web.answers.answer import Answer
from verifier.web.answers.contacts import CONTACTS
from verifier.web.answers.documents import DOCUMENTS
from verifier.web.answers.notices import NOTICES
from verifier.web.answers.requests import REQUESTS
from verifier.web.answers.service import OUR_FAULTS, SERVICE
from verifier.web.answers.verifications import VERIFICATIONS

__all__ = ["ANSWERS", "OUR_FAULTS", "SECTIONS", "Answer"]

SECTIONS: Final[Mapping[str, Mapping[str, Answer]]] = MappingProxyType(
    {
        "Requests and signing in": REQUESTS,
        "Links and verifications": VERIFICATIONS,
        "Contact points and details": CONTACTS,
        "Messages that we send": NOTICES,
        "Uploads and documents": DOCUMENTS,
        "The service": SERVICE,
    }
)


def _joined(sections: Mapping[str, Mapping[str, Answer]]) -> Mapping[str, Answer]:
    table: dict[str, Answer] = {}
    for rows in sections.values():
        doubled = table.keys() & rows.keys()
        if doubled:
            raise ConfigurationError(f"These codes stand twice in the table of answers: {', '.join(sorted(doubled))}.")
        table |= rows
    return MappingProxyType(table)


ANSWERS: Final[Mapping[str, Answer]] = _joined(SECTIONS)
