"""The one error of this package: every refusal of a policy text or of the access table.

It guarantees a stable `code`, a place where there is one (lines and columns count from 1; 0 means "no place"), and a
sentence for the operator who writes the text. It is no `VerifierError`: nothing here imports `verifier`.
"""

from typing import Final, Literal

PolicyErrorCode = Literal[
    "access_gap",
    "anchor",
    "bad_code",
    "bad_duration",
    "bad_language",
    "bad_number",
    "bad_size",
    "bad_switch",
    "bad_text",
    "contradiction",
    "duplicate_code",
    "duplicate_key",
    "empty_ladder",
    "empty_proof",
    "folder",
    "limits_too_small",
    "missing_english",
    "missing_key",
    "missing_language",
    "missing_retention",
    "no_rules",
    "not_canonical",
    "not_utf8",
    "not_yaml",
    "out_of_range",
    "several_documents",
    "slot_titles",
    "tag",
    "too_deep",
    "too_few",
    "too_little_time",
    "too_long",
    "too_many",
    "unfit_check",
    "unknown_choice",
    "unknown_key",
    "unknown_reason",
    "unreachable",
    "unused_rules",
    "wrong_file_name",
    "wrong_kind",
]


class PolicyError(Exception):
    """A text that is no policy (or no access table), with the place and what to change."""

    def __init__(
        self, code: PolicyErrorCode, *, sentence: str, origin: str = "policy", line: int = 0, column: int = 0
    ) -> None:
        self.code: Final[PolicyErrorCode] = code
        self.sentence: Final = sentence
        self.origin: Final = origin
        self.line: Final = line
        self.column: Final = column
        super().__init__(f"{origin}:{line}:{column}: {sentence} [{code}]")


def quote(written: str) -> str:
    """What somebody wrote, short and harmless in a terminal: no control, direction or unpaired characters."""
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in written[:40])
    return f"`{shown}{'…' if len(written) > 40 else ''}`"
