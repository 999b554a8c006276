"""Policies from files: those that come with the product, and a folder of the installation's own.

Guarantees that every file of the folder is a policy under its own name, or the tests of one (`<policy>.tests.yaml`,
read by `policies.tests_of`), or is refused: a file that is silently passed over would be a rule that nobody applies.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from policies.errors import PolicyError
from policies.language import parse_policy
from policies.model import Policy

TESTS: Final = ".tests.yaml"
BUILTIN: Final = Path(__file__).resolve().parent / "builtin"


@cache
def load_builtin() -> Mapping[str, Policy]:
    """The built-in policies by name."""
    found = [read_named(item.name, item.read_bytes()) for item in BUILTIN.iterdir() if _is_policy(item.name)]
    return MappingProxyType({policy.name: policy for policy in sorted(found, key=lambda policy: policy.name)})


def load_policies(folder: Path | None) -> Mapping[str, Policy]:
    """The policies of the folder, or the built-in ones where there is none. Raises `PolicyError`."""
    return load_builtin() if folder is None else load_folder(folder)


def load_folder(path: Path) -> Mapping[str, Policy]:
    """Every policy in the folder, by name; raises `PolicyError` for the first file that is none."""
    try:
        entries = sorted(path.iterdir())
        texts = [(entry, _read(entry)) for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        advice = f"The folder of policies cannot be read: {error.strerror}. Check the path and its permissions."
        raise PolicyError("folder", sentence=advice, origin=str(path)) from error
    found = [read_named(str(entry), content) for entry, content in texts if _is_policy(entry.name)]
    names = {policy.name for policy in found}
    for entry, _ in texts:
        if not _is_policy(entry.name) and entry.name.removesuffix(TESTS) not in names:
            advice = "These are tests of a policy that is not in this folder. Rename or remove them."
            raise PolicyError("folder", sentence=advice, origin=str(entry))
    return MappingProxyType({policy.name: policy for policy in found})


def _read(entry: Path) -> bytes:
    if entry.suffix != ".yaml":
        advice = "Only policies live here, one to a file, named `<policy>.yaml`. Rename or remove this one."
        raise PolicyError("folder", sentence=advice, origin=str(entry))
    return entry.read_bytes()


def _is_policy(name: str) -> bool:
    return name.endswith(".yaml") and not name.endswith(TESTS)


def read_named(origin: str, content: bytes) -> Policy:
    """The policy that a file holds: in UTF-8, and under the file's name."""
    text = decode(origin, content)
    try:
        policy = _parse_sound(text)
    except PolicyError:
        policy = parse_policy(text, origin=origin)  # raises, and names the file
    if Path(origin).name != f"{policy.name}.yaml":
        advice = f"The file of this policy is named `{policy.name}.yaml`, so that no name stands in two files."
        raise PolicyError("wrong_file_name", sentence=advice, origin=origin, line=1, column=1)
    return policy


@lru_cache(maxsize=64)
def _parse_sound(text: str) -> Policy:
    # The same text is the same policy, wherever it was found, and reading one takes some 20 ms.
    return parse_policy(text, origin="")


def read_policy_file(file: Path) -> Policy:
    """The policy in one file, whatever folder it lies in. Raises `PolicyError`, `OSError`."""
    return read_named(str(file), file.read_bytes())


def decode(origin: str, content: bytes) -> str:
    """The text of a file; raises `PolicyError` with the line that is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PolicyError("not_utf8", sentence="Save this file as UTF-8.", origin=origin, line=line) from error
