"""A request for a verification with all that comes with it: contact points, what is offered, the exit of the other; and
a new link for it, with all that ends with the old one.

Guarantees: nobody is asked for what cannot be given: where no line of the ladder is possible with what the desk sent,
the request is refused before a key is made. What came with it is kept in the transaction that creates it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from policies.ask import Situation, find_recent, plan
from policies.model import Policy
from policies.parts import ContactKind
from verifier.contacts.exits import keep_exit
from verifier.contacts.registered import GivenContact, keep_points
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.ids import VerificationId
from verifier.proofs.errors import NoProofNeededError, NoProofPossibleError
from verifier.proofs.offers import Means, plan_offers
from verifier.proofs.renewing import end_evidence_of_link
from verifier.vault.service import Vault
from verifier.verifications.links import LinkKey
from verifier.verifications.once import Once
from verifier.verifications.service import Created, NewVerification, Verifications
from verifier.verifications.tables import VerificationRow


class Requests:
    """Asks for verifications."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        vault: Vault,
        verifications: Verifications,
        link_key: LinkKey,
        means: Means,
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self.verifications: Final = verifications
        self._link_key: Final = link_key
        self._means: Final = means

    def create(
        self, asked: NewVerification, *, actor: str, once: Once[VerificationId], contacts: Sequence[GivenContact] = ()
    ) -> Created:
        """Ask for a verification, or find the one that the same request made before.

        Raises:
            NoProofNeededError: the policy says that such a request is simply answered.
            NoProofPossibleError: the policy's proofs need contact points that did not come with the request.
            And whatever `Verifications.create` raises.
        """
        policy = self.verifications.get_current_policy(asked.policy)
        if policy.no_proof is not None:
            raise NoProofNeededError
        contacts = [given for given in contacts if given.contact in find_used(policy)]
        with self._database.read() as session:
            self._verify_possible(policy, asked, contacts, now=self._clock.now(session))
        beside = _Beside(self._vault, self._link_key, policy, tuple(contacts), self._means)
        return self.verifications.create(asked, actor=actor, once=once, beside=beside)

    def needs_contacts(self, policy: Policy) -> bool:
        """Whether every proof of it needs a contact point or an account that comes with the request."""
        return policy.no_proof is None and not self._is_possible(policy, contacts=frozenset(), recent=frozenset())

    def renew_link(self, verification: VerificationId, *, actor: str, once: Once[VerificationId]) -> None:
        """Issue the next link; contact checks lapse with the old one. Raises as `Verifications.renew_link` does."""

        def end_with_link(session: Session, now: datetime, row: VerificationRow) -> None:
            end_evidence_of_link(session, now, row, actor=actor, means=self._means)

        self.verifications.renew_link(verification, actor=actor, once=once, end_with_link=end_with_link)

    def _verify_possible(
        self, policy: Policy, asked: NewVerification, contacts: Sequence[GivenContact], *, now: datetime
    ) -> None:
        kinds = {given.contact for given in contacts} | ({ContactKind.ACCOUNT} if asked.account else set())
        recent = find_recent(policy, {given.contact: given.changed_at for given in contacts}, now=now)
        if not self._is_possible(policy, contacts=frozenset(kinds), recent=recent):
            raise NoProofPossibleError

    def _is_possible(self, policy: Policy, *, contacts: frozenset[ContactKind], recent: frozenset[ContactKind]) -> bool:
        situation = Situation(
            contacts=contacts,
            recent=recent,
            not_offered=self._means.not_offered,
            unreachable=self._means.unreachable,
        )
        return bool(plan(policy, situation).lines)


def find_used(policy: Policy) -> frozenset[ContactKind]:
    """The contact points that the policy has a use for: nothing else is kept of what a desk sends."""
    checked = {item.contact for item in policy.checks()}
    told = {ContactKind.EMAIL, ContactKind.PHONE} if policy.contacts.tell_other else set()
    return frozenset(checked | told)


@dataclass(frozen=True)
class _Beside:
    vault: Vault
    link_key: LinkKey
    policy: Policy
    contacts: tuple[GivenContact, ...]
    means: Means

    def describe(self) -> Sequence[str]:
        return [given.describe() for given in sorted(self.contacts, key=lambda given: given.contact)]

    def keep(self, session: Session, now: datetime, row: VerificationRow) -> None:
        keep_points(session, self.vault, row.id, self.contacts)
        row.has_contact_points = bool(self.contacts)
        session.flush()
        if self.policy.has_contact_checks():
            plan_offers(session, now, row, means=self.means)
        if self.policy.contacts.tell_other and self.contacts:
            keep_exit(session, self.vault, row.id, token=self.link_key.derive_exit_token(row.id))
