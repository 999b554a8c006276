"""Codes as words: what people read for the closed lists of other rooms. Every sentence is marked for translation.

A code that is new to this table still gets a true, general word on a customer's page; staff see the code itself.
"""

from collections.abc import Mapping
from typing import Final

from verifier.web.answers.answer import N_

REMOVED: Final[Mapping[str, str]] = {
    "gps": N_("where it was taken"),
    "serial_number": N_("the serial number of the camera"),
    "thumbnail": N_("a small hidden copy of the picture"),
    "camera": N_("the camera's make and model"),
    "taken_at": N_("when it was taken"),
    "author": N_("the name of an author"),
    "software": N_("the program that made it"),
    "comment": N_("a hidden comment"),
    "exif": N_("camera data"),
    "xmp": N_("editing data"),
    "iptc": N_("press data"),
    "icc": N_("a colour profile"),
    "text": N_("hidden text"),
    "annotations": N_("notes in the margin"),
    "attachments": N_("files inside the file"),
    "scripts": N_("scripts"),
    "trailing_data": N_("data behind the end of the picture"),
    "other": N_("other hidden details"),
}

STATUS: Final[Mapping[str, str]] = {
    "requested": N_("Waiting for the customer"),
    "submitted": N_("Waiting for review"),
    "second_review": N_("Waiting for a second review"),
    "approved": N_("Confirmed"),
    "rejected": N_("Could not be confirmed"),
    "cancelled": N_("Cancelled"),
    "withdrawn": N_("Withdrawn by the customer"),
    "expired": N_("Ran out of time"),
}

RULES: Final[Mapping[str, str]] = {
    "decided": N_("The decision was made, so there was no reason left to keep it."),
    "approved": N_("The decision was made, so there was no reason left to keep it."),
    "rejected": N_("The decision was made, so there was no reason left to keep it."),
    "cancelled": N_("The request was cancelled."),
    "withdrawn": N_("The customer withdrew."),
    "expired": N_("The time for a decision ran out."),
    "replaced": N_("Another file took its place."),
    "removed": N_("The customer removed it."),
    "refused": N_("It could not be read."),
    "resubmit": N_("The reviewer asked for it again."),
    "unfinished": N_("It never arrived completely."),
}

_GROUPS: Final[Mapping[str, Mapping[str, str]]] = {"removed": REMOVED, "status": STATUS, "rule": RULES}


def say(group: str, code: str) -> str:
    """The English sentence of `code`, to be translated. An unknown one: general for customers, itself for staff."""
    found = _GROUPS[group].get(code)
    if found is not None:
        return found
    return REMOVED["other"] if group == "removed" else code
