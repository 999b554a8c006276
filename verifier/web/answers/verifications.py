"""Answers about links, verifications, claims and decisions."""

from collections.abc import Mapping
from typing import Final

from verifier.web.answers.answer import N_, Answer

VERIFICATIONS: Final[Mapping[str, Answer]] = {
    "unknown_link": Answer(
        status=404,
        title=N_("This link does not work"),
        detail=N_("No verification has this link. Part of the address may be missing."),
        next_step=N_("Copy the whole link from the message of the support desk, or ask them for a new one."),
    ),
    "link_replaced": Answer(
        status=404,
        title=N_("This link has been replaced"),
        detail=N_("A newer link was made for the same verification, and this one no longer opens it."),
        next_step=N_("Use the link in the newest message of the support desk."),
    ),
    "link_expired": Answer(
        status=410,
        title=N_("This link has expired"),
        detail=N_(
            "The time in which this link could be used is over. What had been sent is destroyed, unless a law makes us "
            "keep it longer."
        ),
        next_step=N_("Reply to the support desk's message and ask for a new link."),
    ),
    "link_finished": Answer(
        status=410,
        title=N_("This verification is over"),
        detail=N_("It has ended and takes nothing more."),
        next_step=N_("See the outcome in the support desk's answer. If you still need help, write to them."),
    ),
    "open_link_first": Answer(
        status=403,
        title=N_("Please open your link first"),
        detail=N_("This browser has not opened this verification, or has not used it for a while."),
        next_step=N_("Open the link from the support desk's message again. What you sent is still there."),
    ),
    "unknown_verification": Answer(
        status=404,
        title=N_("There is no such verification"),
        detail=N_("No verification that you may see has that id."),
        next_step=N_("Check the id. Verifications are forgotten some time after their end."),
    ),
    "verification_exists": Answer(
        status=409,
        title=N_("There is a verification for this case already"),
        detail=N_(
            "A live verification has the same reference and policy, but was requested by another key or with other "
            "content."
        ),
        next_step=N_("Read the live one with GET /v1/verifications?reference=…, or cancel it first."),
    ),
    "reference_looks_like_address": Answer(
        status=422,
        title=N_("The reference looks like an address"),
        detail=N_(
            "A reference is the desk's own number of the case; this one looks like an e-mail, phone or web address."
        ),
        next_step=N_("Send the number of the ticket instead. It must not say who the customer is."),
    ),
    "invalid_reference": Answer(
        status=422,
        title=N_("The reference cannot be used"),
        detail=N_("A reference has 1 to 64 characters out of letters, digits and . _ : / # -."),
        next_step=N_("Send the number of the ticket as your desk writes it, without spaces."),
    ),
    "unknown_policy": Answer(
        status=422,
        title=N_("There is no such policy"),
        detail=N_("No policy with that name is installed here."),
        next_step=N_("See GET /v1/policies for the names."),
    ),
    "unknown_expected_field": Answer(
        status=422,
        title=N_("There is an expected value that the policy does not name"),
        detail=N_("The reviewer compares only what the policy lists, and nothing else is kept."),
        next_step=N_("See GET /v1/policies for the names under expected, and leave the others out."),
    ),
    "unknown_locale": Answer(
        status=422,
        title=N_("This is not a language"),
        detail=N_("The value of locale is not the tag of a language, such as nl or pt-BR. Nothing was done."),
        next_step=N_("Correct it, or leave it out: then the customer's browser decides."),
    ),
    "wrong_state": Answer(
        status=409,
        title=N_("This is not possible any more"),
        detail=N_("The verification has moved on since, and its present state does not allow this."),
        next_step=N_("Reload it to see where it stands."),
    ),
    "already_decided": Answer(
        status=409,
        title=N_("This verification is decided"),
        detail=N_("Somebody has decided it already; nothing is reopened."),
        next_step=N_("Reload it to see the outcome. For a new look, request a new verification."),
    ),
    "too_late": Answer(
        status=409,
        title=N_("Its time is over"),
        detail=N_(
            "The verification stayed undecided until its latest end, so it is over, and what no law keeps is being "
            "destroyed."
        ),
        next_step=N_("Request a new verification."),
    ),
    "page_damaged": Answer(
        status=409,
        title=N_("This page cannot be shown"),
        detail=N_("What is stored is not what was sealed, or is gone, so nothing of it is shown or can be approved."),
        next_step=N_("Ask for this document again."),
    ),
    "claimed_by_other": Answer(
        status=409,
        title=N_("Somebody else is reviewing this"),
        detail=N_("Another reviewer holds the claim on this verification."),
        next_step=N_("Take the next one in the queue. The claim ends by itself when they stop."),
    ),
    "not_claimed": Answer(
        status=409,
        title=N_("You have not claimed this"),
        detail=N_("Pages open and decisions count only under a live claim; one that is not used ends by itself."),
        next_step=N_("Claim the verification, then try again. If somebody else has it now, take the next one."),
    ),
    "pages_not_all_viewed": Answer(
        status=409,
        title=N_("Not every page has been viewed"),
        detail=N_("An approval counts only after every page of every document was fetched under your claim."),
        next_step=N_("Open the pages that are marked as not yet viewed, then approve."),
    ),
    "queue_empty": Answer(
        status=404,
        title=N_("There is nothing to review"),
        detail=N_("No verification waits that you may review and that nobody else has claimed."),
        next_step=N_("Look again later; the queue page shows when something arrives."),
    ),
    "four_eyes": Answer(
        status=409,
        title=N_("Another person has to decide this"),
        detail=N_("You had a hand in this verification: its request, link, documents, or first look."),
        next_step=N_("Leave it in the queue for a colleague, and take the next one."),
    ),
    "other_not_told_yet": Answer(
        status=409,
        title=N_("The other contact point is being told first"),
        detail=N_("Another registered contact point has to hear of this verification before it is approved."),
        next_step=N_("Try again in a minute."),
        retry_after=60,
    ),
    "unknown_reason": Answer(
        status=422,
        title=N_("There is no such reason"),
        detail=N_("The reason is not among those of the policy."),
        next_step=N_("Choose one of the reasons that the verification lists."),
    ),
    "reason_needed": Answer(
        status=422,
        title=N_("A reason is needed"),
        detail=N_("Rejecting, and asking for documents again, need at least one reason for the customer to read."),
        next_step=N_("Choose one of the reasons that the verification lists."),
    ),
    "documents_needed": Answer(
        status=422,
        title=N_("Say which documents to send again"),
        detail=N_("Asking again needs at least one document of this verification, and only those."),
        next_step=N_("Mark the documents that could not be used."),
    ),
    "too_many_resubmissions": Answer(
        status=409,
        title=N_("No more new attempts"),
        detail=N_("The customer has been asked again as often as the policy allows."),
        limit=N_("The limit is {most}."),
        next_step=N_("Approve, reject, or escalate to a second look."),
    ),
}
