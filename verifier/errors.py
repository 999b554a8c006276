"""The root of every refusal that this product answers with a stable code.

A room subclasses `VerifierError` in its own `errors.py` and gives each class a `code`. What a code means to a
person (status, sentence, next step) stands in one table at the edge, `verifier.web.problems`: the rooms know no HTTP.
"""

from collections.abc import Mapping
from typing import ClassVar, Final


class VerifierError(Exception):
    """A refusal with a stable `code`.

    `facts` are numbers and closed-list words that the sentence at the edge may name (a limit in bytes, a slot of the
    policy). They never hold anything that a customer wrote: what is put here is shown and logged.
    """

    code: ClassVar[str] = "internal"

    def __init__(self, facts: Mapping[str, str | int] | None = None) -> None:
        self.facts: Final[Mapping[str, str | int]] = dict(facts or {})
        super().__init__(self.code)


class ConfigurationError(VerifierError):
    """The installation cannot start safely; `advice` says what to change. Read by operators, never by customers."""

    code = "configuration"

    def __init__(self, advice: str) -> None:
        super().__init__()
        self.advice: Final = advice

    def __str__(self) -> str:
        return self.advice
