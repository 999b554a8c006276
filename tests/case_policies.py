"""The two policies that most tests run under: the first that were ever shipped, documents only.

What is shipped may change with every release; a test of uploads, reviews or disposal should not. An installation of a
test is given `FOLDER` by its settings, as an operator would give their own.
"""

from pathlib import Path
from typing import Final

from policies.loading import load_folder

FOLDER: Final = Path(__file__).resolve().parent / "policies"
CASE_POLICIES: Final = load_folder(FOLDER)
