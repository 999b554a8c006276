"""Fixtures that every suite shares."""

from pathlib import Path

import pytest

_CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"


@pytest.fixture(scope="session")
def cases_dir() -> Path:
    """The folder of inputs that others wrote; the test is skipped, and says so, where it is absent."""
    if not _CASES.is_dir():
        pytest.skip("../shared/cases is not beside the project: these inputs were not tried")
    return _CASES
