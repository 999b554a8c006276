"""How much room there is where this installation writes.

Parts of the home may be disks of their own, so that the fullest of them decides.
"""

import os
from collections.abc import Collection
from pathlib import Path

from verifier.settings import Settings


def find_written_places(settings: Settings) -> frozenset[str]:
    """Where database, documents and the published log lie, or will lie: asked once, because every upload counts."""
    places = (settings.home, settings.database_file.parent, settings.objects_folder, settings.published_folder)
    return frozenset(str(_find_existing(place.absolute())) for place in places)


def count_free_bytes(places: Collection[str]) -> int:
    """The room on the fullest disk among those that hold one of these places."""
    disks = map(_ask_disk, places)
    return min(disk.f_bavail * disk.f_frsize for disk in disks)


def _ask_disk(place: str) -> os.statvfs_result:
    try:
        return os.statvfs(place)
    except FileNotFoundError:  # taken away since; whoever uses it says so
        return os.statvfs(_find_existing(Path(place)))


def _find_existing(place: Path) -> Path:
    """What is not there yet will lie on the disk of what is above it."""
    return next(path for path in (place, *place.parents) if path.exists())
