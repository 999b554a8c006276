"""Policies from files: the two that come with the product, and a folder of the installation's own.

Guarantees that every file of the folder either is a policy under its own name or is refused: a file that is silently
passed over would be a rule that nobody applies.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from policies.errors import PolicyError
from policies.language import parse_policy
from policies.model import Policy


@cache
def load_builtin() -> Mapping[str, Policy]:
    """The built-in policies by name."""
    folder = files("policies").joinpath("builtin")
    found = [_named(item.name, item.read_bytes()) for item in folder.iterdir() if item.name.endswith(".yaml")]
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
    found = [_named(str(entry), content) for entry, content in texts]
    return MappingProxyType({policy.name: policy for policy in found})


def _read(entry: Path) -> bytes:
    if entry.suffix != ".yaml":
        advice = "Only policies live here, one to a file, named `<policy>.yaml`. Rename or remove this one."
        raise PolicyError("folder", sentence=advice, origin=str(entry))
    return entry.read_bytes()


def _named(origin: str, content: bytes) -> Policy:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PolicyError("not_utf8", sentence="Save this file as UTF-8.", origin=origin, line=line) from error
    policy = parse_policy(text, origin=origin)
    if Path(origin).name != f"{policy.name}.yaml":
        advice = f"The file of this policy is named `{policy.name}.yaml`, so that no name stands in two files."
        raise PolicyError("wrong_file_name", sentence=advice, origin=origin, line=1, column=1)
    return policy
