"""S3 and KMS by moto's server, in this process, on a free port.

moto ignores credentials and decrypts with destroyed keys: nothing about who may do what is proven on it.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer

from tests.servers.store import Store, short_folder, write_credentials


@contextmanager
def run_moto() -> Iterator[Store]:
    """An empty store, and a KMS beside it at the same address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        with short_folder() as folder:
            file = write_credentials(folder / "credentials.json", access_key="any", secret_key="any")
            yield Store(f"http://127.0.0.1:{port}", file)
    finally:
        server.stop()
