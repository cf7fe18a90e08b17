"""Money is integer minor units with an ISO code; this is how it is written for people."""

from collections.abc import Iterable

# The smallest unit that the shop counts in. ISO 4217 gives the rupiah two decimals, but the sen has not circulated
# for decades and no price is quoted in it; providers that count two are served in their own adapter.
DECIMALS = {"IDR": 0, "USD": 2}
# No single amount that anybody types is above this; sums of them stay within what the database can hold.
MAX_MINOR = 10**12
NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"


def format_money(amount_minor: int, currency: str) -> str:
    """`1249000, "IDR"` becomes "Rp 1.249.000" (no-break space), `7990, "USD"` becomes "$79.90".

    An amount in a currency that the shop does not sell in (a provider may report one) is shown as it is counted:
    "500 EUR (minor units)".
    """
    decimals = DECIMALS.get(currency)
    if decimals is None:
        return f"{amount_minor} {currency} (minor units)"
    sign = MINUS if amount_minor < 0 else ""
    whole, rest = divmod(abs(amount_minor), 10**decimals)
    grouped = f"{whole:,}"
    if currency == "IDR":
        return f"{sign}Rp{NO_BREAK_SPACE}{grouped.replace(',', '.')}"
    return f"{sign}${grouped}.{rest:0{decimals}d}"


def format_rate(rate_bp: int) -> str:
    """Basis points as people say them: 1100 is "11 %", 825 is "8.25 %" (no-break space)."""
    whole, rest = divmod(rate_bp, 100)
    decimals = f".{rest:02}".rstrip("0") if rest else ""
    return f"{whole}{decimals}{NO_BREAK_SPACE}%"


def tax_words(rates_bp: Iterable[int], *, name: str) -> str:
    """The name of the tax with its rate, "PPN 11 %", where everything is taxed at one; else the name alone."""
    rates = {rate for rate in rates_bp if rate}
    return f"{name} {format_rate(rates.pop())}" if len(rates) == 1 else name
