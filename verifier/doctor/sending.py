"""The doctor at the servers that send: whether they are there and let us in. Nothing is sent."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from verifier.doctor.findings import Finding, WrongError, check
from verifier.errors import ConfigurationError
from verifier.notices.kinds import Channel, Obstacle
from verifier.notices.senders import choose_senders
from verifier.notices.sending import NotAcceptedError, Sender
from verifier.settings import Settings

OBSTACLES: Final[Mapping[Obstacle, str]] = {
    Obstacle.UNREACHABLE: "the server does not answer. Check host and port, and that this machine may connect to it.",
    Obstacle.CERTIFICATE_NOT_VALID: "the server's certificate is not valid for its name. Renew it, or name its roots.",
    Obstacle.WITHOUT_TLS: "the server does not offer STARTTLS. Use its port for TLS, or another server.",
    Obstacle.SIGN_IN_REFUSED: "the server refuses our name or password. Set both anew.",
    Obstacle.SAID_NO: "the server answers, and takes nothing from us. See its log.",
    Obstacle.NOT_NOW: "the server takes nothing at the moment. Look again later, then see its log.",
}


def examine_sending(settings: Settings) -> Iterator[Finding]:
    try:
        senders = choose_senders(settings)
    except ConfigurationError as error:
        yield Finding("sending", is_ok=False, sentence=error.advice)
        return
    yield check("mail", partial(_see_sender, senders.get(Channel.EMAIL), "VERIFIER_SMTP_HOST"))
    yield check("sms", partial(_see_sender, senders.get(Channel.SMS), "VERIFIER_SMS_URL"))
    yield check("messages", partial(_see_recipients, settings))


def _see_recipients(settings: Settings) -> str:
    if settings.message_recipients:
        return "a message counts if it was written to an address of the desk"
    if settings.mailbox_host:
        raise WrongError(
            "a mailbox is set, but nothing in it is taken. Name the desk's addresses in VERIFIER_MESSAGE_RECIPIENTS."
        )
    return "the desk's addresses are not set (VERIFIER_MESSAGE_RECIPIENTS), so messages are not offered as a proof"


def _see_sender(sender: Sender | None, setting: str) -> str:
    if sender is None:
        return f"no server is set ({setting}), so checks on this way are not offered"
    try:
        sender.verify_reachable()
    except NotAcceptedError as error:
        raise WrongError(f"{OBSTACLES[error.obstacle]} ({setting})") from error
    return "the server is there and lets us in; nothing was sent"
