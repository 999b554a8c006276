"""The only place that chooses implementations: settings in, a wired house out, for the whole or for one part of it.

Guarantees: database, documents and keys carry one installation id, checked before anything else happens; a database
that is empty beside stores that are not is refused, because to it everything would be an orphan. A process that is one
part of several opens what `parts` gives that part, and nothing else.
"""

from verifier.wiring.house import House, choose_seams, load_contact_key, open_house
from verifier.wiring.installing import Seams
from verifier.wiring.parts import ALL_PARTS, Part, parts_of_tier, parts_of_zones
from verifier.wiring.trial import tell_weakness, verify_customer_cannot
from verifier.wiring.workshop import Workshop, open_figures, open_workshop

__all__ = [
    "ALL_PARTS",
    "House",
    "Part",
    "Seams",
    "Workshop",
    "choose_seams",
    "load_contact_key",
    "open_figures",
    "open_house",
    "open_workshop",
    "parts_of_tier",
    "parts_of_zones",
    "tell_weakness",
    "verify_customer_cannot",
]
