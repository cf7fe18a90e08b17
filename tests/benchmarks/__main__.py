"""The benchmarks: how fast the shop is, as ratios to what the same machine can do at best in the same run.

    make bench                            five rounds of one second a cell, servers of its own, about eight minutes
    make bench ROUNDS=1 HOLDS=1000        a quick look
    make bench PRODUCTS=100000            with a shelf of 100,000 products beside the one of 1,000
    make bench DOCS=1                     and write the tables into docs/benchmarks.md

Ends with 0 if the books were exact afterwards, 1 if not, 2 if it was called wrongly. A missed goal is a figure, not a
failure. docs/benchmarks.md explains everything.
"""

import sys

from tests.benchmarks.options import read_options
from tests.benchmarks.play import bench
from tests.drill.command import run_command


async def play() -> bool:
    """Whether the books were exact afterwards."""
    return await bench(read_options())


if __name__ == "__main__":
    sys.exit(run_command(play))
