"""What the audit log refuses, and what stops it."""

from typing import Final

from verifier.errors import VerifierError


class EntryRefusedError(VerifierError):
    """An entry that the catalogue does not know in this form. `sentence` names the field, never its value."""

    code = "entry_refused"

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence: Final = sentence

    def __str__(self) -> str:
        return self.sentence


class AlreadyDisposedError(VerifierError):
    """A document has one disposal. The caller's transaction must be rolled back."""

    code = "already_disposed"


class LogBehindError(VerifierError):
    """Entries wait too long to be sequenced: nothing may be shown, decided or taken in until they are."""

    code = "log_behind"


class LogEmptyError(VerifierError):
    """The log has no published checkpoint yet."""

    code = "log_empty"


class UnknownIndexError(VerifierError):
    """An index, size or tile beyond what the log has published."""

    code = "unknown_index"


class LogStoppedError(VerifierError):
    """The sequencer must not sign; `advice` says what was seen. Read by operators."""

    code = "log_stopped"

    def __init__(self, advice: str) -> None:
        super().__init__()
        self.advice: Final = advice

    def __str__(self) -> str:
        return self.advice


class LogForkedError(LogStoppedError):
    """What was published is not the beginning of the log in the database."""

    code = "log_forked"


class LogShortError(LogStoppedError):
    """The database holds less than was published: it was restored from an older backup."""

    code = "log_short"


class PublicationLostError(LogStoppedError):
    """Checkpoints were published, and nothing is there any more."""

    code = "log_publication_lost"


class LogEndedError(LogStoppedError):
    """This key's log has ended, and the one that takes its place was not begun to its end."""

    code = "log_ended"


class ExportBrokenError(VerifierError):
    """An exported log in which something is wrong: the first thing, its line (from 1) and what it is."""

    code = "export_broken"

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__({"line": line})
        self.line: Final = line
        self.sentence: Final = sentence

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}"
