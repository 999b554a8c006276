"""What the file stores ask of the operating system, and in which order: what a power cut may find.

No test can cut the power, so these read the calls themselves, through strace, and let single ones fail.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from verifier.ids import new_document_id, new_installation_id, new_verification_id
from verifier.vault.key_files import FileKeys
from verifier.vault.object_files import FileObjects
from verifier.vault.objects import ObjectKey

_PROGRAM: Final = """
import sys
from datetime import date
from pathlib import Path
from verifier.errors import VerifierError
from verifier.vault.key_files import FileKeys
from verifier.vault.object_files import FileObjects
from verifier.vault.objects import ObjectKey
from verifier.vault.root_files import FileRoots
from verifier.vault.secrets import load_or_create_secret

folder, key = Path(sys.argv[1]), ObjectKey.parse(sys.argv[2])
objects, keys = FileObjects(folder / "objects"), FileKeys(folder / "keys")
try:
    match sys.argv[3]:
        case "store":
            writer = objects.create(key)
            writer.write(b"sealed")
            writer.commit()
        case "delete":
            objects.delete(key)
        case "put":
            keys.put(key.verification, b"record")
        case "shred":
            keys.delete(key.verification)
        case "root":
            FileRoots(folder / "roots").current(date(2026, 11, 21))
        case "destroy":
            roots = FileRoots(folder / "roots")
            roots.destroy(roots.list()[0])
        case "secret":
            load_or_create_secret(folder / "secrets", "link-key")
except VerifierError as error:
    print(error.code, dict(error.facts))
else:
    print("done")
"""
_CALL: Final = re.compile(r"^(fsync|linkat|unlinkat)\((.*)\)\s+= ")

Run = Callable[..., tuple[str, list[str]]]


@pytest.fixture
def key() -> ObjectKey:
    return ObjectKey(new_installation_id(), new_verification_id(), new_document_id(), "original")


@pytest.fixture
def run(tmp_path: Path, key: ObjectKey) -> Run:
    """Run one operation under strace; return what it said, and its calls with random parts named."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: the order of syncs was not looked at")
    FileObjects(tmp_path / "objects").write_installation(key.installation)
    FileKeys(tmp_path / "keys").write_installation(key.installation)
    trace = tmp_path / "trace"

    def run_traced(operation: str, *options: str) -> tuple[str, list[str]]:
        command = [strace, "-qq", "-y", "-s", "200", "-e", "trace=fsync,linkat,unlinkat", *options, "-o", str(trace)]
        program = [sys.executable, "-c", _PROGRAM, str(tmp_path), key.to_text(), operation]
        ended = subprocess.run([*command, *program], check=False, capture_output=True, text=True, timeout=60)
        if "ptrace" in ended.stderr:
            pytest.skip("this host forbids ptrace: the order of syncs was not looked at")
        assert ended.stderr == ""
        matches = (_CALL.match(line) for line in trace.read_text().splitlines())
        return ended.stdout.strip(), [_readable(match[1], match[2], key) for match in matches if match]

    return run_traced


def _readable(call: str, arguments: str, key: ObjectKey) -> str:
    """`fsync NAME~`, `linkat NAME~ NAME`, `unlinkat NAME~`, `fsync folder`: what the call is about."""
    if call == "fsync":
        path = arguments.partition("<")[2].rstrip(">")
        return f"fsync {'folder' if Path(path).is_dir() else _name(path, key)}"
    return " ".join([call, *(_name(name, key) for name in re.findall(r'"([^"]*)"', arguments))])


def _name(path: str, key: ObjectKey) -> str:
    base, tilde, _ = Path(path).name.partition("~")
    ours = {f"{key.verification}.{key.document}.{key.copy}", key.verification, "link-key", "root-20778"}
    return f"{'NAME' if base in ours else base}{tilde}"


_WRITTEN: Final = ["fsync NAME~", "linkat NAME~ NAME", "unlinkat NAME~", "fsync folder"]


@pytest.mark.parametrize("operation", ["store", "put", "root", "secret"])
def test_bytes_are_synced_before_they_get_their_name_and_the_name_before_success(run: Run, operation: str) -> None:
    said, calls = run(operation)
    assert said == "done"
    first = calls.index("fsync NAME~")
    assert calls[first : first + 4] == _WRITTEN


@pytest.mark.parametrize("operation", ["root", "secret"])
def test_a_new_secrets_folder_is_synced_in_its_parent(run: Run, operation: str) -> None:
    _, calls = run(operation)
    assert calls.index("fsync folder") < calls.index("fsync NAME~")


@pytest.mark.parametrize(("write", "remove"), [("store", "delete"), ("put", "shred")])
def test_a_removal_is_synced_before_success_even_when_nothing_was_there(run: Run, write: str, remove: str) -> None:
    run(write)
    assert run(remove) == ("done", ["unlinkat NAME", "fsync folder"])
    # Whoever removed it may have died before the sync.
    assert run(remove) == ("done", ["fsync folder"])


def test_unfinished_names_go_before_the_name_so_that_no_writer_can_link_one_meanwhile(run: Run, tmp_path: Path) -> None:
    run("store")
    (path,) = (tmp_path / "objects").rglob("*.original")
    for token in ("0", "1"):
        path.with_name(f"{path.name}~{token}").hardlink_to(path)
    calls = ["unlinkat NAME~", "unlinkat NAME~", "unlinkat NAME", "fsync folder"]
    assert run("delete") == ("done", calls)


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        ("fsync", "EIO", "store_unavailable"),
        ("fsync", "ENOSPC", "no_space"),
        ("fsync", "EDQUOT", "no_space"),
        ("linkat", "EIO", "store_unavailable"),
    ],
)
@pytest.mark.parametrize("operation", ["store", "put"])
def test_a_write_that_fails_leaves_nothing_and_says_so(
    run: Run, key: ObjectKey, tmp_path: Path, operation: str, call: str, error: str, code: str
) -> None:
    said, _ = run(operation, "-e", f"inject={call}:error={error}:when=1")
    assert said == f"{code} {{'reason': '{error}'}}"
    assert FileObjects(tmp_path / "objects").is_absent(key)
    assert FileKeys(tmp_path / "keys").is_absent(key.verification)


@pytest.mark.parametrize("operation", ["store", "put"])
def test_a_name_that_could_not_be_synced_is_no_success(run: Run, operation: str) -> None:
    said, calls = run(operation, "-e", "inject=fsync:error=EIO:when=2")
    assert said == "store_unavailable {'reason': 'EIO'}"
    assert calls[:4] == _WRITTEN


def test_a_root_that_the_system_calls_removed_and_keeps_is_still_present(run: Run) -> None:
    run("root")
    assert run("destroy", "-e", "inject=unlinkat:retval=0")[0] == "still_present {}"
    assert run("destroy")[0] == "done"


@pytest.mark.parametrize("call", ["unlinkat", "fsync"])
@pytest.mark.parametrize(("write", "remove"), [("store", "delete"), ("put", "shred")])
def test_a_removal_that_fails_is_no_success(run: Run, write: str, remove: str, call: str) -> None:
    run(write)
    said, _ = run(remove, "-e", f"inject={call}:error=EIO")
    assert said == "store_unavailable {'reason': 'EIO'}"
