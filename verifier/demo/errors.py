"""How the demo fails: at a step, for a reason. A client's failure, and so none of the product's refusals."""

from typing import Final


class StepFailedError(Exception):
    """A step did not do what it should; `sentence` says what was seen instead."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence: Final = sentence
