"""How much room there is where this installation writes.

Parts of the home may be disks of their own, so that the fullest of them decides.
"""

import shutil
from pathlib import Path

from verifier.settings import Settings


def count_free_bytes(settings: Settings) -> int:
    """The room on the fullest disk among those that hold database, documents and the published log."""
    places = (settings.home, settings.database_file.parent, settings.objects_folder, settings.published_folder)
    return min(shutil.disk_usage(_find_existing(place.absolute())).free for place in places)


def _find_existing(place: Path) -> Path:
    """What is not there yet will lie on the disk of what is above it."""
    return next(path for path in (place, *place.parents) if path.exists())
