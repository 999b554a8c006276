"""Where the stories take place: an installation that is up, whoever started it and however many processes it is."""

from pathlib import Path
from typing import Protocol


class Place(Protocol):
    """What a story needs to know of an installation: its doors, a folder for its own files, and its command line."""

    @property
    def home(self) -> Path: ...

    @property
    def address(self) -> str:
        """Where customers come in; links lead there."""

    @property
    def staff_address(self) -> str:
        """Where staff and their programs come in."""

    @property
    def log_key(self) -> Path:
        """Where the log's public key is kept for whoever checks receipts."""

    def run(self, *arguments: str) -> str:
        """Run a command of this installation, as its operator; what it printed."""
