"""What the caller of the soak may set."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tests.drill.options import read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One soak, described."""

    orders: int = 2000
    seed: int = 1212
    minutes: int = 30
    shoppers: int = 24


def read_options(environ: Mapping[str, str] = os.environ) -> Options:
    """The options in `environ`; what is not set, or set to nothing, has its default.

    :raises BadOption: if a value is not a number or is out of range.
    """
    return Options(
        orders=read_number(environ, "ORDERS", default=2000, least=20, most=20_000),
        seed=read_number(environ, "SEED", default=1212, least=0, most=2**31),
        minutes=read_number(environ, "MINUTES", default=30, least=2, most=120),
        shoppers=read_number(environ, "SHOPPERS", default=24, least=1, most=64),
    )
