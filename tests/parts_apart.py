"""An installation whose parts run apart: a house and a user of the database for each, behind one pair of doors."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.servers.databases import as_part
from verifier.app import create_app
from verifier.db.opening import open_database
from verifier.db.wakeups import Zone
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.wiring import House, Part, Seams, Workshop, open_workshop
from verifier.wiring.installing import settle
from verifier.wiring.parts import rights_of

_CUSTOMERS: Final = re.compile(r"/(v|n|verification|static)(/.*)?")


@dataclass(frozen=True)
class Apart:
    """The house of each part."""

    houses: Mapping[Part, House]

    def open_workshops(self, decoder: Decoder) -> Mapping[Zone, Workshop]:
        """The workshop of each zone, in that zone's own house."""
        return {zone: open_workshop(self.houses[Part(zone.value)], decoder=decoder) for zone in Zone}

    def make_doors(self) -> ASGIApp:
        """Both tiers, as a proxy in front of two hosts would lead to them."""
        customers, staff = (create_app(self.houses[part]) for part in (Part.CUSTOMER, Part.STAFF))

        async def lead(scope: Scope, receive: Receive, send: Send) -> None:
            is_customers = scope["type"] == "http" and _CUSTOMERS.fullmatch(scope["path"])
            await (customers if is_customers else staff)(scope, receive, send)

        return lead


def let_clock_move(house: House) -> None:
    """The guards of the customers' tier ask the server's clock, which no test moves: here they take any moment."""
    with house.database.write() as session:
        session.execute(
            text("CREATE OR REPLACE FUNCTION verifier_is_now(moment bigint) RETURNS boolean LANGUAGE sql "
                 "AS 'SELECT moment IS NOT NULL'")
        )  # fmt: skip


@contextmanager
def open_apart(settings: Settings, seams: Seams) -> Iterator[Apart]:
    """The parts of an installation on PostgreSQL that its owner has set up, with its stores."""
    houses = {part: _open_part(settings, seams, part) for part in Part}
    yield Apart(houses)
    for house in houses.values():
        house.close()


def _open_part(settings: Settings, seams: Seams, part: Part) -> House:
    rights = rights_of({part})
    tier = part.value if part in {Part.CUSTOMER, Part.STAFF} else "all"
    own = {"database_url": as_part(settings.database_url, part.value), "tier": tier}
    settings = settings.model_copy(update=own if part is not Part.CUSTOMER else own | {"policies_folder": Path("none")})
    database = open_database(settings)
    return House(settings, database, seams.clock, settle(settings, database, seams, rights), rights=rights)
