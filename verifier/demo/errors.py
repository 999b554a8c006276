"""How the demo fails: at a step, for a reason."""

from typing import Final

from verifier.errors import VerifierError


class StepFailedError(VerifierError):
    """A step did not do what it should; `sentence` says what was seen instead."""

    code = "demo_failed"

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence: Final = sentence

    def __str__(self) -> str:
        return self.sentence
