"""Contact checks in plain words for the people at the desk: what was checked, how it ended, and why.

A test walks the closed lists: every check and every reason stands here. No address and no code is told.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from policies.parts import CheckMethod, ContactKind
from verifier.contacts.life import CheckState
from verifier.contacts.message.rules import Grade
from verifier.contacts.reading import CheckStatus
from verifier.contacts.reasons import Reason
from verifier.web.answers.answer import N_
from verifier.web.pages.language import translator
from verifier.web.pages.staff_checks import StaffCheck
from verifier.web.staff_views import LOCALE

LABELS: Final[Mapping[tuple[ContactKind, CheckMethod], str]] = {
    (ContactKind.EMAIL, CheckMethod.CODE): N_("Code to the registered e-mail address"),
    (ContactKind.EMAIL, CheckMethod.MESSAGE): N_("Message from the registered e-mail address"),
    (ContactKind.PHONE, CheckMethod.CODE): N_("Code to the registered phone"),
    (ContactKind.ACCOUNT, CheckMethod.ATTESTATION): N_("Confirmation from the logged-in area"),
    (ContactKind.DOMAIN, CheckMethod.DNS): N_("DNS record of the registered domain"),
    (ContactKind.DOMAIN, CheckMethod.FILE): N_("File on the registered domain's website"),
    (ContactKind.WALLET, CheckMethod.SIGNATURE): N_("Signature by the registered wallet"),
}
REASONS: Final[Mapping[Reason, str]] = {
    Reason.WRONG_CODE: N_("The last code was wrong."),
    Reason.CODE_EXPIRED: N_("The code had run out."),
    Reason.TOO_MANY_TRIES: N_("There were five wrong tries."),
    Reason.TOO_MANY_SENDS: N_("So many codes were sent that no other goes out now."),
    Reason.NOT_DELIVERED: N_("The message could not be delivered."),
    Reason.ADDRESS_DIFFERS: N_("It is not the address that is registered."),
    Reason.ADDRESS_UNKNOWN: N_("The desk gave no address to compare with, and the customer has not typed it."),
    Reason.NO_SIGNATURE: N_("The message has no signature of a mail provider."),
    Reason.BAD_SIGNATURE: N_("A signature is there, but it does not fit what was signed."),
    Reason.NOT_ALIGNED: N_("The message is signed by another domain than the one in From."),
    Reason.POLICY_REJECTS: N_("The domain in From asks everybody to reject such messages (DMARC)."),
    Reason.STALE: N_("The message is too old, or its date lies ahead."),
    Reason.REPLAYED: N_("The same was handed in and accepted before."),
    Reason.MALFORMED: N_("It could not be read without doubt, so nothing in it was believed."),
    Reason.LOOKUP_FAILED: N_("A look-up got no answer. That says nothing about the customer."),
    Reason.UNSIGNED_PARTS: N_("The signature leaves parts of the message out that matter."),
    Reason.WRONG_RECIPIENT: N_("The message was not written to the desk."),
    Reason.AUTOMATIC: N_("A program or a mailing list sent the message."),
    Reason.CASE_NOT_NAMED: N_("Its subject does not name this case: read what they ask for before you decide."),
    Reason.ONLY_FORWARDED: N_("A forwarder says that it saw the signature; we did not."),
    Reason.WRONG_AUDIENCE: N_("The confirmation was made for another service."),
    Reason.WRONG_NONCE: N_("The confirmation answers another check."),
    Reason.WRONG_KEY: N_("The confirmation is signed with a key that is not the desk's."),
    Reason.TOO_OLD: N_("The confirmation had run out."),
    Reason.WRONG_SUBJECT: N_("The confirmation is about another account."),
    Reason.WRONG_ISSUER: N_("The confirmation names another issuer."),
    Reason.WRONG_ALGORITHM: N_("The confirmation is signed in a way that is not accepted."),
    Reason.WRONG_CASE: N_("The confirmation is about another case or action."),
    Reason.NOT_YET_VALID: N_("The confirmation is dated ahead; look at the clocks."),
    Reason.LIVES_TOO_LONG: N_("The confirmation is valid for longer than ten minutes."),
    Reason.TOO_LARGE: N_("It is larger than we take."),
    Reason.CHALLENGE_MISSING: N_("The text was not there when we looked last."),
    Reason.CHALLENGE_DIFFERS: N_("Another text was there when we looked last."),
    Reason.LINK_RENEWED: N_("There is a new link: what came with the old one has to be shown again."),
}

GRADES: Final[Mapping[Grade, str]] = {
    Grade.SAME_DOMAIN: N_("Signed by the domain of the address."),
    Grade.SAME_ORGANISATION: N_("Signed by another domain of the same organisation."),
    Grade.FORWARDED: N_("Known only from a forwarder's seal."),
    Grade.NONE: "",
}


def tell_checks(statuses: Sequence[CheckStatus], *, takes_codes: bool = False) -> tuple[StaffCheck, ...]:
    """Every check of a verification, oldest first. `takes_codes`: this person may enter what is read out to them."""
    return tuple(_tell(status, takes_codes=takes_codes) for status in statuses)


def _tell(status: CheckStatus, *, takes_codes: bool) -> StaffCheck:
    _, is_open = translator(LOCALE), status.state is CheckState.OPEN
    return StaffCheck(
        label=_(LABELS[status.contact, status.method]),
        state=status.state,
        reasons=tuple(_(REASONS[Reason(each)]) for each in status.reasons),
        at=status.decided_at or status.created_at,
        contact=status.contact,
        takes_code=takes_codes and is_open and status.code_expires_at is not None,
        hint=_hint(status) if is_open and status.method is CheckMethod.CODE else _grade(status),
    )


def _grade(status: CheckStatus) -> str:
    """How closely a message is bound to the domain of its author."""
    sentence = "" if status.grade is None else GRADES[Grade(status.grade)]
    return translator(LOCALE)(sentence) if sentence else ""


def _hint(status: CheckStatus) -> str:
    _ = translator(LOCALE)
    if status.failure is not None:
        return _("The last code was not delivered.")
    if status.code_expires_at is None:
        return _("No code was sent yet.")
    return _("A code was sent.") if status.is_sent else _("A code is on its way.")
