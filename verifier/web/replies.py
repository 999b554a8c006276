"""The short reply that an agent pastes into the ticket, in the customer's language."""

from verifier.locales import DEFAULT, name_desk, translator
from verifier.verifications.tables import VerificationRow
from verifier.web.pages.formats import Formats


def write_reply(row: VerificationRow, *, url: str, desk: str) -> str:
    """What to send the customer: the link, until when it works, the phrase, and to attach nothing."""
    locale = row.locale or DEFAULT
    _, until = translator(locale), Formats(locale).text(row.link_expires_at)
    return _(
        "To go on with case %(reference)s we need to know that the account is yours. Please open this link:\n\n"
        "%(url)s\n\n"
        "It works until %(until)s. The page shows the two words “%(phrase)s”, so that you know it is ours.\n\n"
        "Please do not attach documents to this ticket: what you send through the link is stored locked and is "
        "destroyed when we have decided, unless a law makes us keep it longer.\n\n"
        "%(desk)s"
    ) % {
        "reference": row.reference,
        "url": url,
        "until": until,
        "phrase": row.phrase,
        "desk": name_desk(desk, locale=locale),
    }
