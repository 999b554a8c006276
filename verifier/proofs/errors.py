"""Refusals of a submission."""

from collections.abc import Mapping
from typing import Final

from verifier.errors import VerifierError
from verifier.proofs.detail_faults import DetailFault


class StillCheckingError(VerifierError):
    code = "still_checking"


class NotEverythingSentError(VerifierError):
    code = "not_everything_sent"


class UnknownLineError(VerifierError):
    """The proof is not one that this verification accepts."""

    code = "unknown_proof"


class NoProofPossibleError(VerifierError):
    """With what the desk sent, no proof of the policy could be given."""

    code = "no_proof_possible"


class NoProofNeededError(VerifierError):
    """The policy says that this kind of request is simply answered."""

    code = "no_proof_needed"


class DetailMalformedError(VerifierError):
    """Details do not have their format. `faults`: by the name that the field has in a form; nothing was kept."""

    code = "detail_malformed"

    def __init__(self, faults: Mapping[str, DetailFault]) -> None:
        super().__init__({"fields": ", ".join(faults)})
        self.faults: Final = dict(faults)


class UnknownDetailError(VerifierError):
    """The policy asks for no such detail or caption."""

    code = "unknown_detail"


class CaptionMissingError(VerifierError):
    """A document was sent whose caption, which the policy asks for, is not there. `slot` says which."""

    code = "caption_missing"
