"""Amounts of money as people write them: "1.234,56 €", "1,234.56 EUR", "CZK 1 234,56" become "1234.56 EUR".

Guarantees: one amount has one normal form, which parses to itself; what two readers could read as two amounts is
refused, never guessed. Numbers are decimals, never binary fractions.
"""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from verifier.proofs.detail_faults import DetailFault, WrongDetailError

# ISO 4217, list one (funds and metals left out), by the number of their decimals.
_TWO: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
    "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
# What desks of wallets and exchanges are asked about; ISO 4217 has no codes for them.
_LEDGERS: Final[Mapping[str, int]] = {
    "BTC": 8, "BCH": 8, "LTC": 8, "DOGE": 8, "ETH": 18, "BNB": 18, "DAI": 18, "SOL": 9, "TRX": 6, "USDC": 6, "USDT": 6,
    "XRP": 6, "ADA": 6,
}  # fmt: skip
CURRENCIES: Final[Mapping[str, int]] = (
    dict.fromkeys(_TWO.split(), 2) | dict.fromkeys(_NONE.split(), 0) | dict.fromkeys(_THREE.split(), 3) | dict(_LEDGERS)
)
"""How many decimals each currency has. Those of ledgers are written without zeros at their end."""

_SYMBOLS: Final[Mapping[str, str]] = {
    "€": "EUR", "£": "GBP", "KČ": "CZK", "ZŁ": "PLN", "₽": "RUB", "₴": "UAH", "₿": "BTC", "₮": "USDT"
}  # fmt: skip
"""Signs that mean one currency. `$` and `kr` mean many."""

_MOST_DIGITS: Final = 24
_PARTS: Final = re.compile(r"([^\d\s.,'’+-]*)\s*([\d][\d\s.,'’]*?)\s*([^\d\s.,'’+-]*)")
_PLAIN: Final = re.compile(r"\d+")
_GROUPED: Final = re.compile(r"\d{1,3}(?P<mark>[ .,'])\d{3}(?:(?P=mark)\d{3})*")


def parse_amount(text: str) -> str:
    """The number, a space, the code of its currency: "1234.56 EUR". More than nothing.

    Raises:
        WrongDetailError
    """
    written = "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in text.strip())
    found = _PARTS.fullmatch(written)
    if found is None:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    before, number, after = found.groups()
    currency = _parse_currency(before, after)
    amount = _parse_number(re.sub(r"\s", " ", number).replace("’", "'"), decimals=CURRENCIES[currency])
    if not amount:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    return f"{_write(amount, currency)} {currency}"


def _parse_currency(before: str, after: str) -> str:
    if not (before or after):
        raise WrongDetailError(DetailFault.NO_CURRENCY)
    if before and after:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    said = (before or after).upper()
    code = _SYMBOLS.get(said, said)
    if code not in CURRENCIES:
        raise WrongDetailError(DetailFault.UNKNOWN_CURRENCY)
    return code


def _parse_number(text: str, *, decimals: int) -> Decimal:
    """Read digits with their marks: the last mark, where it stands once, may begin the decimals."""
    if sum(map(str.isdigit, text)) > _MOST_DIGITS:
        raise WrongDetailError(DetailFault.TOO_LONG)
    marks = re.sub(r"\d", "", text)
    if not marks:
        return Decimal(text)
    last = marks[-1]
    whole, _mark, tail = text.rpartition(last)
    ends_in_decimals = last in ".," and marks.count(last) == 1
    if ends_in_decimals and len(marks) == 1 and len(tail) == 3 and len(whole) <= 3 and whole.strip("0"):
        # "1.234" is twelve hundred or one and a bit. Where the currency has no third decimal it can only be the first.
        if decimals >= 3:
            raise WrongDetailError(DetailFault.UNCLEAR_NUMBER)
        ends_in_decimals = False
    if not ends_in_decimals:
        return Decimal(_ungroup(text))
    if len(tail.rstrip("0")) > decimals:
        raise WrongDetailError(DetailFault.TOO_MANY_DECIMALS)
    if not tail:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    return Decimal(f"{_ungroup(whole)}.{tail}")


def _ungroup(text: str) -> str:
    if _PLAIN.fullmatch(text) is not None:
        return text
    if _GROUPED.fullmatch(text) is None:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    return re.sub(r"\D", "", text)


def _write(amount: Decimal, currency: str) -> str:
    plain = f"{amount:.{CURRENCIES[currency]}f}"
    if currency in _LEDGERS:
        plain = plain.rstrip("0").rstrip(".")
    # "0.125 KWD" and "1.234 ETH" have three decimals and one mark: a further zero says that they are decimals.
    return plain + "0" if re.fullmatch(r"[1-9]\d*\.\d{3}", plain) else plain
