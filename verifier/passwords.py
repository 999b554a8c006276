"""Passwords of the services that we use, each in a file of its own that only we can read; never in a setting."""

import os
import stat
from pathlib import Path
from typing import Final

from verifier.errors import ConfigurationError

WELL_KNOWN: Final = frozenset(
    {
        *("guest", "admin", "root", "minioadmin", "minio123", "postgres", "rabbitmq", "redis", "test", "testing"),
        *("password", "passw0rd", "changeme", "change-me", "default", "example", "letmein", "12345678", "123456"),
        *("secret", "verifier", "wjalrxutnfemi/k7mdeng/bpxrficyexamplekey"),
    }
)
"""Passwords and keys that products and their guides come with, in small letters."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def is_open_to_others(mode: int) -> bool:
    """Whether a file of this mode gives its group or everybody any right."""
    return bool(mode & _OTHERS)


def read_password(path: Path | None, setting: str) -> str:
    """The first line of the file."""
    if path is None:
        return ""
    password = read_private_text(path, setting).split("\n", 1)[0].strip()
    if not password.isprintable() or not password:
        raise ConfigurationError(f"{setting} names a file whose first line is no password. Write it there, alone.")
    if password.lower() in WELL_KNOWN:
        raise ConfigurationError(
            f"{setting} names a file that holds a password which products come with, so everybody knows it. Choose a "
            "random one, set it there and at the server."
        )
    return password


def read_private_text(path: Path, setting: str) -> str:
    """All of a file that holds a secret. Raises `ConfigurationError` where others can read it."""
    try:
        about, text = path.stat(), path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{setting} names a file that cannot be read as ASCII. Let this user read it."
        ) from error
    if is_open_to_others(about.st_mode) or about.st_uid not in {os.geteuid(), 0}:
        raise ConfigurationError(
            f"{setting} names a file that other users can read. Make it private (chmod u=r,go=), and change "
            "what it holds if others may have read it."
        )
    return text
