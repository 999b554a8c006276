"""Codes as words: what people read for the closed lists of other rooms. Every sentence is marked for translation.

A code that is new to this table still gets a true, general word on a customer's page; staff see the code itself.
"""

from collections.abc import Mapping
from typing import Final

from verifier.web.pages.language import mark

REMOVED: Final[Mapping[str, str]] = {
    "gps": mark("where it was taken"),
    "serial_number": mark("the serial number of the camera"),
    "thumbnail": mark("a small hidden copy of the picture"),
    "camera": mark("the camera's make and model"),
    "taken_at": mark("when it was taken"),
    "author": mark("the name of an author"),
    "software": mark("the program that made it"),
    "comment": mark("a hidden comment"),
    "exif": mark("camera data"),
    "xmp": mark("editing data"),
    "iptc": mark("press data"),
    "icc": mark("a colour profile"),
    "text": mark("hidden text"),
    "annotations": mark("notes in the margin"),
    "attachments": mark("files inside the file"),
    "scripts": mark("scripts"),
    "trailing_data": mark("data behind the end of the picture"),
    "other": mark("other hidden details"),
}

STATUS: Final[Mapping[str, str]] = {
    "requested": mark("Waiting for the customer"),
    "submitted": mark("Waiting for review"),
    "second_review": mark("Waiting for a second review"),
    "approved": mark("Confirmed"),
    "rejected": mark("Could not be confirmed"),
    "cancelled": mark("Cancelled"),
    "withdrawn": mark("Withdrawn by the customer"),
    "expired": mark("Ran out of time"),
}

RULES: Final[Mapping[str, str]] = {
    "decided": mark("The decision was made, so there was no reason left to keep it."),
    "approved": mark("The decision was made, so there was no reason left to keep it."),
    "rejected": mark("The decision was made, so there was no reason left to keep it."),
    "cancelled": mark("The request was cancelled."),
    "withdrawn": mark("The customer withdrew."),
    "expired": mark("The time for a decision ran out."),
    "replaced": mark("Another file took its place."),
    "removed": mark("The customer removed it."),
    "refused": mark("It could not be read."),
    "resubmit": mark("The reviewer asked for it again."),
    "unfinished": mark("It never arrived completely."),
}

_GROUPS: Final[Mapping[str, Mapping[str, str]]] = {"removed": REMOVED, "status": STATUS, "rule": RULES}


def say(group: str, code: str) -> str:
    """The English sentence of `code`, to be translated. An unknown one: general for customers, itself for staff."""
    found = _GROUPS[group].get(code)
    if found is not None:
        return found
    return REMOVED["other"] if group == "removed" else code
