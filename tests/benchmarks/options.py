"""What the caller of the benchmarks may set."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tests.drill.options import read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run, described."""

    rounds: int = 5
    duration_seconds: int = 480
    cell_ms: int = 1000
    holds: int = 100_000
    products: int = 1000
    units: int = 30
    writes_docs: bool = False


def read_options(environ: Mapping[str, str] = os.environ) -> Options:
    """The options in `environ`; what is not set, or set to nothing, has its default.

    :raises BadOption: if a value is not a number or is out of range.
    """
    return Options(
        rounds=read_number(environ, "ROUNDS", default=5, least=1, most=20),
        duration_seconds=read_number(environ, "DURATION", default=480, least=60, most=3600),
        cell_ms=read_number(environ, "CELL_MS", default=1000, least=200, most=10_000),
        holds=read_number(environ, "HOLDS", default=100_000, least=1000, most=500_000),
        products=read_number(environ, "PRODUCTS", default=1000, least=1000, most=100_000),
        units=read_number(environ, "UNITS", default=30, least=1, most=500),
        writes_docs=read_number(environ, "DOCS", default=0, least=0, most=1) == 1,
    )
