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
    "contacts_not_allowed": Answer(
        status=403,
        title=N_("This key may not set contact points"),
        detail=N_(
            "Contact points come from the desk's own system, and so does an account that the policy has attested: the"
            " API key needs the scope contacts:write."
        ),
        next_step=N_(
            "Use a key with that scope, or leave contact_points out, and account where it is to be attested. Nothing"
            " was done."
        ),
    ),
    "contact_point_unusable": Answer(
        status=422,
        title=N_("A contact point cannot be used"),
        detail=N_("Each has either a value or a digest, which is 64 lower-case hexadecimal digits; never both."),
        next_step=N_("Send one of the two. verifier contact-key show prints the key that digests are made with."),
        limit=N_("It is the one of the kind: {contact}."),
    ),
    "no_proof_possible": Answer(
        status=422,
        title=N_("No proof of this policy could be given"),
        detail=N_("Each proof needs something that did not come with the request, or that is not set up here."),
        next_step=N_("Send the contact points or the account that the policy checks, or use another policy."),
    ),
    "no_proof_needed": Answer(
        status=409,
        title=N_("No proof is needed"),
        detail=N_("The policy says that this kind of request is simply answered, so nothing was made."),
        next_step=N_("Answer the request."),
    ),
    "unknown_proof": Answer(
        status=422,
        title=N_("This proof is not accepted here"),
        detail=N_("The proof is not one of those that this verification offers now."),
        next_step=N_("Reload the page and choose one of those that it shows."),
    ),
    "unknown_contact": Answer(
        status=404,
        title=N_("This check is not part of the verification"),
        detail=N_("The policy does not ask for it, or the desk has not sent that contact point."),
        next_step=N_("Reload to see which checks there are."),
    ),
    "unknown_check": Answer(
        status=404,
        title=N_("There is no such check"),
        detail=N_("This verification has no such check, or it has not begun yet."),
        next_step=N_("Begin the check first. Reload to see which there are."),
    ),
    "wrong_check": Answer(
        status=409,
        title=N_("This does not belong to that check"),
        detail=N_("The check is done in another way, so nothing was taken in."),
        next_step=N_("Reload to see what the check asks for."),
    ),
    "check_ended": Answer(
        status=409,
        title=N_("This check has ended"),
        detail=N_("It takes no more codes, looks or messages. If it was confirmed, there is nothing left to do in it."),
        next_step=N_("Reload to see how it ended. If it failed, choose another proof, or write to the support desk."),
    ),
    "too_many_checks": Answer(
        status=409,  # for good: waiting changes nothing
        title=N_("This was tried as often as it can be"),
        detail=N_("A verification takes a few checks of one kind, and no more."),
        next_step=N_("Choose another proof, or write to the support desk."),
    ),
    "too_many_codes_sent": Answer(
        status=409,  # for good: waiting changes nothing
        title=N_("The code was sent as often as it can be"),
        detail=N_("We send one code five times at most, so that nobody's mailbox is filled."),
        next_step=N_(
            "Look for it once more, also among spam; else choose another proof, or write to the support desk."
        ),
    ),
    "code_malformed": Answer(
        status=422,
        title=N_("This is not a code"),
        detail=N_("A code has six digits. It did not count as a try."),
        next_step=N_("Type the six digits as they stand in the message; spaces do not matter."),
    ),
    "still_judging": Answer(
        status=429,
        title=N_("We are still looking at what you sent before"),
        detail=N_("Several things were handed in and are not judged yet. This one was not taken in."),
        next_step=N_("Wait a moment, reload, and try again if it is still needed."),
        retry_after=5,
    ),
    "submission_too_large": Answer(
        status=413,
        title=N_("This is too large"),
        detail=N_("What was handed in is larger than we take. Nothing of it was kept."),
        next_step=N_("Hand in another message, without large attachments, or choose another check."),
        limit=N_("The limit is {limit_bytes}."),
    ),
    "unknown_exit": Answer(
        status=404,
        title=N_("This link does not work"),
        detail=N_("No verification has this link; part of the address may be missing, or it was forgotten long ago."),
        next_step=N_("Copy the whole link from the message, or tell the support desk that it was not you."),
    ),
}
