"""What could not be sent safely is refused at start, with what to change; a channel without a server is not offered."""

from pathlib import Path
from typing import Any

import pytest

from verifier.errors import ConfigurationError
from verifier.notices.kinds import Channel
from verifier.notices.mail import MailSender
from verifier.notices.senders import choose_senders
from verifier.settings import Settings

MAIL: dict[str, Any] = {"smtp_host": "mail.example.org", "smtp_from": "verify@example.org"}
SMS: dict[str, Any] = {"sms_url": "https://sms.example.org/messages", "sms_from": "Acme"}


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("s3cret\n")
    path.chmod(0o400)
    return path


def refusal(**settings: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        choose_senders(Settings(**settings))
    return refused.value.advice


def test_without_servers_nothing_is_offered() -> None:
    assert choose_senders(Settings()) == {}


def test_each_channel_with_a_server_is_offered(password: Path) -> None:
    assert set(choose_senders(Settings(**MAIL))) == {Channel.EMAIL}
    assert set(choose_senders(Settings(**SMS))) == {Channel.SMS}
    whole: dict[str, Any] = {
        "smtp_user": "u",
        "smtp_password_file": password,
        "sms_password_file": password,
        "sms_user": "u",
    }
    assert set(choose_senders(Settings(**MAIL, **SMS, **whole, sms_adapter="form"))) == set(Channel)


def test_mail_leaves_this_machine_over_tls_only() -> None:
    assert "VERIFIER_SMTP_TLS" in refusal(**MAIL, smtp_tls="none")
    here = choose_senders(Settings(**{**MAIL, "smtp_host": "127.0.0.1"}))
    assert repr(here[Channel.EMAIL]) == "<MailSender, none>"
    assert repr(choose_senders(Settings(**MAIL))[Channel.EMAIL]) == "<MailSender, starttls>"
    assert repr(choose_senders(Settings(**MAIL, smtp_tls="tls"))[Channel.EMAIL]) == "<MailSender, tls>"


@pytest.mark.parametrize(
    ("public_url", "name"),
    [
        ("https://verify.example.org", "verify.example.org"),
        ("http://127.0.0.1:8080", "[127.0.0.1]"),
        ("http://[::1]:8080", "[IPv6:::1]"),
    ],
)
def test_we_greet_a_mail_server_by_a_name_that_it_may_believe(public_url: str, name: str) -> None:
    sender = choose_senders(Settings(**{**MAIL, "smtp_host": "localhost"}, public_url=public_url))[Channel.EMAIL]
    assert isinstance(sender, MailSender)
    assert sender.server.helo == name


@pytest.mark.parametrize("address", ["", "verify", "Acme <verify@example.org>", "a@b\nBcc: x@y", "jö@example.org"])
def test_mail_needs_the_address_that_it_comes_from(address: str) -> None:
    assert "VERIFIER_SMTP_FROM" in refusal(**{**MAIL, "smtp_from": address})


def test_a_desk_name_of_two_lines_cannot_stand_in_a_mail() -> None:
    assert "VERIFIER_DESK_NAME" in refusal(**MAIL, desk_name="Acme\nBcc: eve@example.com")


@pytest.mark.parametrize(
    "url",
    [
        "sms.example.org",
        "ftp://sms.example.org",
        "https://",
        "https://user:secret@sms.example.org/",
        "https://sms.example.org/?token=secret",
        "https://sms.example.org:99999/",
    ],
)
def test_the_gateway_is_an_address_without_secrets_in_it(url: str) -> None:
    said = refusal(**{**SMS, "sms_url": url})
    assert "VERIFIER_SMS_URL" in said
    assert "secret" not in said


def test_sms_leave_this_machine_over_tls_only() -> None:
    assert "https" in refusal(**{**SMS, "sms_url": "http://sms.example.org/"})
    assert set(choose_senders(Settings(**{**SMS, "sms_url": "http://127.0.0.1:9/"}))) == {Channel.SMS}


def test_half_a_setting_is_named(password: Path) -> None:
    assert "VERIFIER_SMTP_HOST" in refusal(smtp_from="verify@example.org")
    assert "VERIFIER_SMS_URL" in refusal(sms_from="Acme")
    assert "VERIFIER_SMS_FROM" in refusal(sms_url=SMS["sms_url"])
    assert "VERIFIER_SMTP_USER" in refusal(**MAIL, smtp_user="u")
    assert "VERIFIER_SMTP_USER" in refusal(**MAIL, smtp_password_file=password)
    assert "VERIFIER_SMS_USER" in refusal(**SMS, sms_user="u")
    assert "VERIFIER_SMS_USER" in refusal(**SMS, sms_adapter="form", sms_user="u")


def test_a_password_that_others_can_read_or_nobody_can_is_refused(password: Path, tmp_path: Path) -> None:
    password.chmod(0o440)
    said = refusal(**MAIL, smtp_user="u", smtp_password_file=password)
    assert "chmod" in said
    assert "s3cret" not in said
    assert "VERIFIER_SMS_PASSWORD_FILE" in refusal(**SMS, sms_password_file=tmp_path / "absent")
    password.chmod(0o600)
    password.write_text("\n")
    assert "no password" in refusal(**SMS, sms_password_file=password)


def test_roots_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    assert "VERIFIER_SMTP_CA_FILE" in refusal(**MAIL, smtp_ca_file=tmp_path / "ca.pem")
    assert "VERIFIER_SMTP_CA_FILE" in refusal(**MAIL, smtp_ca_file=tmp_path / "absent.pem")
