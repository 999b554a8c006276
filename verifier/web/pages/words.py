"""Codes as words: what people read for the closed lists of other rooms. Every sentence is marked for translation.

A test walks those lists: each code stands here. One that is unknown all the same (of an older release, in an old row)
gets a general word on a customer's page; staff see the code itself.
"""

from collections.abc import Mapping
from typing import Final

from verifier.web.answers.answer import N_

# verifier.sanitise.findings.Trace
REMOVED: Final[Mapping[str, str]] = {
    "exif": N_("camera data"),
    "gps": N_("where it was taken"),
    "serial_number": N_("the serial number of the camera"),
    "thumbnail": N_("a small hidden copy of the picture"),
    "xmp": N_("editing data"),
    "icc": N_("a colour profile"),
    "iptc": N_("press data"),
    "comment": N_("a hidden comment"),
    "pdf_javascript": N_("scripts"),
    "pdf_attachments": N_("files inside the file"),
    "pdf_links": N_("links"),
    "pdf_forms": N_("form fields"),
    "pdf_metadata": N_("who made the file, and with what"),
    "other": N_("other hidden details"),
}

# verifier.verifications.life.VerificationState
STATUS: Final[Mapping[str, str]] = {
    "requested": N_("Waiting for the customer"),
    "submitted": N_("Waiting for review"),
    "second_review": N_("Waiting for a second look"),
    "approved": N_("Confirmed"),
    "rejected": N_("Could not be confirmed"),
    "cancelled": N_("Cancelled"),
    "withdrawn": N_("Withdrawn by the customer"),
    "expired": N_("Ran out of time"),
}

# verifier.evidence: the life of a document
DOCUMENT: Final[Mapping[str, str]] = {
    "receiving": N_("Arriving"),
    "sealed": N_("Being checked"),
    "ready": N_("Stored locked"),
    "refused": N_("Could not be read"),
    "disposing": N_("Being destroyed"),
    "disposed": N_("Destroyed"),
}

# verifier.retention.service.Rule
RULES: Final[Mapping[str, str]] = {
    "undecided": N_("Nobody decided in time."),
    "unfinished_upload": N_("It never arrived completely."),
    "removed": N_("The customer removed it."),
    "replaced": N_("Another file took its place."),
    "refused": N_("It could not be read."),
    "resubmit": N_("The reviewer asked for it again."),
    "approved": N_("The decision was made, so there was no reason left to keep it."),
    "rejected": N_("The decision was made, so there was no reason left to keep it."),
    "cancelled": N_("The request was cancelled."),
    "withdrawn": N_("The customer withdrew."),
    "expired": N_("The time for a decision ran out."),
    "key_lost": N_("The key to it was lost, so nobody could open it."),
    "restored": N_("It had been destroyed before, and came back with a backup."),
}

# verifier.contacts.life.CheckState
CHECKS: Final[Mapping[str, str]] = {
    "open": N_("Under way"),
    "confirmed": N_("Confirmed"),
    "mismatch": N_("Somebody else's"),
    "unconfirmed": N_("Could not be told"),
    "failed": N_("Failed"),
    "lapsed": N_("Lapsed with the old link"),
}

# verifier.reviews.comparing.Comparison
COMPARISONS: Final[Mapping[str, str]] = {
    "same": N_("The same"),
    "differs": N_("Different"),
    "not_known": N_("Nothing to compare"),
}

# verifier.audit.catalogue.EntryKind
KINDS: Final[Mapping[str, str]] = {
    "verification.created": N_("Verification requested"),
    "link.issued": N_("Link made"),
    "link.shown": N_("Link shown"),
    "link.opened": N_("Link opened"),
    "verification.moved": N_("Verification moved on"),
    "document.sealed": N_("Document stored locked"),
    "document.ready": N_("Document checked"),
    "document.refused": N_("Document could not be read"),
    "copy.removed": N_("Copy removed"),
    "copy.late": N_("Copy turned up late"),
    "document.disposed": N_("Document destroyed"),
    "document.disposed_again": N_("Document destroyed again"),
    "verification.shredded": N_("Key destroyed"),
    "hold.placed": N_("Kept by law"),
    "hold.ended": N_("No longer kept by law"),
    "claim.taken": N_("Claim taken"),
    "claim.released": N_("Claim released"),
    "page.viewed": N_("Page viewed"),
    "expected.viewed": N_("Expected values viewed"),
    "details.given": N_("Details given"),
    "details.viewed": N_("Details viewed"),
    "contact_check.begun": N_("Contact check begun"),
    "contact_check.judged": N_("Contact check judged"),
    "contact_check.lapsed": N_("Contact check lapsed"),
    "code.sent": N_("Code sent"),
    "other.told": N_("Other contact point told"),
    "other.not_told": N_("No other contact point could be told"),
    "exit.used": N_("Exit used: I did not ask for this"),
    "proof.offered": N_("Proofs offered"),
    "proof.chosen": N_("Proof chosen"),
    "decision.made": N_("Decision made"),
    "log.read": N_("Log read"),
    "log.exported": N_("Log exported"),
    "staff.invited": N_("Person invited"),
    "staff.signed_in": N_("Person signed in"),
    "staff.disabled": N_("Person disabled"),
    "api_key.created": N_("API key made"),
    "api_key.revoked": N_("API key revoked"),
    "orphan.removed": N_("Orphan removed"),
    "alarm.raised": N_("Alarm raised"),
    "installation.created": N_("Installation made"),
    "installation.restored": N_("Restored from a backup"),
    "log.begun_anew": N_("Log begun anew after a loss"),
    "root_key.begun": N_("Root key begun"),
    "root_key.destroyed": N_("Root key destroyed"),
}

_GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "removed": REMOVED,
    "status": STATUS,
    "document": DOCUMENT,
    "rule": RULES,
    "comparison": COMPARISONS,
    "check": CHECKS,
    "kind": KINDS,
}


def say(group: str, code: str) -> str:
    """The English sentence of `code`, to be translated. An unknown one: general for customers, itself for staff."""
    found = _GROUPS[group].get(code)
    if found is not None:
        return found
    return REMOVED["other"] if group == "removed" else code
