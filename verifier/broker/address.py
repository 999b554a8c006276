"""Where the broker is, as the settings say; what could not work, or would show a secret, is refused.

Guarantees: a password comes from a file that only we can read, and is in no message of ours. Leaves to others: whether
the broker answers (`verifier.broker.wakeups`), and whether its time-outs suit the jobs (`workers.app`).
"""

from typing import Final
from urllib.parse import quote, urlsplit

from verifier.errors import ConfigurationError
from verifier.passwords import read_password
from verifier.settings import Settings

REDIS: Final = frozenset({"redis", "rediss"})
RABBITMQ: Final = frozenset({"amqp", "amqps"})
_WITH_TLS: Final = frozenset({"rediss", "amqps"})


def is_redis(settings: Settings) -> bool:
    return urlsplit(settings.broker_url).scheme in REDIS


def has_tls(settings: Settings) -> bool:
    return urlsplit(settings.broker_url).scheme in _WITH_TLS


def verify_broker(settings: Settings) -> None:
    """Raise `ConfigurationError` where the settings name a broker that cannot be used, or say half of one."""
    if not settings.broker_url:
        if settings.broker_password_file or settings.broker_ca_file:
            raise ConfigurationError(
                "VERIFIER_BROKER_URL is missing, but other settings of the broker are there. Set it too."
            )
        return
    url = urlsplit(settings.broker_url)
    if url.scheme not in REDIS | RABBITMQ or not url.hostname or url.query or url.fragment:
        raise ConfigurationError(
            "VERIFIER_BROKER_URL must name a Redis or a RabbitMQ, such as redis://127.0.0.1:6379/0 or "
            "amqps://verifier@mq.example.org/verifier. Write it so, or leave it empty: then workers need no broker."
        )
    if url.password is not None:
        raise ConfigurationError(
            "VERIFIER_BROKER_URL holds a password, and settings are shown in many places. Write it into a file that "
            "only this user can read, and name that in VERIFIER_BROKER_PASSWORD_FILE."
        )
    if url.scheme in RABBITMQ and settings.broker_password_file is None:
        raise ConfigurationError(
            "VERIFIER_BROKER_URL names a RabbitMQ without VERIFIER_BROKER_PASSWORD_FILE, and its client would sign in "
            "with the password that RabbitMQ comes with. Make a user with a random one, and name its file."
        )
    if settings.broker_ca_file is not None and not has_tls(settings):
        raise ConfigurationError(
            "VERIFIER_BROKER_CA_FILE is set, but VERIFIER_BROKER_URL speaks no TLS. Write rediss:// or amqps://."
        )


def full_address(settings: Settings) -> str:
    """The broker's URL with its password: for its client, and for nobody's eyes.

    Raises `ConfigurationError` with what to change.
    """
    verify_broker(settings)
    password = read_password(settings.broker_password_file, "VERIFIER_BROKER_PASSWORD_FILE")
    if not password:
        return settings.broker_url
    url = urlsplit(settings.broker_url)
    host = url.netloc.rpartition("@")[2]
    return url._replace(netloc=f"{quote(url.username or '', safe='')}:{quote(password, safe='')}@{host}").geturl()
