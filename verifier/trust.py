"""Whom a TLS connection of ours believes: the system's authorities, or those that an operator names in a file."""

import ssl
from pathlib import Path

from verifier.errors import ConfigurationError


def load_trust(file: Path | None, *, named: str) -> ssl.SSLContext:
    """Verifies certificates and host names against the authorities in `file`, or the system's where there is none.

    `named` is how an operator knows the file: by its setting, or its path. Raises: ConfigurationError
    """
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:
        raise ConfigurationError(f"{named} holds no certificates that can be read. Name a PEM file of them.") from error
