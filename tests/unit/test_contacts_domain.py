"""Control of a domain, seen in a real zone and on a real website."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.https_site import Authority, Site, answer, open_site
from tests.zone import Zone, open_zone
from verifier.contacts.domain import file_url, judge_dns, judge_file, record_name
from verifier.contacts.fetching import HttpsFetcher, parse_https_url
from verifier.contacts.points import parse_domain
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import DnsResolver
from verifier.contacts.routes import LoopbackDouble, PublicRoute
from verifier.contacts.verdict import Outcome, Verdict
from verifier.settings import Settings

DOMAIN = "shop.example"
# Constant, because they stand in the names of tests: workers that collect different names run none of them.
CHALLENGE = "verifier/v1/ver_pmdv4nuobnmeu2nuynngns64i4/hosting-change/ecm5wydbur25i3nkxg7dog625m"
OLDER = "verifier/v1/ver_w6yyx6prznrxmhya43irfldcri/hosting-change/qqzzvfgs42a5ftv2oqc6tlztrm"

CONFIRMED = Verdict(Outcome.CONFIRMED)
MISSING = Verdict(Outcome.UNCONFIRMED, (Reason.CHALLENGE_MISSING,))
DIFFERS = Verdict(Outcome.FAILED, (Reason.CHALLENGE_DIFFERS,))
NOT_TOLD = Verdict(Outcome.UNCONFIRMED, (Reason.LOOKUP_FAILED,))


@pytest.fixture(scope="module")
def zone_and_resolver() -> Iterator[tuple[Zone, DnsResolver]]:
    with open_zone() as (zone, server):
        yield zone, DnsResolver([server])


@pytest.fixture
def zone(zone_and_resolver: tuple[Zone, DnsResolver]) -> Zone:
    zone, _ = zone_and_resolver
    zone.text, zone.is_broken = "", False
    zone.asked.clear()
    return zone


@pytest.fixture
def resolver(zone_and_resolver: tuple[Zone, DnsResolver]) -> DnsResolver:
    return zone_and_resolver[1]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def site(authority: Authority) -> Iterator[Site]:
    with open_site(authority.issue(DOMAIN, parse_domain("bücher.example"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def fetcher(site: Site, authority: Authority) -> HttpsFetcher:
    return HttpsFetcher(LoopbackDouble(Settings(), port=site.port), trusted=authority.file)


def txt(*values: str, domain: str = DOMAIN) -> str:
    return "".join(f'_verifier-challenge.{domain}. 0 TXT "{value}"\n' for value in values)


def test_a_zone_that_shows_the_challenge_confirms(zone: Zone, resolver: DnsResolver) -> None:
    zone.text = txt(CHALLENGE)
    assert judge_dns(DOMAIN, CHALLENGE, resolver) == CONFIRMED
    assert zone.asked == [f"_verifier-challenge.{DOMAIN}. 16"]


def test_old_records_may_stand_beside_the_challenge(zone: Zone, resolver: DnsResolver) -> None:
    zone.text = txt("v=spf1 -all", OLDER, CHALLENGE)
    assert judge_dns(DOMAIN, CHALLENGE, resolver) == CONFIRMED


def test_a_challenge_in_several_strings_is_one(zone: Zone, resolver: DnsResolver) -> None:
    zone.text = f'_verifier-challenge.{DOMAIN}. 0 TXT "{CHALLENGE[:20]}" "{CHALLENGE[20:]}"\n'
    assert judge_dns(DOMAIN, CHALLENGE, resolver) == CONFIRMED


@pytest.mark.parametrize("value", [OLDER, CHALLENGE[:-1], CHALLENGE + "x", CHALLENGE.upper(), "=" + CHALLENGE, ""])
def test_a_zone_that_shows_something_else_differs(zone: Zone, resolver: DnsResolver, value: str) -> None:
    zone.text = txt(value)
    assert judge_dns(DOMAIN, CHALLENGE, resolver) == DIFFERS


def test_a_record_at_another_name_is_not_looked_at(zone: Zone, resolver: DnsResolver) -> None:
    zone.text = f'{DOMAIN}. 0 TXT "{CHALLENGE}"\n' + txt(CHALLENGE, domain="other.example")
    assert judge_dns(DOMAIN, CHALLENGE, resolver) == MISSING


def test_a_zone_that_does_not_answer_tells_nothing(zone: Zone, resolver: DnsResolver) -> None:
    zone.text, zone.is_broken = txt(CHALLENGE), True
    assert judge_dns(DOMAIN, CHALLENGE, resolver) == NOT_TOLD


def test_a_domain_in_any_script_is_looked_up_by_its_normal_form(zone: Zone, resolver: DnsResolver) -> None:
    domain = parse_domain("Bücher.Example")
    zone.text = txt(CHALLENGE, domain="xn--bcher-kva.example")
    assert judge_dns(domain, CHALLENGE, resolver) == CONFIRMED


def test_a_website_that_shows_the_challenge_confirms(site: Site, fetcher: HttpsFetcher) -> None:
    site.script = answer(CHALLENGE.encode())
    assert judge_file(DOMAIN, CHALLENGE, fetcher) == CONFIRMED
    assert site.heads[-1].startswith(b"GET /.well-known/verifier-challenge.txt HTTP/1.1\r\nHost: shop.example\r\n")


def test_a_website_in_any_script_is_reached_by_its_normal_form(site: Site, fetcher: HttpsFetcher) -> None:
    site.script = answer(CHALLENGE.encode())
    assert judge_file(parse_domain("Bücher.Example"), CHALLENGE, fetcher) == CONFIRMED
    assert b"Host: xn--bcher-kva.example\r\n" in site.heads[-1]


@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", "  {}\t\n\n"])
def test_the_ends_of_lines_that_editors_add_do_not_matter(site: Site, fetcher: HttpsFetcher, around: str) -> None:
    site.script = answer(around.format(CHALLENGE).encode())
    assert judge_file(DOMAIN, CHALLENGE, fetcher) == CONFIRMED


@pytest.mark.parametrize(
    "body",
    [
        OLDER.encode(),
        f"{CHALLENGE}\n{OLDER}".encode(),
        f"<p>{CHALLENGE}</p>".encode(),
        CHALLENGE.encode("utf-16"),
        b"\xef\xbb\xbf" + CHALLENGE.encode(),
        CHALLENGE.encode() + b"\0",
        CHALLENGE.encode() + b"\xc2\xa0",
        CHALLENGE.encode() + b" " * 4_096,
        b"\xff",
    ],
)
def test_a_file_that_holds_anything_else_differs(site: Site, fetcher: HttpsFetcher, body: bytes) -> None:
    site.script = answer(body)
    assert judge_file(DOMAIN, CHALLENGE, fetcher) == DIFFERS


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "206 Partial Content", "302 Found"])
def test_an_answer_that_is_no_file_is_a_missing_challenge(site: Site, fetcher: HttpsFetcher, status: str) -> None:
    site.script = answer(CHALLENGE.encode(), status=status, headers="Location: https://other.example/\r\n")
    assert judge_file(DOMAIN, CHALLENGE, fetcher) == MISSING


def test_an_empty_file_is_a_missing_challenge(site: Site, fetcher: HttpsFetcher) -> None:
    site.script = answer(b"\n")
    assert judge_file(DOMAIN, CHALLENGE, fetcher) == MISSING


def test_a_website_that_fails_tells_nothing(site: Site, fetcher: HttpsFetcher) -> None:
    site.script = answer(CHALLENGE.encode(), status="503 Busy")
    assert judge_file(DOMAIN, CHALLENGE, fetcher) == NOT_TOLD
    assert judge_file("other.example", CHALLENGE, fetcher) == NOT_TOLD  # its certificate is another's


def test_a_domain_that_leads_into_our_own_network_is_never_connected_to(
    zone: Zone, resolver: DnsResolver, site: Site, authority: Authority
) -> None:
    zone.text = f"{DOMAIN}. 0 A 127.0.0.1\n"
    site.script = answer(CHALLENGE.encode())
    before = len(site.heads)

    assert judge_file(DOMAIN, CHALLENGE, HttpsFetcher(PublicRoute(resolver), trusted=authority.file)) == NOT_TOLD

    assert len(site.heads) == before


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_but_the_challenge_confirms(site: Site, fetcher: HttpsFetcher, body: bytes) -> None:
    site.script = answer(body)
    assert judge_file(DOMAIN, CHALLENGE, fetcher) in {DIFFERS, MISSING}


@pytest.mark.parametrize("text", ["shop.example", "a.b.c.example", "xn--bcher-kva.example", "a" * 63 + ".example"])
def test_every_domain_in_normal_form_has_a_record_and_an_address(text: str) -> None:
    domain = parse_domain(text)
    assert record_name(domain) == f"_verifier-challenge.{domain}"
    assert parse_https_url(file_url(domain)) == (domain, 443, "/.well-known/verifier-challenge.txt")
