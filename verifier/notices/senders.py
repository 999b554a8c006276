"""Settings in, senders out; what could not be sent safely is refused at start, with what to change.

Guarantees: a channel without a server is not offered, rather than failing later; mail and SMS leave this machine only
over TLS; a password lies in a file that nobody else can read, and is never part of a setting.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from verifier.errors import ConfigurationError
from verifier.notices.kinds import Channel
from verifier.notices.mail import MailSender, MailServer, TlsMode
from verifier.notices.sending import Sender
from verifier.notices.sms import FormGateway, JsonGateway, SmsGateway, SmsSender
from verifier.passwords import read_password
from verifier.settings import Settings, is_loopback_host
from verifier.trust import load_trust

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_PORTS: Final[Mapping[TlsMode, int]] = MappingProxyType(
    {TlsMode.STARTTLS: 587, TlsMode.TLS: 465, TlsMode.NONE: 25}  # RFC 6409, RFC 8314, RFC 5321
)


def choose_senders(settings: Settings) -> Mapping[Channel, Sender]:
    """A sender for each channel that has a server; the others are not offered. Raises `ConfigurationError`."""
    chosen: dict[Channel, Sender] = {}
    if settings.smtp_host:
        chosen[Channel.EMAIL] = _choose_mail(settings)
    elif settings.smtp_user or settings.smtp_from or settings.smtp_password_file:
        raise ConfigurationError("VERIFIER_SMTP_HOST is missing, but other settings of mail are there. Set it too.")
    if settings.sms_url:
        chosen[Channel.SMS] = _choose_sms(settings)
    elif settings.sms_user or settings.sms_from or settings.sms_password_file:
        raise ConfigurationError("VERIFIER_SMS_URL is missing, but other settings of SMS are there. Set it too.")
    return MappingProxyType(chosen)


def find_channels(settings: Settings) -> frozenset[Channel]:
    """The channels that have a server: what may be offered, also where nothing is sent from."""
    servers = {Channel.EMAIL: settings.smtp_host, Channel.SMS: settings.sms_url}
    return frozenset(channel for channel, server in servers.items() if server)


def _choose_mail(settings: Settings) -> MailSender:
    is_here = is_loopback_host(settings.smtp_host)
    tls = TlsMode(settings.smtp_tls or (TlsMode.NONE if is_here else TlsMode.STARTTLS))
    if tls is TlsMode.NONE and not is_here:
        raise ConfigurationError(
            "VERIFIER_SMTP_TLS is none, but VERIFIER_SMTP_HOST is another machine: codes could be read on the way. "
            "Write starttls or tls."
        )
    if not _ADDRESS.fullmatch(settings.smtp_from):
        raise ConfigurationError(
            "VERIFIER_SMTP_FROM must be the address that codes come from, such as verify@example.org, without a name "
            "(VERIFIER_DESK_NAME stands beside it). Write it so."
        )
    if bool(settings.smtp_user) != bool(settings.smtp_password_file):
        raise ConfigurationError("VERIFIER_SMTP_USER and VERIFIER_SMTP_PASSWORD_FILE go together. Set both, or none.")
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port or _PORTS[tls],
        tls=tls,
        helo=_name_us(settings),
        user=settings.smtp_user,
        password=read_password(settings.smtp_password_file, "VERIFIER_SMTP_PASSWORD_FILE"),
        trust=None if tls is TlsMode.NONE else load_trust(settings.smtp_ca_file, named="VERIFIER_SMTP_CA_FILE"),
    )
    try:
        return MailSender(server, address=settings.smtp_from, display_name=settings.desk_name)
    except ValueError as error:
        raise ConfigurationError(
            "VERIFIER_DESK_NAME cannot stand before an address in a mail. Write it on one line."
        ) from error


def _name_us(settings: Settings) -> str:
    """Our name in EHLO: a domain, or an address as a literal (RFC 5321, section 4.1.3)."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"


def _choose_sms(settings: Settings) -> SmsSender:
    try:
        url = urlsplit(settings.sms_url)
        is_whole = url.scheme in {"http", "https"} and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        is_whole = False
    if not is_whole or url.username or url.password or url.query or url.fragment:
        raise ConfigurationError(
            "VERIFIER_SMS_URL must be the gateway's address, such as https://sms.example.org/messages, without a "
            "password or a query in it. Put the password into VERIFIER_SMS_PASSWORD_FILE."
        )
    if url.scheme == "http" and not is_loopback_host(url.hostname or ""):
        raise ConfigurationError(
            "VERIFIER_SMS_URL is http on another machine: codes could be read on the way. Write https."
        )
    if not settings.sms_from:
        raise ConfigurationError("VERIFIER_SMS_FROM is missing: the number or name that codes come from. Set it.")
    return SmsSender(settings.sms_url, _choose_gateway(settings))


def _choose_gateway(settings: Settings) -> SmsGateway:
    password = read_password(settings.sms_password_file, "VERIFIER_SMS_PASSWORD_FILE")
    if settings.sms_adapter == "form":
        if bool(settings.sms_user) != bool(password):
            raise ConfigurationError("VERIFIER_SMS_USER and VERIFIER_SMS_PASSWORD_FILE go together. Set both, or none.")
        return FormGateway(sender=settings.sms_from, user=settings.sms_user, password=password)
    if settings.sms_user:
        raise ConfigurationError(
            "VERIFIER_SMS_USER is for VERIFIER_SMS_ADAPTER=form; the JSON gateway knows us by the token in "
            "VERIFIER_SMS_PASSWORD_FILE alone. Remove one of the two."
        )
    return JsonGateway(sender=settings.sms_from, token=password)
