"""The sandbox of a worker that decodes apart from `verifier serve`, which tries it for its own machine only."""

from collections.abc import Collection

from verifier.db.wakeups import Zone
from verifier.settings import Settings


def verify_own_sandbox(settings: Settings, zones: Collection[Zone]) -> None:
    """Raise `ConfigurationError` where these zones decode on a machine of their own, and its sandbox does not hold."""
    if Zone.SANITISE not in zones or len(set(zones)) == len(Zone):
        return
    from verifier.serve import try_sandbox  # brings a web server, which no other worker needs

    try_sandbox(settings)
