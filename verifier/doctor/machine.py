"""The doctor at this machine: folders, disk, sandbox, broker, and stores that are tried for real."""

import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from verifier.broker.wakeups import is_answering
from verifier.doctor.findings import NOT_YET, Finding, WrongError, check
from verifier.errors import ConfigurationError
from verifier.passwords import is_open_to_others
from verifier.safety import verify_apart
from verifier.sanitise.errors import DecoderUnavailableError
from verifier.sanitise.probe import probe_sandbox
from verifier.settings import Settings
from verifier.space import count_free_bytes, find_written_places
from verifier.stores import Wanted, get_looks, get_probes

_MEGABYTE: Final = 1_000_000
_OF_STAFF: Final = Wanted(roots=False)


def examine_stores(settings: Settings) -> Iterator[Finding]:
    """What is tried for real, or read where this tier may not write and delete; nothing where all lies in folders."""
    only_reads = settings.tier == "staff"
    try:
        probes = get_looks(settings, _OF_STAFF) if only_reads else get_probes(settings)
    except ConfigurationError as error:
        yield Finding("stores", is_ok=False, sentence=error.advice)
        return
    for name, probe in probes.items():
        yield check(name, partial(_see_looked_at if only_reads else _see_probed, probe))


def _see_looked_at(look: Callable[[], None]) -> str:
    look()
    return "its rules keep nothing that is deleted; whether it does what it says, a user with all rights can try"


def _see_probed(probe: Callable[[], None]) -> str:
    probe()
    return "it was tried, and does what it must; what was written is gone again"


def find_private_folders(settings: Settings) -> dict[str, Path]:
    """Those that are used: a bucket stands for the folder of keys, and with KMS for that of roots too."""
    folders = {"secrets": settings.secrets_folder}
    if not (settings.keys_bucket and settings.root_custody == "kms"):
        folders = {"roots": settings.roots_folder, **folders}
    if not settings.keys_bucket:
        folders = {"keys": settings.keys_folder, **folders}
    return folders


def see_keys_apart(settings: Settings) -> str:
    verify_apart(settings)
    return "keys, root keys and secrets do not lie under the data"


def see_private(folder: Path) -> str:
    if not folder.exists():
        return NOT_YET
    for path in (folder, *folder.rglob("*")):
        about = path.lstat()
        if about.st_uid != os.geteuid():
            raise WrongError(f"{path} belongs to another user. Run: chown -R {os.geteuid()} {folder}")
        if is_open_to_others(about.st_mode) and not stat.S_ISLNK(about.st_mode):
            raise WrongError(f"{path} is open to other users. Run: chmod -R go= {folder}")
    return f"{folder} is readable by this user only"


def see_space(settings: Settings) -> str:
    free = count_free_bytes(find_written_places(settings))
    if free < settings.reserve_bytes:
        raise WrongError(
            f"{free // _MEGABYTE} MB are free where {settings.home} lies, so uploads are refused. Make room: "
            f"{settings.reserve_bytes // _MEGABYTE} MB at least (VERIFIER_RESERVE_BYTES)."
        )
    return f"{free // _MEGABYTE} MB are free"


def see_sandbox(settings: Settings) -> str:
    try:
        report = probe_sandbox(settings.signing_key_file)
    except DecoderUnavailableError as error:
        raise WrongError(
            "a child that should try to break out gave no answer. See the log of verifier serve."
        ) from error
    if not report.holds:
        tried = ", ".join(attempt.value.replace("_", " ") for attempt in report.succeeded)
        raise WrongError(f"a child managed to {tried}. Allow Landlock and seccomp to this user (Linux 5.13 or later).")
    if report.missing:
        return f"it holds, without {', '.join(report.missing)}, which this machine does not give"
    return f"it holds: {', '.join(report.active)}"


def see_broker(settings: Settings) -> str:
    if not settings.broker_url:
        return "none is set (VERIFIER_BROKER_URL), so verifier serve starts a worker that looks by its own clock"
    try:
        is_there = is_answering(settings)
    except ConfigurationError as error:
        raise WrongError(error.advice) from error
    if not is_there:
        raise WrongError(
            "it does not let us in, so work is found by the workers' clocks only. Start it, or mend "
            "VERIFIER_BROKER_URL and VERIFIER_BROKER_PASSWORD_FILE."
        )
    return "it answers and lets us in"
