"""What a deletion receipt may be refused for."""

from typing import Final

from verifier.errors import VerifierError


class NotDisposedError(VerifierError):
    """The document is not disposed of yet."""

    code = "not_disposed"


class DisposedBeforeRestoreError(VerifierError):
    """The document was destroyed, and its receipt given, before a backup brought it back for a while."""

    code = "disposed_before_restore"


class ReceiptBrokenError(VerifierError):
    """A deletion receipt in which something is wrong; `sentence` names the first thing."""

    code = "receipt_broken"

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence: Final = sentence

    def __str__(self) -> str:
        return self.sentence
