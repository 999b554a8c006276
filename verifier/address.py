"""On which address this service is reached: one rule for who listens and for the commands that print addresses.

Guarantees: a public address that nobody named follows the host and the port, so that a link always leads back here.
"""

from verifier.settings import Settings


def at_address(settings: Settings, *, port: int | None = None) -> Settings:
    """The settings with the port that was found; a public address that nobody named follows host and port."""
    settings = settings.model_copy(update={"port": settings.port if port is None else port})
    if "public_url" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"public_url": address_of(settings, port=settings.port)})


def address_of(settings: Settings, *, port: int) -> str:
    """The address on which this machine itself reaches the service."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 -- compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
