"""What a backup holds, in one sealed file: each part with its length and digest.

Guarantees: `load_manifest` returns only what this installation wrote, word for word: it is sealed with a key that is in
no backup, so a backup that was changed, cut or made by somebody else is refused before a byte of it is used.
"""

import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from verifier.errors import ConfigurationError
from verifier.ids import InstallationId
from verifier.vault.secrets import keyed_digest

FORMAT: Final = "verifier-backup/v1"
MANIFEST: Final = "manifest.json"
DATABASE: Final = "database"
DOCUMENTS: Final = "documents"
_PURPOSE: Final = "backup"


@dataclass(frozen=True)
class Part:
    """One file of the backup, by its path in it."""

    path: str
    length: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """Times are RFC 3339. `kind` says what the copy of the database is; `schema` its version."""

    installation: InstallationId
    made_at: str
    created_at: str
    clock_high_at: str
    kind: str
    schema: str
    database: Part
    documents: tuple[Part, ...]

    @property
    def made(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    def to_text(self, key: bytes) -> str:
        """The file: its content, and the seal over it."""
        content = {"format": FORMAT, **asdict(self)}
        return json.dumps({"content": content, "seal": _seal(content, key)}, indent=1) + "\n"


def load_manifest(folder: Path, key: bytes) -> Manifest:
    """Read and check the manifest in `folder`. Raises `ConfigurationError`."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="ascii"))
        content, seal = found["content"], found["seal"]
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{folder} holds no {MANIFEST}: it is no backup, or one that was never finished. Name another."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(folder) from error
    if not isinstance(seal, str) or not hmac.compare_digest(seal.encode(), _seal(content, key).encode()):
        raise _broken(folder)
    if content.get("format") != FORMAT:
        raise ConfigurationError(f"{folder} was made by another version of Verifier. Restore it with that one.")
    fields = {name: value for name, value in content.items() if name != "format"}
    documents = tuple(Part(**part) for part in fields.pop("documents"))
    return Manifest(**{**fields, "database": Part(**fields["database"]), "documents": documents})


def _broken(folder: Path) -> ConfigurationError:
    return ConfigurationError(
        f"The manifest in {folder} is damaged, or another installation made it: its seal is not by this one's secrets. "
        "Name a backup of this installation, and put its folder of secrets back first."
    )


def _seal(content: object, key: bytes) -> str:
    return keyed_digest(key, _PURPOSE, json.dumps(content, sort_keys=True, separators=(",", ":")))
