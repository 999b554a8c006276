"""`make image`: builds the image with whichever builder is at hand, starts it, and asks how it is.

Guarantees: exit code 0 only where the image was built, started without rights, and answered that it is ready; where no
builder is, one sentence, and 0. What was started is ended by its name, which is its own. Where no registry is reached,
the base is made from Debian's packages instead (mmdebstrap, as root): good for the check, and for nothing else.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.servers.ports import free_port

IMAGE: Final = "localhost/verifier:check"
_SOURCE: Final = Path(__file__).resolve().parents[1]
_BASE: Final = "docker.io/library/python:3.11-slim"
_BASE_PACKAGES: Final = "python3,python3-pip,python3-venv,ca-certificates"
_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
BUILDERS: Final = ("docker", "buildah", "podman")
RUNNERS: Final = ("docker", "podman")
_BUILDS_WITHIN: Final = 1200
_PULLS_WITHIN: Final = 60
_READY_WITHIN: Final = 90.0
NO_BUILDER: Final = (
    "No image was built: neither docker, buildah nor podman works here. On Debian: apt-get install buildah podman"
)


class ImageError(Exception):
    """The image could not be built, started or reached; the message says why."""


def find_tool(names: Sequence[str]) -> str | None:
    """The first that is installed and works: a client of Docker without its daemon does not."""
    return next((name for name in names if shutil.which(name) and _works(name)), None)


def _works(name: str) -> bool:
    return subprocess.run([name, "info"], capture_output=True, check=False, timeout=60).returncode == 0


def build(builder: str) -> None:
    """Build the Dockerfile. Raises `ImageError`."""
    if builder == "docker":
        _run("docker", "build", "--tag", IMAGE, str(_SOURCE))
        return
    if not _has_base(builder):
        _make_base()
    how = ("--isolation", "chroot", "--pull-never", "--layers", "--format", "docker")
    _run(builder, "build", *how, "--tag", IMAGE, str(_SOURCE))


def _has_base(builder: str) -> bool:
    """Whether the real base is here, or can be fetched."""
    with suppress(ImageError, subprocess.TimeoutExpired):
        _run(builder, "pull", "--quiet", _BASE, within=_PULLS_WITHIN)
        return True
    return subprocess.run([builder, "inspect", _BASE], capture_output=True, check=False).returncode == 0


def _make_base() -> None:
    """A stand-in for the base image, out of Debian's own packages."""
    if os.geteuid() != 0 or not shutil.which("mmdebstrap") or not shutil.which("buildah"):
        raise ImageError(f"{_BASE} cannot be fetched. As root, with mmdebstrap and buildah, a stand-in would be made")
    with tempfile.TemporaryDirectory(prefix="base-") as folder:
        root = Path(folder) / "base.tar"
        _run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={_BASE_PACKAGES}", "bookworm", str(root))
        container = _run("buildah", "from", "scratch")
        try:
            _run("buildah", "add", container, str(root), "/")
            _run("buildah", "copy", container, str(_CERTIFICATES), str(_CERTIFICATES))  # where TLS is intercepted
            adjust = "ln -s python3 /usr/bin/python && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED"
            _run("buildah", "run", "--isolation", "chroot", container, "--", "sh", "-c", adjust)
            environment = (f"SSL_CERT_FILE={_CERTIFICATES}", f"PIP_CERT={_CERTIFICATES}", "UV_SYSTEM_CERTS=1")
            _run("buildah", "config", *(part for each in environment for part in ("--env", each)), container)
            _run("buildah", "commit", "--quiet", container, _BASE)
        finally:
            _run("buildah", "rm", container)


def check(runner: str) -> str:
    """Start the image without rights and ask its health; what it said. Raises `ImageError`."""
    port = free_port()
    with _running(runner, port) as name:
        ends_at = time.monotonic() + _READY_WITHIN
        while time.monotonic() < ends_at:
            with (
                suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer,
            ):
                return json.dumps(json.load(answer))
            time.sleep(0.2)
        raise ImageError(f"the image did not become ready: {_run(*_begin(runner), 'logs', name)[-600:]}")


@contextmanager
def _running(runner: str, port: int) -> Iterator[str]:
    """A container as docs/how-to/run-it.md starts it, on the network of this machine."""
    name = f"verifier-check-{secrets.token_hex(4)}"
    settings = {
        "VERIFIER_HOST": "127.0.0.1",
        "VERIFIER_PORT": str(port),
        "VERIFIER_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    rights = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")  # else podman asks for more than it may
    named = [part for key, value in settings.items() for part in ("--env", f"{key}={value}")]
    _run(*_begin(runner), "run", "--detach", "--name", name, "--network", "host", *rights, *limits, *named, IMAGE)
    try:
        yield name
    finally:
        _run(*_begin(runner), "rm", "--force", "--volumes", name)


def _begin(runner: str) -> Sequence[str]:
    """Where control groups are of the old kind, podman needs runc."""
    return (runner, "--runtime", "runc") if runner == "podman" and shutil.which("runc") else (runner,)


def _run(*command: str, within: float = _BUILDS_WITHIN) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=within, cwd=_SOURCE)
    if done.returncode != 0:
        raise ImageError(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr.strip()[-1200:]}")
    return done.stdout.strip()


def main() -> int:
    builder, runner = find_tool(BUILDERS), find_tool(RUNNERS)
    if builder is None:
        print(NO_BUILDER)
        return 0
    try:
        build(builder)
        print(f"Built {IMAGE} with {builder}.")
        if runner is None:
            print("It was not started: neither docker nor podman works here.")
            return 0
        print(f"Started with {runner}, without rights: {check(runner)}")
    except ImageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
