"""Money is integer minor units with an ISO code; this is how it is written for people."""

# The smallest unit that the shop counts in. ISO 4217 gives the rupiah two decimals, but the sen has not circulated
# for decades and no price is quoted in it; providers that count two are served in their own adapter.
DECIMALS = {"IDR": 0, "USD": 2}
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
