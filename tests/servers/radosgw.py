"""A real S3 store for tests: Ceph's radosgw with one monitor and one disk in memory, on loopback.

Guarantees: free ports, a folder of its own, so several run side by side; whatever was started is stopped by its pid.
It takes about 13 s to start. `python -m tests.servers.radosgw DIR` starts one by hand; Ctrl-C or SIGTERM ends it.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from string import Template
from typing import Final

from tests.servers.installing import install
from tests.servers.ports import free_port
from tests.servers.store import Store, write_credentials

_PROGRAMS: Final = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph-authtool")
PACKAGES: Final = ("ceph-mon", "ceph-osd", "radosgw", "ceph-common")

_ACCESS_KEY: Final = "TESTACCESSKEY"
_SECRET_KEY: Final = "testsecretkeyofthetests"
_STARTS_WITHIN: Final = 90.0
_CONFIGURATION: Final = Template("""\
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$mon_v2/0,v1:127.0.0.1:$mon_v1/0]
mon initial members = a
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = $folder/keyring
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 2147483648
osd memory target = 939524096
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data = $folder/mon
mon data avail warn = 2
mon data avail crit = 1
mon osd full ratio = .96
mon max pg per osd = 500
osd data = $folder/osd
osd max object name len = 256
log file = $folder/log/$$name.log
admin socket = $folder/run/$$name.asok
pid file = $folder/run/$$name.pid
run dir = $folder/run
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw data = $folder/rgw
rgw enable gc threads = true
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw override bucket index max shards = 1
rgw dynamic resharding = false
""")
_KEYRING: Final = (
    ("mon.", ("mon", "allow *")),
    ("client.admin", ("mon", "allow *", "osd", "allow *", "mgr", "allow *")),
    ("client.rgw", ("mon", "allow rw", "osd", "allow rwx", "mgr", "allow rw")),
    ("osd.0", ("mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd")),
)


def is_installed() -> bool:
    return all(map(shutil.which, _PROGRAMS))


def find_missing() -> str:
    """What keeps it from running here: a sentence with the one command, or nothing. Root installs what is missing."""
    command = install(*PACKAGES, is_there=is_installed)
    return command and f"the real S3 store is not installed, so nothing was tried against it. Run: {command}"


@contextmanager
def run_radosgw(folder: Path) -> Iterator[Store]:
    """A store in `folder`, which must be empty and have a short path: sockets lie in it."""
    port = free_port()
    _lay_out(folder, port)
    try:
        _start(folder)
        _await_answer(port)
        file = write_credentials(folder / "credentials.json", access_key=_ACCESS_KEY, secret_key=_SECRET_KEY)
        yield Store(f"http://127.0.0.1:{port}", file)
    finally:
        _stop([int(file.read_text()) for file in (folder / "run").glob("*.pid")])


def add_user(store: Store, name: str) -> Path:
    """Let somebody else in, with credentials of their own, who owns nothing yet; the file that holds these."""
    folder, access_key, secret_key = store.credentials_file.parent, name.upper(), secrets.token_hex(20)
    user = [f"--uid={name}", f"--display-name={name}", f"--access-key={access_key}", f"--secret={secret_key}"]
    _run(folder, "radosgw-admin", "-c", str(folder / "ceph.conf"), "-n", "client.rgw", "user", "create", *user)
    return write_credentials(folder / f"{name}.json", access_key=access_key, secret_key=secret_key)


def _lay_out(folder: Path, port: int) -> None:
    for name in ("mon", "osd", "rgw", "log", "run"):
        (folder / name).mkdir(parents=True)
    fsid, mon_v2, mon_v1 = str(uuid.uuid4()), free_port(), free_port()
    text = _CONFIGURATION.substitute(fsid=fsid, mon_v2=mon_v2, mon_v1=mon_v1, port=port, folder=folder)
    (folder / "ceph.conf").write_text(text)
    for number, (name, caps) in enumerate(_KEYRING):
        granted = [word for kind, grant in zip(caps[::2], caps[1::2], strict=True) for word in ("--cap", kind, grant)]
        create = ["--create-keyring"] if number == 0 else []
        _run(folder, "ceph-authtool", *create, str(folder / "keyring"), "--gen-key", "-n", name, *granted)
    address = f"[v2:127.0.0.1:{mon_v2}/0,v1:127.0.0.1:{mon_v1}/0]"
    _run(folder, "monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, str(folder / "monmap"))


def _start(folder: Path) -> None:
    conf, keyring = ["-c", str(folder / "ceph.conf")], str(folder / "keyring")
    _run(folder, "ceph-mon", *conf, "--mkfs", "-i", "a", "--monmap", str(folder / "monmap"), "--keyring", keyring)
    _run(folder, "ceph-mon", *conf, "-i", "a")
    _run(folder, "ceph", *conf, "osd", "create")
    _run(folder, "ceph", *conf, "auth", "add", "osd.0", "-i", keyring)
    _run(folder, "ceph-osd", *conf, "-i", "0", "--mkfs")
    _run(folder, "ceph", *conf, "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h1")
    _run(folder, "ceph-osd", *conf, "-i", "0")
    user = ["--uid=verifier", "--display-name=verifier", f"--access-key={_ACCESS_KEY}", f"--secret={_SECRET_KEY}"]
    _run(folder, "radosgw-admin", *conf, "-n", "client.rgw", "user", "create", *user)
    _run(folder, "radosgw", *conf, "-n", "client.rgw")


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_STARTS_WITHIN, cwd=folder)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-600:]}")


def _await_answer(port: int) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
            return
        time.sleep(0.1)
    raise TimeoutError("radosgw does not answer")


def _stop(pids: list[int]) -> None:
    """All of what lies there is in memory and of no worth: nothing is waited for."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def main() -> int:
    missing = find_missing()
    if missing:
        sys.exit(missing)
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="s3-"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: what was started is stopped
    with run_radosgw(folder.absolute()) as store, suppress(KeyboardInterrupt):
        sys.stdout.write(f"{store.url} {store.credentials_file}\n")
        sys.stdout.flush()
        signal.pause()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
