"""What makes a name durable: a file is made, renamed or removed for good only when its folder is on the medium too."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Have the names in the folder on the medium when this returns. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
