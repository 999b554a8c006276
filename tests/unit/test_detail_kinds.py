"""The formats of details: many spellings, one form; what two readers could read differently is refused."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.parts import DetailKind
from verifier.proofs.amounts import CURRENCIES
from verifier.proofs.detail_faults import DetailFault, WrongDetailError
from verifier.proofs.detail_kinds import LONGEST, is_same_detail, parse_detail

HASH = "ab" * 32
SOLANA = "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW"
SOLANA_KEY = "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T"
BITCOIN = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
SEGWIT = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
TAPROOT = "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"
TRON = "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"
ETHEREUM = "0x52908400098527886E0F7030069857D2E4169EE7"

PASTED = (
    'Delivered-To: someone@example.org\r\nFrom: "Novak, Jo" <Jo@Example.org>\r\nTo: a@example.org,\r\n'
    " Bob <b@example.org>\r\nSubject: my secret\r\nDate: Sun, 22 Nov 2026 14:05:11 +0100\r\n"
)
TYPED = "From: a@example.org\nTo: b@example.org\nDate: 22. 11. 2026\nTime: 9:05"

KEPT = {
    DetailKind.TRANSACTION_HASH: {
        HASH: HASH,
        "0x" + HASH.upper(): HASH,
        f"\ufeff {HASH}\r\n": HASH,
        SOLANA: SOLANA,
    },
    DetailKind.ADDRESS: {
        ETHEREUM: ETHEREUM.lower(),
        BITCOIN: BITCOIN,
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy": "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        SEGWIT: SEGWIT,
        SEGWIT.upper(): SEGWIT,
        TAPROOT: TAPROOT,
        TRON: TRON,
        SOLANA_KEY: SOLANA_KEY,
    },
    DetailKind.AMOUNT: {
        "1234.56 EUR": "1234.56 EUR",
        "1.234,56 €": "1234.56 EUR",
        "1,234.56 EUR": "1234.56 EUR",
        "CZK 1 234,56": "1234.56 CZK",
        "1\u202f234,56\u00a0Kč": "1234.56 CZK",
        "1'234.50 chf": "1234.50 CHF",
        "12.5USD": "12.50 USD",
        "1.234 EUR": "1234.00 EUR",
        "1,234 EUR": "1234.00 EUR",
        "1.234.567,8 RON": "1234567.80 RON",
        "1.234 JPY": "1234 JPY",
        "0,125 KWD": "0.125 KWD",
        "0.123 BTC": "0.123 BTC",
        "1.2340 btc": "1.2340 BTC",
        "100 ETH": "100 ETH",
        "٣٤,٥ EUR": "34.50 EUR",
    },
    DetailKind.PAYMENT_REFERENCE: {
        "0012345678": "12345678",
        "VS: 123": "123",
        "RF18 5390 0754 7034": "RF18539007547034",
        "rf18539007547034": "RF18539007547034",
    },
    DetailKind.EMAIL_HEADER: {
        PASTED: "From: jo@example.org\nTo: a@example.org, b@example.org\nDate: 2026-11-22\nTime: 13:05:11 UTC",
        TYPED: "From: a@example.org\nTo: b@example.org\nDate: 2026-11-22\nTime: 09:05:00",
        TYPED + " +0130": "From: a@example.org\nTo: b@example.org\nDate: 2026-11-22\nTime: 07:35:00 UTC",
    },
    DetailKind.DATE: {"2026-11-22": "2026-11-22", "22. 11. 2026": "2026-11-22", "2.1.2026": "2026-01-02"},
    DetailKind.TEXT: {"the shop’s name": "the shop’s name", " as typed  ": " as typed  ", "e\u0301": "e\u0301"},
}


@pytest.mark.parametrize(("kind", "text", "kept"), [(k, t, n) for k, cases in KEPT.items() for t, n in cases.items()])
def test_each_spelling_becomes_the_one_form_that_is_kept(kind: DetailKind, text: str, kept: str) -> None:
    assert parse_detail(kind, text) == kept
    assert parse_detail(kind, kept) == kept


def test_what_is_not_wanted_of_a_pasted_header_is_dropped() -> None:
    kept = parse_detail(DetailKind.EMAIL_HEADER, PASTED)
    assert "secret" not in kept
    assert "Novak" not in kept
    assert "someone" not in kept


REFUSED = [
    (DetailKind.TRANSACTION_HASH, HASH[:-1], DetailFault.NOT_THE_FORMAT),
    (DetailKind.TRANSACTION_HASH, "https://example.org/tx/" + HASH, DetailFault.NOT_THE_FORMAT),
    (DetailKind.TRANSACTION_HASH, SOLANA[:-4], DetailFault.NOT_THE_FORMAT),
    (DetailKind.TRANSACTION_HASH, HASH[:32] + "\n" + HASH[32:], DetailFault.CONTROL_CHARACTER),
    (DetailKind.ADDRESS, BITCOIN[:-1] + "3", DetailFault.CHECK_DIGITS),
    (DetailKind.ADDRESS, TRON[:-1] + "9", DetailFault.CHECK_DIGITS),
    (DetailKind.ADDRESS, SEGWIT[:-1] + "p", DetailFault.CHECK_DIGITS),
    (DetailKind.ADDRESS, SEGWIT.replace("a", "A"), DetailFault.NOT_THE_FORMAT),
    (DetailKind.ADDRESS, "jo.eth", DetailFault.NOT_THE_FORMAT),
    (DetailKind.ADDRESS, "jo@example.org", DetailFault.NOT_THE_FORMAT),
    (DetailKind.AMOUNT, "12", DetailFault.NO_CURRENCY),
    (DetailKind.AMOUNT, "$12", DetailFault.UNKNOWN_CURRENCY),
    (DetailKind.AMOUNT, "12 XXX", DetailFault.UNKNOWN_CURRENCY),
    (DetailKind.AMOUNT, "1,234 BTC", DetailFault.UNCLEAR_NUMBER),
    (DetailKind.AMOUNT, "1.234 KWD", DetailFault.UNCLEAR_NUMBER),
    (DetailKind.AMOUNT, "1.23456 EUR", DetailFault.TOO_MANY_DECIMALS),
    (DetailKind.AMOUNT, "1.5 JPY", DetailFault.TOO_MANY_DECIMALS),
    (DetailKind.AMOUNT, "1.23.4 EUR", DetailFault.NOT_THE_FORMAT),
    (DetailKind.AMOUNT, "12 34 EUR", DetailFault.NOT_THE_FORMAT),
    (DetailKind.AMOUNT, "-5 EUR", DetailFault.NOT_THE_FORMAT),
    (DetailKind.AMOUNT, "0,00 EUR", DetailFault.NOT_THE_FORMAT),
    (DetailKind.AMOUNT, "1e5 EUR", DetailFault.NOT_THE_FORMAT),
    (DetailKind.AMOUNT, "EUR 12 EUR", DetailFault.NOT_THE_FORMAT),
    (DetailKind.AMOUNT, "9" * 30 + " EUR", DetailFault.TOO_LONG),
    (DetailKind.PAYMENT_REFERENCE, "12345678901", DetailFault.NOT_THE_FORMAT),
    (DetailKind.PAYMENT_REFERENCE, "0", DetailFault.NOT_THE_FORMAT),
    (DetailKind.PAYMENT_REFERENCE, "INV-2026-1", DetailFault.NOT_THE_FORMAT),
    (DetailKind.PAYMENT_REFERENCE, "RF19 5390 0754 7034", DetailFault.CHECK_DIGITS),
    (DetailKind.EMAIL_HEADER, "it did not arrive", DetailFault.NOT_THE_FORMAT),
    (DetailKind.EMAIL_HEADER, "To: a@example.org", DetailFault.NO_SENDER),
    (DetailKind.EMAIL_HEADER, "From: a@example.org", DetailFault.NO_RECIPIENT),
    (DetailKind.EMAIL_HEADER, "From: a@example.org\nTo: b@example.org", DetailFault.NO_TIME),
    (DetailKind.EMAIL_HEADER, TYPED.replace("9:05", "25:05"), DetailFault.NO_TIME),
    (DetailKind.EMAIL_HEADER, "From: c@example.org\n" + TYPED, DetailFault.NOT_THE_FORMAT),
    (DetailKind.EMAIL_HEADER, TYPED.replace("a@", "c@example.org, a@"), DetailFault.NOT_THE_FORMAT),
    (DetailKind.EMAIL_HEADER, TYPED.replace("b@example.org", "b"), DetailFault.NOT_THE_FORMAT),
    (DetailKind.DATE, "11/22/2026", DetailFault.NOT_THE_FORMAT),
    (DetailKind.DATE, "yesterday", DetailFault.NOT_THE_FORMAT),
    (DetailKind.DATE, "2026-02-30", DetailFault.NO_SUCH_DATE),
    (DetailKind.DATE, "1066-10-14", DetailFault.NO_SUCH_DATE),
    (DetailKind.TEXT, "two\nlines", DetailFault.CONTROL_CHARACTER),
    (DetailKind.TEXT, "turned \u202eround", DetailFault.CONTROL_CHARACTER),
    (DetailKind.TEXT, "half \ud83d", DetailFault.CONTROL_CHARACTER),
]


@pytest.mark.parametrize(("kind", "text", "fault"), REFUSED)
def test_what_has_not_its_format_is_refused_with_what_is_wrong(kind: DetailKind, text: str, fault: DetailFault) -> None:
    with pytest.raises(WrongDetailError) as refused:
        parse_detail(kind, text)
    assert refused.value.fault is fault
    assert text not in str(refused.value)


@pytest.mark.parametrize("kind", DetailKind)
def test_every_kind_refuses_nothing_too_much_and_what_cannot_be_seen(kind: DetailKind) -> None:
    for text, fault in {
        "": DetailFault.EMPTY,
        " \u00a0": DetailFault.EMPTY,
        "1" * (LONGEST[kind] + 1): DetailFault.TOO_LONG,
        "1\x002": DetailFault.CONTROL_CHARACTER,
        "1\x1b2": DetailFault.CONTROL_CHARACTER,
        "1\u20282": DetailFault.CONTROL_CHARACTER,
    }.items():
        with pytest.raises(WrongDetailError) as refused:
            parse_detail(kind, text)
        assert refused.value.fault is fault


@given(kind=st.sampled_from(DetailKind), text=st.text(max_size=120))
def test_any_text_is_kept_in_a_stable_form_or_refused(kind: DetailKind, text: str) -> None:
    try:
        kept = parse_detail(kind, text)
    except WrongDetailError:
        return
    assert parse_detail(kind, kept) == kept
    assert is_same_detail(kind, text, kept)
    kept.encode()


_MARKS = st.sampled_from([("", "."), ("", ","), (",", "."), (".", ","), (" ", ","), ("'", "."), ("\u202f", ",")])


@given(cents=st.integers(1, 10**14), marks=_MARKS, before=st.booleans())
def test_an_amount_survives_every_way_of_writing_it(cents: int, marks: tuple[str, str], *, before: bool) -> None:
    groups, point = marks
    number = f"{cents // 100:,}".replace(",", groups) + point + f"{cents % 100:02}"
    text = f"EUR {number}" if before else f"{number} EUR"
    assert parse_detail(DetailKind.AMOUNT, text) == f"{cents // 100}.{cents % 100:02} EUR"


@given(units=st.integers(1, 10**20), currency=st.sampled_from(sorted(CURRENCIES)))
def test_an_amount_in_any_currency_has_a_form_of_its_own(units: int, currency: str) -> None:
    decimals = CURRENCIES[currency]
    whole, part = divmod(units, 10**decimals)
    text = f"{whole}.{part:0{decimals}}0 {currency}" if decimals else f"{whole} {currency}"
    kept = parse_detail(DetailKind.AMOUNT, text)
    assert parse_detail(DetailKind.AMOUNT, kept) == kept


def test_same_is_told_on_normal_forms_and_not_known_where_the_desk_has_another_format() -> None:
    assert is_same_detail(DetailKind.TRANSACTION_HASH, "0x" + HASH.upper(), HASH) is True
    assert is_same_detail(DetailKind.AMOUNT, "1.234,50 €", "1234.50 EUR") is True
    assert is_same_detail(DetailKind.AMOUNT, "1234.5 CZK", "1234.50 EUR") is False
    assert is_same_detail(DetailKind.TEXT, "CAFE\u0301  noir", "café noir") is True
    assert is_same_detail(DetailKind.DATE, "sometime in May", "2026-05-01") is None


@pytest.mark.cases
def test_naughty_strings_are_kept_exactly_or_refused_for_a_reason(cases_dir: Path) -> None:
    strings = json.loads((cases_dir / "naughty_strings" / "blns.json").read_text())
    faults = [_fault_of(text) for text in strings]
    assert set(faults) <= {None, DetailFault.EMPTY, DetailFault.TOO_LONG, DetailFault.CONTROL_CHARACTER}
    assert faults.count(None) > 400


def _fault_of(text: str) -> DetailFault | None:
    """What a short text is refused for; one that is kept is kept exactly."""
    try:
        assert parse_detail(DetailKind.TEXT, text) == text
    except WrongDetailError as refused:
        return refused.fault
    return None


def test_the_reference_page_says_what_is_done() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "details.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| `([^`]+)` \|$", page, re.MULTILINE)
    assert len(rows) >= 10
    for kind, taken, kept in rows:
        assert parse_detail(DetailKind(kind), taken) == kept
    assert all(f"**{kind}**" in page for kind in DetailKind)
