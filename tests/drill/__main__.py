"""The drill: sell out a shop under load, and prove that it stayed exact.

    make drill                                 500 shoppers, 100 units, servers of its own
    make drill SHOPPERS=60 STOCK=12 SEED=7     a smaller one, with another crowd
    make drill BASE_URL=http://127.0.0.1:8000  a shop that is running (DRILL_STAFF_EMAIL=, DRILL_STAFF_PASSWORD=)

Ends with 0 if every law held, 1 if one was broken, 2 if it was called wrongly. docs/drill.md explains everything.
"""

import asyncio
import sys

from deploy.processes import StartFailed
from tests.drill.command import run_command
from tests.drill.options import read_options
from tests.drill.private import drill_private
from tests.drill.running import drill_running


async def play() -> bool:
    """Whether every law held.

    :raises StartFailed: if it takes longer than it may
    """
    options = read_options()
    try:
        async with asyncio.timeout(options.duration_seconds):
            return await (drill_private(options) if options.is_private else drill_running(options))
    except TimeoutError as error:
        raise StartFailed(f"The drill was not over after DURATION={options.duration_seconds} seconds.") from error


if __name__ == "__main__":
    sys.exit(run_command(play))
