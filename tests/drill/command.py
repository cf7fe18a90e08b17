"""How a drill is run from the command line: its exit codes, and what is said instead of a traceback."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

from deploy.processes import StartFailed
from tests.drill.options import BadOption


def run_command(play: Callable[[], Coroutine[Any, Any, bool]]) -> int:
    """0 if `play` says that every law held, 1 if one was broken or it could not start, 2 if it was called wrongly."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        return 0 if asyncio.run(play()) else 1
    except BadOption as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except StartFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
