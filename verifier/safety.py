"""What a setting must not be, because a promise would be broken by it: looked at when a process starts.

Guarantees: each refusal names the setting, what is wrong with it, and what to write instead; no value of a secret is
repeated. Leaves to others the broker (`verifier.broker.address`), and what only a connection can tell: the database's
clock and durability (`verifier.db.postgres`), what a bucket or a key does (`verifier.vault.s3_probe`, `kms_probe`).
"""

import os
import stat
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from verifier.errors import ConfigurationError
from verifier.passwords import is_open_to_others
from verifier.settings import Settings

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_LEAST_RESERVE: Final = 50_000_000


def verify_safe(settings: Settings) -> None:
    """Raise `ConfigurationError` where the settings of this process would break a promise."""
    verify_apart(settings)
    for folder in (settings.keys_folder, settings.roots_folder, settings.secrets_folder):
        verify_closed(folder)
    _verify_credentials(settings)
    _verify_times(settings)
    _verify_proxies(settings)
    _verify_reserve(settings)


def verify_apart(settings: Settings) -> None:
    """Keys, roots and secrets lie neither with the data nor with what is published, wherever links lead."""
    data, published = settings.database_file.parent, settings.published_folder
    for private in (settings.keys_folder, settings.roots_folder, settings.secrets_folder):
        if _is_nested(private, data):
            raise ConfigurationError(
                f"VERIFIER_HOME: {private} lies with the data in {data.resolve()}. Move it elsewhere: a backup must "
                "hold no keys."
            )
        if _is_nested(private, published):
            raise ConfigurationError(
                f"VERIFIER_HOME: {private} lies with {published.resolve()}, which everybody may read. Move it "
                "elsewhere."
            )
    if _is_nested(published, data):
        raise ConfigurationError(
            f"VERIFIER_HOME: {published} lies with the data in {data.resolve()}: whoever loses one would lose both, "
            "and what is published must outlive the database. Move it elsewhere."
        )


def _is_nested(one: Path, other: Path) -> bool:
    """Whether one lies in the other, either way: where a link leads is where the bytes lie."""
    here, there = one.resolve(), other.resolve()
    return here.is_relative_to(there) or there.is_relative_to(here)


def verify_closed(folder: Path) -> None:
    """A folder of keys is open to nobody else; what lies deeper is behind its door."""
    if not folder.exists():
        return
    _verify_ours(folder, folder)  # first: what is another's could not even be listed
    for file in (each for each in folder.iterdir() if each.is_file()):
        with suppress(FileNotFoundError):  # another process has just ended it
            _verify_ours(file, folder)


def _verify_ours(path: Path, folder: Path) -> None:
    about = path.lstat()
    if about.st_uid != os.geteuid():
        raise ConfigurationError(
            f"VERIFIER_HOME: {path} belongs to another user. Run: chown -R {os.geteuid()} {folder}"
        )
    if is_open_to_others(about.st_mode) and not stat.S_ISLNK(about.st_mode):
        raise ConfigurationError(
            f"VERIFIER_HOME: {path} is open to other users. Run: chmod -R go= {folder}; and make new keys if "
            "others may have read them."
        )


def _verify_credentials(settings: Settings) -> None:
    documents, keys = settings.documents_credentials_file, settings.keys_credentials_file
    if documents is not None and keys is not None and documents.resolve() == keys.resolve():
        raise ConfigurationError(
            "VERIFIER_KEYS_CREDENTIALS_FILE and VERIFIER_DOCUMENTS_CREDENTIALS_FILE name one file: whoever may read "
            "documents could read their keys too. Make credentials for each bucket, and a file for each."
        )


def _verify_times(settings: Settings) -> None:
    for name, value, least, most, why in (
        ("sweep_every", settings.sweep_every, timedelta(seconds=1), _MINUTE, "what is due must be gone in a minute"),
        ("compare_every", settings.compare_every, _MINUTE, _DAY, "what a crash left behind must be found in a day"),
        ("orphans_after", settings.orphans_after, _HOUR, 30 * _DAY, "what is being written is not an orphan yet"),
        ("intake_closes_after", settings.intake_closes_after, _MINUTE, _DAY, "nothing may be taken in that stays"),
    ):
        if not least <= value <= most:
            raise ConfigurationError(
                f"VERIFIER_{name.upper()} is {_tell(value)}, but {why}. Write something from {_tell(least)} to "
                f"{_tell(most)}."
            )


def _tell(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    for unit, length in (("D", 86_400), ("H", 3_600), ("M", 60)):
        if seconds and seconds % length == 0:
            return f"P{seconds // length}D" if unit == "D" else f"PT{seconds // length}{unit}"
    return f"PT{seconds}S"


def _verify_proxies(settings: Settings) -> None:
    for text in settings.trusted_proxies:
        try:
            network = ip_network(text)
        except ValueError as error:
            raise ConfigurationError(
                "VERIFIER_TRUSTED_PROXIES must list addresses or networks, such as 10.0.0.0/8. Write them so."
            ) from error
        if network.prefixlen == 0:
            raise ConfigurationError(
                f"VERIFIER_TRUSTED_PROXIES names {text}, which is everybody: anyone could say that they are somebody "
                "else, and no limit would hold. Name your proxy's addresses."
            )


def _verify_reserve(settings: Settings) -> None:
    if settings.is_production and settings.reserve_bytes < _LEAST_RESERVE:
        raise ConfigurationError(
            f"VERIFIER_RESERVE_BYTES is {settings.reserve_bytes}: on a full disk nothing could be destroyed any more. "
            f"Write {_LEAST_RESERVE} at least."
        )
