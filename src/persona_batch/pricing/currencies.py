"""The currencies that there are (ISO 4217), and what people write for some."""

from persona_batch.wording import nearest

_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG "
    "QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD "
    "TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset(_CODES.split())
_COMMON = {"¥": "CNY", "￥": "CNY", "元": "CNY", "人民币": "CNY", "RMB": "CNY", "CNH": "CNY"} | {
    "$": "USD",
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
}


def currency(written: str) -> str:
    """Return a currency's code as written.

    Raises:
        ValueError: it is none.
    """
    if written in CURRENCIES:
        return written
    meant = _COMMON.get(written.strip().upper()) or nearest(written, CURRENCIES, 0.6)
    hint = f"did you mean `{meant}`?" if meant else "expected three letters such as CNY, USD, EUR"
    raise ValueError(f"found {written!r}, which is no currency; {hint}")
