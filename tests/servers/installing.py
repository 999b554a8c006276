"""Installs what a test drives, where we may; elsewhere the test is skipped, with the one command."""

import os
import shutil
import subprocess

import pytest


def need_program(program: str, *, package: str) -> None:
    """Skip the test unless `program` is here, or can be installed."""
    install = ("install", "--yes", "--no-install-recommends", package)
    if not shutil.which(program) and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for step in (("update",), install):
            subprocess.run(["apt-get", "-qq", *step], env=environment, check=False, capture_output=True)
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed. Run: sudo apt-get {' '.join(install)}")
