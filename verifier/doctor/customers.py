"""The doctor of the customers' tier, which has little, and must not have more."""

from collections.abc import Iterator
from functools import partial

from verifier.db.engine import Database
from verifier.db.installation import find_installation
from verifier.doctor.database import (
    open_and_look,
    place_of_objects,
    see_clock,
    see_database,
    see_inside,
    see_log,
    see_mark,
)
from verifier.doctor.findings import NOT_YET, Finding, WrongError, check
from verifier.doctor.machine import see_space
from verifier.ids import InstallationId
from verifier.settings import Settings
from verifier.stores import open_documents
from verifier.wiring.trial import find_allowed_here, find_weakness_here


def examine_customers_tier(settings: Settings) -> Iterator[Finding]:
    """Every check of that tier, in the order in which an operator would mend things."""
    yield check("disk", partial(see_space, settings))
    yield from open_and_look(settings, partial(_look_inside, settings))


def _look_inside(settings: Settings, database: Database) -> Iterator[Finding]:
    yield check("database", partial(see_database, database))
    yield check("objects", lambda: see_mark(open_documents(settings), place_of_objects(settings), database))
    yield check("tier", partial(_see_tier, settings, database))
    yield check("clock", partial(see_inside, see_clock, database))
    yield check("log", partial(see_inside, see_log, database))


def _see_tier(settings: Settings, database: Database) -> str:
    with database.read() as session:
        installation = find_installation(session)
    if installation is None:
        return NOT_YET
    allowed = list(find_allowed_here(settings, database, InstallationId(installation.id)))
    if allowed:
        raise WrongError(f"this tier could do what it must not: {'; '.join(allowed)}. See docs/how-to/many-machines.md")
    weakness = find_weakness_here(settings, InstallationId(installation.id))
    if weakness is not None and weakness.is_mendable:
        raise WrongError(weakness.sentence)
    tried = "it tried to read, change and delete what it must not, and could not"
    return tried if weakness is None else f"{tried}. {weakness.sentence}"
