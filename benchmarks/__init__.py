"""Measurements, each beside something comparable in the same run. Nothing here is a test."""

from pathlib import Path
from typing import Final

# Documents only, and the same in every release: the figures of two releases can be compared.
POLICIES: Final = Path(__file__).resolve().parent.parent / "tests" / "policies"
