"""What this installation can look things up with, by its settings; a method without its tool is not offered."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from policies.parts import CheckMethod, ContactKind
from verifier.contacts.codes import CHANNEL_OF
from verifier.contacts.fetching import Fetcher, HttpsFetcher
from verifier.contacts.jwks import DeskKeys, FetchedKeys, load_pinned_keys
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.resolver import DnsResolver, Resolver, parse_name_server
from verifier.contacts.routes import LoopbackDouble, NamedRoute, PublicRoute
from verifier.contacts.wallet import PersonalSignWallets, WalletVerifier
from verifier.errors import ConfigurationError
from verifier.notices.kinds import Channel
from verifier.settings import Settings


@dataclass(frozen=True)
class Tools:
    """The outside, behind its seams. `None`: this installation has none of it."""

    desk: str
    audience: str
    issuer: str
    rules: MessageRules
    account_digest: Callable[[str], str]
    replay_digest: Callable[[str], str]
    resolver: Resolver | None = None
    fetcher: Fetcher | None = None
    desk_keys: DeskKeys | None = None
    wallets: WalletVerifier | None = None

    def find_missing(self) -> frozenset[CheckMethod]:
        """The methods that cannot be offered here, beside codes."""
        needs = {
            CheckMethod.MESSAGE: self.resolver if self.rules.recipients else None,
            CheckMethod.DNS: self.resolver,
            CheckMethod.FILE: self.fetcher,
            CheckMethod.ATTESTATION: self.desk_keys,
            CheckMethod.SIGNATURE: self.wallets,
        }
        return frozenset(method for method, tool in needs.items() if tool is None)


def find_unreachable(channels: Collection[Channel]) -> frozenset[ContactKind]:
    """The contact points to which no code can be sent, because their channel has no sender here."""
    return frozenset(kind for kind, channel in CHANNEL_OF.items() if channel not in channels)


def choose_tools(
    settings: Settings, *, account_digest: Callable[[str], str], replay_digest: Callable[[str], str]
) -> Tools:
    """Raises: ConfigurationError"""
    resolver = _choose_resolver(settings)
    return Tools(
        desk=settings.desk_name,
        audience=settings.public_url,
        issuer=settings.attestation_issuer,
        rules=MessageRules(
            forwarders=frozenset(settings.message_forwarders), recipients=frozenset(settings.message_recipients)
        ),
        account_digest=account_digest,
        replay_digest=replay_digest,
        resolver=resolver,
        fetcher=_choose_fetcher(settings, resolver),
        desk_keys=_choose_keys(settings, resolver),
        wallets=_choose_wallets(settings),
    )


def _choose_resolver(settings: Settings) -> DnsResolver | None:
    if settings.dns_servers:
        return DnsResolver([parse_name_server(server) for server in settings.dns_servers])
    try:
        return DnsResolver()
    except ConfigurationError:
        return None  # this machine has no name server: what needs one is not offered


def _choose_fetcher(settings: Settings, resolver: DnsResolver | None) -> Fetcher | None:
    if resolver is None:
        return None
    if settings.loopback_files_port is None:
        return HttpsFetcher(PublicRoute(resolver))  # the double's authority is never trusted for anybody else
    double = LoopbackDouble(settings, port=settings.loopback_files_port)
    return HttpsFetcher(double, trusted=settings.loopback_files_ca)


def _choose_keys(settings: Settings, resolver: DnsResolver | None) -> DeskKeys | None:
    _verify_attestation(settings)
    if settings.attestation_keys_file is not None:
        return load_pinned_keys(settings.attestation_keys_file)
    if settings.attestation_keys_url and resolver is not None:
        # Named by the operator, so it may lie in their own network.
        fetcher = HttpsFetcher(NamedRoute(resolver), trusted=settings.attestation_keys_ca)
        return FetchedKeys(settings.attestation_keys_url, fetcher)
    return None


def _verify_attestation(settings: Settings) -> None:
    has_keys = settings.attestation_keys_file is not None or bool(settings.attestation_keys_url)
    if settings.attestation_keys_file is not None and settings.attestation_keys_url:
        raise ConfigurationError(
            "VERIFIER_ATTESTATION_KEYS_FILE and VERIFIER_ATTESTATION_KEYS_URL are both set. Keep one: pinned keys, or "
            "those that the desk publishes."
        )
    if has_keys != bool(settings.attestation_issuer):
        raise ConfigurationError(
            "VERIFIER_ATTESTATION_ISSUER and the desk's keys (VERIFIER_ATTESTATION_KEYS_FILE or _URL) go together. "
            "Set both, or none."
        )


def _choose_wallets(settings: Settings) -> WalletVerifier | None:
    return PersonalSignWallets() if settings.wallet_signatures else None
