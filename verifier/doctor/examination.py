"""Which checks the doctor makes, and in which order."""

from collections.abc import Iterator
from functools import partial

from verifier.doctor.customers import examine_customers_tier
from verifier.doctor.database import examine_database
from verifier.doctor.findings import Finding, check
from verifier.doctor.machine import (
    examine_stores,
    find_private_folders,
    see_broker,
    see_keys_apart,
    see_private,
    see_sandbox,
    see_space,
)
from verifier.doctor.sending import examine_sending
from verifier.settings import Settings


def examine(settings: Settings) -> list[Finding]:
    """Make every check, in the order in which an operator would mend things."""
    return list(_findings(settings))


def _findings(settings: Settings) -> Iterator[Finding]:
    if settings.tier == "customer":
        return (yield from examine_customers_tier(settings))
    yield check("apart", partial(see_keys_apart, settings))
    for name, folder in find_private_folders(settings).items():
        yield check(name, partial(see_private, folder))
    yield check("disk", partial(see_space, settings))
    yield from examine_stores(settings)
    yield from examine_database(settings)
    yield check("sandbox", partial(see_sandbox, settings))
    yield check("broker", partial(see_broker, settings))
    yield from examine_sending(settings)
