"""Proofs in words: what each requirement is called, what it takes, how a check ended. Marked for translation.

A test walks the lists: every check that a policy can ask for stands here. Nothing here tells an address: this tier
cannot open one, and whoever holds the link need not be its owner.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from policies.model import Policy
from policies.parts import (
    CheckMethod,
    ContactKind,
    ContactRequirement,
    DetailsRequirement,
    ProofLine,
    Requirement,
    is_optional,
)
from verifier.contacts.reasons import Reason
from verifier.web.answers.answer import N_
from verifier.web.pages.language import load_sentences, translator

Check = tuple[ContactKind, CheckMethod]

TITLES: Final[Mapping[Check, str]] = {
    (ContactKind.EMAIL, CheckMethod.CODE): N_("A code to your registered e-mail address"),
    (ContactKind.EMAIL, CheckMethod.MESSAGE): N_("A message from your registered e-mail address"),
    (ContactKind.PHONE, CheckMethod.CODE): N_("A code to your registered phone"),
    (ContactKind.ACCOUNT, CheckMethod.ATTESTATION): N_("A confirmation from where you are logged in"),
    (ContactKind.DOMAIN, CheckMethod.DNS): N_("A DNS record of your domain"),
    (ContactKind.DOMAIN, CheckMethod.FILE): N_("A file on your website"),
    (ContactKind.WALLET, CheckMethod.SIGNATURE): N_("A signature by your wallet"),
}
HINTS: Final[Mapping[Check, str]] = {
    (ContactKind.EMAIL, CheckMethod.CODE): N_("We send six digits; you type them here. About a minute."),
    (ContactKind.EMAIL, CheckMethod.MESSAGE): N_("You write one message; its signature shows where it comes from."),
    (ContactKind.PHONE, CheckMethod.CODE): N_("We send six digits in a text message; you type them here."),
    (ContactKind.ACCOUNT, CheckMethod.ATTESTATION): N_("You log in as always, and confirm it there."),
    (ContactKind.DOMAIN, CheckMethod.DNS): N_("You add one record where your domain is managed."),
    (ContactKind.DOMAIN, CheckMethod.FILE): N_("You put one small file on your website."),
    (ContactKind.WALLET, CheckMethod.SIGNATURE): N_("Your wallet signs a text. No money moves."),
}

CLOSED: Final[Mapping[Reason, str]] = {
    Reason.TOO_MANY_TRIES: N_("The code was wrong five times, so this way is closed."),
    Reason.ADDRESS_DIFFERS: N_("The address was not the registered one five times, so this way is closed."),
    Reason.TOO_MANY_SENDS: N_("The code was sent as often as it can be, so this way is closed."),
    Reason.NOT_DELIVERED: N_("The code could not be delivered, so this way is closed."),
}
_CLOSED_OTHERWISE: Final = N_("We could not confirm it this way.")
ENDED: Final[Mapping[Reason, str]] = {
    Reason.NO_SIGNATURE: N_("The message had no signature of your mail provider, so it could have come from anybody."),
    Reason.BAD_SIGNATURE: N_("The signature did not fit: something was changed on the way, or it is for another text."),
    Reason.NOT_ALIGNED: N_("The message was signed by another domain than the one that it was written from."),
    Reason.STALE: N_("The message is too old."),
    Reason.REPLAYED: N_("This was used once already."),
    Reason.ADDRESS_DIFFERS: N_("It did not come from the address that is registered."),
    Reason.LOOKUP_FAILED: N_("We got no answer when we looked. That is not your fault."),
    Reason.CHALLENGE_MISSING: N_("We looked and did not find it. New records and files can take a while to be seen."),
    Reason.CHALLENGE_DIFFERS: N_("We found something, but it is not the text from this page. Copy the whole of it."),
    Reason.MALFORMED: N_("We could not read it. Copy the whole of it."),
    Reason.TOO_OLD: N_("The confirmation came too late. It is valid for ten minutes."),
    Reason.WRONG_SUBJECT: N_("The confirmation was for another account."),
    Reason.TOO_MANY_TRIES: CLOSED[Reason.TOO_MANY_TRIES],
}
"""How a check ended, or why a look found nothing, for the customer. What is not here is said in general."""


def title_check(check: Check, *, locale: str) -> str:
    return translator(locale)(TITLES[check])


def title_line(policy: Policy, line: ProofLine, *, locale: str) -> list[str]:
    """Everything that a line asks for, each as a title; what is optional comes last and says so."""
    return [_title(policy, item, locale=locale) for item in sorted(line, key=is_optional)]


def _title(policy: Policy, item: Requirement, *, locale: str) -> str:
    if isinstance(item, ContactRequirement):
        return title_check((item.contact, item.by), locale=locale)
    if isinstance(item, DetailsRequirement):
        return count_questions(len(item.fields), locale=locale)
    title = policy.documents[item.document].title.in_language(locale)
    _ = translator(locale)
    return _("%(document)s, if you want to add it") % {"document": title} if item.is_optional else title


def count_questions(count: int, *, locale: str) -> str:
    sentences = load_sentences(locale)
    return sentences.ngettext("The answer to %(num)s question", "The answers to %(num)s questions", count) % {
        "num": count
    }


def hint_line(policy: Policy, line: ProofLine, *, locale: str) -> str:
    """What a line takes, in one or two sentences."""
    _, hints = translator(locale), []
    for item in line:
        if isinstance(item, ContactRequirement):
            hints.append(_(HINTS[item.contact, item.by]))
        elif isinstance(item, DetailsRequirement):
            titles = (policy.details[code].title.in_language(locale) for code in item.fields)
            hints.append(_("You type what you know: %(things)s.") % {"things": ", ".join(titles)})
        elif not item.is_optional:
            hints.append(
                _("You take a photo or choose a file, and somebody looks at it.")
                if policy.retention.list_holds()
                else _("You take a photo or choose a file; somebody looks at it, and then it is destroyed.")
            )
    return " ".join(dict.fromkeys(hints))


def say_closed(reasons: Sequence[str], *, method: CheckMethod, locale: str) -> str:
    """How a check ended that confirmed nothing."""
    _ = translator(locale)
    if method is CheckMethod.CODE:
        told = next((CLOSED[Reason(each)] for each in reasons if each in CLOSED), _CLOSED_OTHERWISE)
        return _(told)
    told = next((ENDED[Reason(each)] for each in reasons if each in ENDED), "")
    return f"{_(_CLOSED_OTHERWISE)} {_(told)}".strip() if told else _(_CLOSED_OTHERWISE)


def say_lapsed(*, locale: str) -> str:
    """Why a check that came with the link before is to be made again."""
    return translator(locale)(
        N_("You have a new link. What was begun or confirmed with the old one has to be done again.")
    )


def say_looked(reasons: Sequence[str], *, locale: str) -> str:
    """Why the last look found nothing."""
    _ = translator(locale)
    return _(next((ENDED[Reason(each)] for each in reasons if each in ENDED), _CLOSED_OTHERWISE))
