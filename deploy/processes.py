"""Child processes that never outlive the one who started them. Standard library only."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2): the signal that the kernel sends to us when our parent is gone.


class StartFailed(Exception):
    """A process ended, or did not answer, before it was ready. The message carries the end of its log."""


class Child:
    """One process with its own log file, its own session, and everything it started itself.

    A Ctrl-C in the terminal does not reach it: its owner decides who stops when. When its owner dies by `kill -9`
    the kernel sends it a SIGTERM, so that no half of a shop stays behind. The owner must start it from its main thread.
    """

    def __init__(
        self, *, name: str, command: Sequence[str], log: Path, folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.folder = folder
        self.env = dict(os.environ if env is None else env)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started.")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return None if self._process is None else self._process.poll()

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    def workers(self) -> list[int]:
        """The pids of its direct children, oldest first: gunicorn's or Celery's workers."""
        with suppress(FileNotFoundError):
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        return []

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, for it and everything it started."""
        self._signal_group(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self, *, seconds: float = 10) -> None:
        """Ask it to end, wait, then insist. Safe to call twice, or when it has ended already."""
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            if self.is_alive:
                self._process.terminate()
            self._process.wait(timeout=seconds)
        self.kill()

    def tail(self, *, lines: int = 20) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float = 60) -> None:
        """Return as soon as `is_ready()` holds.

        :raises StartFailed: if the process ends first, or the time runs out.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            if not self.is_alive:
                raise StartFailed(f"{self.name} ended with {self.exit_code}. The end of its log:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} did not answer in {seconds:.0f} s. The end of its log:\n{self.tail()}")
            time.sleep(0.05)

    def _signal_group(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def stop_all(children: Sequence[Child], *, seconds: float = 10) -> None:
    """Ask all at once, then wait for each in turn: four slow goodbyes take as long as one."""
    for child in children:
        if child.is_alive:
            os.kill(child.pid, signal.SIGTERM)
    for child in children:
        child.stop(seconds=seconds)


def free_port(*, host: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(*, host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
