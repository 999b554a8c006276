"""Who may have what, on one screen: the rights of DESIGN 10, one part of the house a line.

A process is one part, several, or all of them (the embedded form). Guarantees: what a part is not given here is not
opened by its process, so that a fault in it finds nothing to misuse. Leaves to others: that the database's role, the
buckets' credentials and the machine's files say the same (`docs/how-to/many-machines.md`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from verifier.db.wakeups import Zone
from verifier.settings import SIGNING_KEY, Settings
from verifier.stores import Wanted
from verifier.vault.given import KeyRight, ObjectRight, RootRight


class Part(StrEnum):
    """One process of many machines. The values are what its role in the database is called, after `verifier_`."""

    CUSTOMER = "customer"
    STAFF = "staff"
    SANITISE = "sanitise"
    DISPOSE = "dispose"
    LOG = "log"
    NOTIFY = "notify"


class Secret(StrEnum):
    """The installation's own secrets, by their files."""

    DIGEST = "digest"
    FORM = "form"
    LINK = "link"
    CODE = "code"
    CONTACT_DIGEST = "contact-digest"
    SIGNING = SIGNING_KEY


ALL_PARTS: Final = frozenset(Part)

T = TypeVar("T")


@dataclass(frozen=True)
class Rights:
    """What a process may open."""

    secrets: frozenset[Secret] = frozenset()
    objects: frozenset[ObjectRight] = frozenset()
    keys: frozenset[KeyRight] = frozenset()
    roots: frozenset[RootRight] = frozenset()
    has_broker: bool = True
    sends: bool = False
    """Whether it holds the passwords of SMTP, of the SMS gateway and of the mailbox."""

    parts: frozenset[Part] = field(default=frozenset())

    @property
    def stores(self) -> Wanted:
        """Which stores it opens at all."""
        return Wanted(objects=bool(self.objects), keys=bool(self.keys), roots=bool(self.roots))

    @property
    def looks(self) -> Wanted:
        """Of which stores it reads the rules: whoever only puts may not ask."""
        return Wanted(objects=bool(self.objects - {ObjectRight.CREATE}), keys=bool(self.keys), roots=False)

    @property
    def has_all_parts(self) -> bool:
        """Whether the process is all parts: only such a process sets an installation up."""
        return self.parts == ALL_PARTS


_READS_KEYS: Final = frozenset({KeyRight.GET})
_OPENS: Final = frozenset({RootRight.UNWRAP})

_RIGHTS: Final[Mapping[Part, Rights]] = {
    Part.CUSTOMER: Rights(objects=frozenset({ObjectRight.CREATE}), has_broker=False),
    Part.STAFF: Rights(
        secrets=frozenset({Secret.DIGEST, Secret.FORM, Secret.LINK}),
        objects=frozenset({ObjectRight.CREATE, ObjectRight.READ}),
        keys=frozenset({KeyRight.PUT, KeyRight.GET}),
        roots=frozenset({RootRight.WRAP, RootRight.UNWRAP}),
    ),
    Part.SANITISE: Rights(
        objects=frozenset({ObjectRight.CREATE, ObjectRight.READ, ObjectRight.DELETE, ObjectRight.LOOK}),
        keys=_READS_KEYS,
        roots=_OPENS,
    ),
    # It reads key records only to find which root each names; it has no root to open them with.
    Part.DISPOSE: Rights(
        objects=frozenset({ObjectRight.DELETE, ObjectRight.LOOK, ObjectRight.LIST}),
        keys=frozenset({KeyRight.GET, KeyRight.DELETE, KeyRight.LOOK, KeyRight.LIST}),
        roots=frozenset({RootRight.LIST, RootRight.DESTROY}),
    ),
    Part.LOG: Rights(secrets=frozenset({Secret.SIGNING})),
    Part.NOTIFY: Rights(
        secrets=frozenset({Secret.DIGEST, Secret.CODE, Secret.CONTACT_DIGEST}),
        keys=_READS_KEYS,
        roots=_OPENS,
        sends=True,
    ),
}


def _join(given: Iterable[frozenset[T]]) -> frozenset[T]:
    return frozenset().union(*given)


def rights_of(parts: Iterable[Part]) -> Rights:
    """What a process may open that is all of these parts."""
    chosen = frozenset(parts)
    given = [_RIGHTS[part] for part in chosen]
    return Rights(
        secrets=_join(each.secrets for each in given),
        objects=_join(each.objects for each in given),
        keys=_join(each.keys for each in given),
        roots=_join(each.roots for each in given),
        has_broker=any(each.has_broker for each in given),
        sends=any(each.sends for each in given),
        parts=chosen,
    )


def parts_of_tier(settings: Settings) -> frozenset[Part]:
    """What `verifier serve`, and the commands beside it, are here."""
    return ALL_PARTS if settings.tier == "all" else frozenset({Part(settings.tier)})


def parts_of_zones(zones: Iterable[Zone]) -> frozenset[Part]:
    """What a worker of these zones is; one of all zones is the embedded form's, and all parts."""
    chosen = frozenset(zones)
    return ALL_PARTS if chosen == frozenset(Zone) else frozenset(Part(zone.value) for zone in chosen)
