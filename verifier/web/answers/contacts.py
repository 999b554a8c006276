"""Answers about contact points and contact checks."""

from collections.abc import Mapping
from typing import Final

from verifier.web.answers.answer import N_, Answer

CONTACTS: Final[Mapping[str, Answer]] = {
    "contact_malformed": Answer(
        status=422,
        title=N_("This is not a usable contact point"),
        detail=N_("The text is not an address of the kind that is asked for."),
        next_step=N_(
            "Write an e-mail address like name@example.org, a phone number with its country code like +420 601 123 456,"
            " a domain like example.org, or a wallet address that begins with 0x, with nothing before or after it."
        ),
        limit=N_("What is asked for is: {kind}."),
    ),
    "contact_disposable": Answer(
        status=422,
        title=N_("A disposable address cannot be used here"),
        detail=N_("Mail to this address can be read by anybody for a while, so it proves nothing about its owner."),
        next_step=N_("Use the address that is registered on the account, or choose another way to prove it is yours."),
    ),
    "detail_malformed": Answer(
        status=422,
        title=N_("Some of the details do not have their format"),
        detail=N_("Nothing of what was sent was kept."),
        next_step=N_("Mend the fields that are named, each as its example shows, and send all of it again."),
        limit=N_("The fields are: {fields}."),
    ),
    "unknown_detail": Answer(
        status=422,
        title=N_("There is no such detail here"),
        detail=N_("This verification asks for no detail or caption of that name."),
        next_step=N_("Reload the page to see what is asked for, and send only that."),
    ),
    "details_not_viewed": Answer(
        status=409,
        title=N_("The details have not been viewed"),
        detail=N_("An approval counts only after what the customer typed was shown to you, as it is now."),
        next_step=N_("Open the verification again, read the details and captions, then approve."),
    ),
    "caption_missing": Answer(
        status=409,
        title=N_("A caption is missing"),
        detail=N_("Each picture needs a line that says what it shows."),
        next_step=N_("Write the caption that is missing, then hand everything in."),
        limit=N_("It is missing at {slot}."),
    ),
}
