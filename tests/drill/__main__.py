"""The drill: sell out a shop under load, and prove that it stayed exact.

    make drill                                 500 shoppers, 100 units, servers of its own
    make drill SHOPPERS=60 STOCK=12 SEED=7     a smaller one, with another crowd
    make drill BASE_URL=http://127.0.0.1:8000  a shop that is running (DRILL_STAFF_EMAIL=, DRILL_STAFF_PASSWORD=)

Ends with 0 if every law held, 1 if one was broken, 2 if it was called wrongly. docs/drill.md explains everything.
"""

import asyncio
import signal
import sys
from types import FrameType

from deploy.processes import StartFailed
from tests.drill.options import BadOption, Options, read_options
from tests.drill.private import drill_private
from tests.drill.running import drill_running


def main() -> int:
    """Read the options, play, judge; the exit code."""
    try:
        options = read_options()
    except BadOption as refusal:
        print(refusal, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _stop)
    try:
        return 0 if asyncio.run(_play(options)) else 1
    except StartFailed as error:
        print(error, file=sys.stderr)
        return 1
    except TimeoutError:
        print(f"The drill was not over after DURATION={options.duration_seconds} seconds.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


async def _play(options: Options) -> bool:
    """Whether every law held.

    :raises TimeoutError: if it takes longer than it may
    """
    async with asyncio.timeout(options.duration_seconds):
        return await (drill_private(options) if options.is_private else drill_running(options))


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
