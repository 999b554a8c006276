"""The S3 stores of the tests as fixtures: one of each for each process of the tests, started when first asked for."""

from collections.abc import Iterator

import pytest

from tests.servers.store import Store, short_folder


@pytest.fixture(scope="session")
def moto() -> Iterator[Store]:
    """S3 and KMS by moto."""
    from tests.servers.moto import run_moto  # heavy: only those who ask for it wait for it

    with run_moto() as store:
        yield store


@pytest.fixture(scope="session")
def real_s3() -> Iterator[Store]:
    """A real store, Ceph's radosgw; skipped, with the one command, where it is not installed."""
    from tests.servers.radosgw import find_missing, run_radosgw

    missing = find_missing()
    if missing:
        pytest.skip(missing)
    with short_folder() as folder, run_radosgw(folder) as store:
        yield store
