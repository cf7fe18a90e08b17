"""A process of the crowd, in the environment of the shop: it does what lines of JSON on its standard input say.

    {"do": "load", "kind": "hold", "spec": {…}, "first": 0, "threads": 4, "callers": 8, "seconds": 1.0}
        answers {"ready": true}, waits for one more line, then works and answers what came of it
    {"do": "<name of a function of tests.benchmarks.inside>", …}
        answers what the function returns

It stays for the whole run, so that no cell waits for Python to start.
"""

import json
import os
import sys
import threading
import time
from collections import Counter
from typing import Any, TextIO

import django


def load(
    commands: TextIO,
    answers: TextIO,
    *,
    kind: str,
    spec: dict[str, Any],
    first: int,
    threads: int,
    callers: int,
    seconds: float,
) -> dict[str, Any]:
    """Let `threads` callers work for `seconds`, those numbered from `first` of all `callers`.

    Returns `outcomes` (name to count) and `spans` (start and end of every call that was granted or refused, seconds
    since the epoch).
    """
    from django.db import connections

    from tests.benchmarks.work import KINDS, Exhausted, arguments_of, describe

    gate = threading.Barrier(threads + 1)
    outcomes: Counter[str] = Counter()
    spans: list[tuple[float, float]] = []
    until = 0.0

    def call(number: int) -> None:
        own: Counter[str] = Counter()
        times: list[tuple[float, float]] = []
        once = None
        try:
            once = KINDS[kind](**arguments_of(spec, caller=number, callers=callers))
        except Exception as error:
            own[describe(error)] += 1
        gate.wait()
        gate.wait()
        while once is not None and (began := time.time()) < until:
            try:
                outcome = once()
            except Exhausted:
                break
            except Exception as error:
                outcome = describe(error)
            own[outcome] += 1
            times.append((began, time.time()))
        connections.close_all()
        outcomes.update(own)
        spans.extend(times)

    workers = [threading.Thread(target=call, args=(number,), daemon=True) for number in range(first, first + threads)]
    for worker in workers:
        worker.start()
    gate.wait()
    say(answers, {"ready": True})
    commands.readline()
    until = time.time() + seconds
    gate.wait()
    for worker in workers:
        worker.join()
    return {"outcomes": outcomes, "spans": spans}


def say(answers: TextIO, document: object) -> None:
    """One line for whoever started this process."""
    answers.write(json.dumps(document, default=str) + "\n")
    answers.flush()


def main() -> None:
    """Read commands until there are none."""
    # Whatever else this process prints shall not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    from tests.benchmarks import inside

    for line in sys.stdin:
        command = json.loads(line)
        name = command.pop("do")
        say(answers, load(sys.stdin, answers, **command) if name == "load" else getattr(inside, name)(**command))


if __name__ == "__main__":
    main()
