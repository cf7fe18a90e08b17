"""The money soak: thousands of orders through a provider that misbehaves, and a proof that no money was lost.

    make soak                         2,000 orders, three worker kills, servers of its own
    make soak ORDERS=200 SEED=7       a smaller one, with another crowd
    make soak MINUTES=60              on a slow machine

Ends with 0 if every law held, 1 if one was broken, 2 if it was called wrongly. docs/soak.md explains everything.
"""

import sys

from tests.drill.command import run_command
from tests.soak.options import read_options
from tests.soak.play import soak


async def play() -> bool:
    """Whether every law held."""
    return await soak(read_options())


if __name__ == "__main__":
    sys.exit(run_command(play))
