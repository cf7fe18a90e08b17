"""The whole shop from one command, for a look at it or for work on it: `make run`.

Installs what is missing, prepares the database in `var/`, starts web server, Celery workers and Celery beat, and stops
all of them together. Needs Python and nothing else: no root, no server, no compiler. Standard library only, because it
runs before anything is installed.
"""

import fcntl
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict, deque
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from deploy.install import LOCK, PYTHON, ROOT, VENV, NotInstallable, install
from deploy.processes import Child, StartFailed, stop_all

DEATHS_FORGIVEN = 3  # within a minute, for each process
DEMO_USERS = "admin@admin.com (staff), user1@user.com … user4@user.com; the password is password123"


class CannotRun(Exception):
    """The shop cannot start, or go on. The message says why and what to do."""


def main() -> None:
    signal.signal(signal.SIGTERM, _stop_like_ctrl_c)
    signal.signal(signal.SIGHUP, _stop_like_ctrl_c)
    host, var = os.environ.get("HOST") or "127.0.0.1", Path(os.environ.get("VAR_DIR") or ROOT / "var").absolute()
    try:
        port = _port()
        refuse_busy_port(host=host, port=port)
        with _only_one(var=var):
            install(lock=LOCK)
            environment = demo_environment(host=host, port=port, var=var)
            prepare(env=environment, var=var)
            serve(host=host, port=port, env=environment, var=var)
    except (CannotRun, NotInstallable, StartFailed) as error:
        sys.exit(f"\n{error}\n")
    except KeyboardInterrupt:
        with suppress(OSError):
            print("Stopped.", flush=True)


def demo_environment(*, host: str, port: int, var: Path) -> dict[str, str]:
    """The environment of every process of the demo; what the caller has set already wins."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    defaults = {"DEMO": "1", "SITE_URL": f"http://{shown}:{port}", "VAR_DIR": str(var), "PYTHONUNBUFFERED": "1"}
    return defaults | os.environ


def prepare(*, env: dict[str, str], var: Path) -> None:
    """Bring the database to today's shape and the demo goods into it. Repeating it changes nothing."""
    steps = {"Preparing the database": ["migrate", "--verbosity", "1"], "Filling the shelves": ["seed"]}
    for words, arguments in steps.items():
        print(f"{words} … ", end="", flush=True)
        began = time.monotonic()
        child = Child(
            name=f"manage.py {arguments[0]}",
            command=[str(PYTHON), "manage.py", *arguments],
            log=var / "log" / "setup.log",
            folder=ROOT,
            env=env,
        )
        child.start()
        try:
            while child.exit_code is None:
                time.sleep(0.05)
        finally:
            child.stop()
        if child.exit_code != 0:
            raise CannotRun(f"{child.name} failed. The end of {child.log}:\n\n{child.tail()}")
        print(f"{time.monotonic() - began:.1f} s", flush=True)


def serve(*, host: str, port: int, env: dict[str, str], var: Path) -> None:
    """Start the processes, say where the shop is, and keep them going until a Ctrl-C."""
    # Beat and worker say the same every second; LOG_LEVEL=INFO brings it back.
    quiet = {"LOG_LEVEL": "WARNING"} | env
    children = [_web(host=host, port=port, env=env, var=var), _beat(env=quiet, var=var)]
    children += [_worker("worker", queue="celery", concurrency=2, env=quiet, var=var)]
    children += [_worker("provider", queue="sandbox", concurrency=1, env=quiet, var=var)]
    try:
        for child in children:
            child.log.unlink(missing_ok=True)
            child.start()
        children[0].wait_until(lambda: _is_ready(host=host, port=port), seconds=60)
        _greet(env=env, var=var)
        _keep_going(children)
    finally:
        # A second Ctrl-C must not cut the clean stop short, and neither must a terminal that is gone.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with suppress(OSError):
            print("\nStopping …", flush=True)
        stop_all(children)


def _web(*, host: str, port: int, env: dict[str, str], var: Path) -> Child:
    # One worker: the demo's cache lives in the process. A colon means IPv6, which gunicorn wants in brackets.
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = [str(VENV / "bin" / "gunicorn"), "shop.wsgi:application", "--bind", address, "--no-control-socket"]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", "16", "--graceful-timeout", "5"]
    return Child(name="web", command=command, log=var / "log" / "web.log", folder=ROOT, env=env)


def _worker(name: str, *, queue: str, concurrency: int, env: dict[str, str], var: Path) -> Child:
    command = [str(VENV / "bin" / "celery"), "-A", "shop", "worker", "--pool", "threads", "--queues", queue]
    command += ["--hostname", f"{name}@%h", "--concurrency", str(concurrency)]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return Child(name=name, command=command, log=var / "log" / f"{name}.log", folder=ROOT, env=env)


def _beat(*, env: dict[str, str], var: Path) -> Child:
    command = [str(VENV / "bin" / "celery"), "-A", "shop", "beat", "--pidfile", ""]
    return Child(name="beat", command=command, log=var / "log" / "beat.log", folder=ROOT, env=env)


def _keep_going(children: list[Child]) -> None:
    """Start again what ends by itself; give up when it keeps ending.

    :raises CannotRun: at the third death of one process within a minute.
    """
    deaths: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=DEATHS_FORGIVEN))
    while True:
        time.sleep(0.5)
        for child in children:
            if child.is_alive:
                continue
            recent = deaths[child.name]
            recent.append(time.monotonic())
            if len(recent) == DEATHS_FORGIVEN and recent[-1] - recent[0] < 60:
                raise CannotRun(f"{child.name} keeps ending. The end of {child.log}:\n\n{child.tail()}")
            print(f"{child.name} ended with {child.exit_code}; starting it again (see {child.log}).", flush=True)
            child.kill()
            child.start()


def refuse_busy_port(*, host: str, port: int) -> None:
    """:raises CannotRun: if we could not listen there."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As gunicorn does: a port that the last run left a minute ago is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        raise CannotRun(
            f"The shop cannot listen on {host}:{port} ({error}).\n"
            "Stop what is using it, or choose another place:\n\n  make run PORT=8001"
        ) from error


def _port() -> int:
    wanted = os.environ.get("PORT") or "8000"
    if not wanted.isdigit() or not 0 < int(wanted) < 65536:
        raise CannotRun(f"PORT must be a number from 1 to 65535, not {wanted!r}:\n\n  make run PORT=8001")
    return int(wanted)


def _only_one(*, var: Path) -> TextIO:
    """A lock on `var/` for as long as the file is open; the kernel lets go of it however we end.

    :raises CannotRun: if a shop runs on this folder already.
    """
    var.mkdir(parents=True, exist_ok=True)
    lock = (var / "run.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        raise CannotRun(f"A shop runs on {var} already (process {lock.read() or '?'}). Stop it first.") from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _is_ready(*, host: str, port: int) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    address = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _greet(*, env: dict[str, str], var: Path) -> None:
    print(
        f"\n  Tahan is open:  {env['SITE_URL']}/"
        f"\n  Staff:          {env['SITE_URL']}/admin/"
        f"\n  Demo users:     {DEMO_USERS}"
        f"\n  Data and logs:  {var}  (delete it to begin anew)"
        f"{_warning(host=env.get('HOST', ''))}"
        "\n\n  Ctrl-C stops it.\n",
        flush=True,
    )


def _warning(*, host: str) -> str:
    """A line for whoever opens the demo to the network: its staff password is printed above and known to everybody."""
    if host in ("", "127.0.0.1", "localhost", "::1"):
        return ""
    return f"\n  Open to others: it listens on {host}; whoever reaches it knows the staff password above"


def _stop_like_ctrl_c(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
