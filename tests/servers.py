"""Private servers on free ports in a temporary folder: MariaDB, Redis, and the shop itself.

    with temporary_folder() as folder, mariadb(folder=folder) as database, redis(folder=folder) as cache:
        with shop(env=production_like(database=database, cache=cache, folder=folder), workers=3) as running:
            running.web.workers()        # pids, for those who come to kill
            running.worker.kill()        # SIGKILL, with everything it started
            running.worker.start()

    python -m tests.servers -- COMMAND …      runs COMMAND with DATABASE_URL and REDIS_URL of fresh servers

Nothing here touches a server that was there before, and nothing stays behind.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from deploy.processes import Child, StartFailed, free_port, stop_all

ROOT = Path(__file__).resolve().parent.parent
APPLICATION = "shop.wsgi:application"
PROGRAMS = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # where Debian keeps servers is not on everybody's PATH


@dataclass(frozen=True, kw_only=True)
class Database:
    """A private MariaDB. `url` is what DATABASE_URL wants; its user may create other databases."""

    process: Child
    port: int
    socket: Path
    url: str


@dataclass(frozen=True, kw_only=True)
class Cache:
    """A private Redis. `url` is what REDIS_URL wants."""

    process: Child
    port: int
    url: str


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A running shop: gunicorn, Celery workers and Celery beat, each a process that can be killed and started again."""

    url: str
    env: Mapping[str, str]
    web: Child
    worker: Child
    beat: Child
    # The sandbox provider's own worker: it posts its webhooks whatever becomes of the shop.
    provider: Child

    def manage(self, *arguments: str) -> str:
        """What `manage.py` prints when called with the environment of this shop."""
        return manage(*arguments, env=self.env)

    def wait_until_ready(self, *, seconds: float = 60) -> None:
        """:raises StartFailed: if the web server ends or does not answer in time"""
        self.web.wait_until(lambda: _answers(f"{self.url}/readyz"), seconds=seconds)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    # In /tmp whatever TMPDIR says: the path of a socket may not be longer than 107 characters.
    with tempfile.TemporaryDirectory(prefix="tahan-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def mariadb(*, folder: Path, options: Sequence[str] = ()) -> Iterator[Database]:
    """A MariaDB with the settings of `deploy/mariadb.cnf`, a folder and a port of its own, user and password `dev`.

    `options` come last and win: `("--innodb-flush-log-at-trx-commit=0",)`.
    :raises StartFailed: if it cannot be set up or does not answer
    """
    data = folder / "mariadb"
    as_user = ["--user=root"] if os.geteuid() == 0 else []
    if not data.exists():
        _install_mariadb(data=data, as_user=as_user)
    grants = folder / "grants.sql"
    grants.write_text(
        "CREATE USER IF NOT EXISTS 'dev'@'%' IDENTIFIED BY 'dev';\n"
        "GRANT ALL ON *.* TO 'dev'@'%';\n"
        "CREATE DATABASE IF NOT EXISTS tahan;\n"
    )
    port, place = free_port(), folder / "mariadb.sock"
    command = [_program("mariadbd"), f"--defaults-file={ROOT / 'deploy' / 'mariadb.cnf'}", *as_user]
    command += [f"--datadir={data}", f"--socket={place}", f"--pid-file={folder / 'mariadb.pid'}", f"--port={port}"]
    command += ["--bind-address=127.0.0.1", f"--tmpdir={folder}", f"--init-file={grants}", *options]
    process = Child(name="MariaDB", command=command, log=folder / "mariadb.log", folder=folder)
    try:
        process.start()
        process.wait_until(lambda: _greets(port=port), seconds=60)
        yield Database(process=process, port=port, socket=place, url=f"mysql://dev:dev@127.0.0.1:{port}/tahan")
    finally:
        process.stop(seconds=30)


@contextmanager
def redis(*, folder: Path) -> Iterator[Cache]:
    """A Redis with the settings of `deploy/redis.conf` and a port of its own.

    :raises StartFailed: if it does not answer
    """
    port = free_port()
    command = [_program("redis-server"), str(ROOT / "deploy" / "redis.conf"), "--port", str(port)]
    command += ["--bind", "127.0.0.1", "--dir", str(folder)]
    process = Child(name="Redis", command=command, log=folder / "redis.log", folder=folder)
    try:
        process.start()
        process.wait_until(lambda: _pongs(port=port), seconds=20)
        yield Cache(process=process, port=port, url=f"redis://127.0.0.1:{port}/0")
    finally:
        process.stop()


def production_like(*, database: Database, cache: Cache, folder: Path) -> dict[str, str]:
    """The environment of a shop on real servers, with secrets that are none and e-mails kept as files."""
    return {
        "DEMO": "0",
        "SECRET_KEY": "only-for-a-private-server-in-a-temporary-folder-0123456789",
        "PAYMENT_GATEWAYS": "sandbox",
        "SANDBOX_SIGNING_KEY": "only-for-a-private-server-too-0123456789",
        "DATABASE_URL": database.url,
        "REDIS_URL": cache.url,
        "CELERY_BROKER_URL": f"redis://127.0.0.1:{cache.port}/1",
        "EMAIL_URL": f"filemail:///{folder / 'mail'}",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SECURE_SSL": "0",
        "VAR_DIR": str(folder / "var"),
    }


@contextmanager
def shop(
    *,
    env: Mapping[str, str],
    workers: int = 2,
    threads: int = 8,
    seed: bool = True,
    application: str = APPLICATION,
) -> Iterator[Shop]:
    """The shop with `env`, migrated, its static files collected, with the demo goods unless `seed` is False.

    SITE_URL is the address that was chosen. Logs go to VAR_DIR/log.
    :raises StartFailed: if a part of it does not start
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # A test run has settings of its own in the environment; the shop it starts is a real one.
    full = {**os.environ, "DJANGO_SETTINGS_MODULE": "shop.settings", "SITE_URL": url, "PYTHONUNBUFFERED": "1", **env}
    var = Path(full["VAR_DIR"])
    var.mkdir(parents=True, exist_ok=True)
    manage("migrate", "--verbosity", "0", env=full)
    manage("collectstatic", "--noinput", "--verbosity", "0", env=full)
    if seed:
        manage("seed", "--anyway", env=full)

    def part(name: str, module: str, *arguments: str) -> Child:
        command = [sys.executable, "-m", module, *arguments]
        return Child(name=name, command=command, log=var / "log" / f"{name}.log", folder=ROOT, env=full)

    celery, says = ["celery", "--app", "shop"], ["--loglevel", "INFO"]
    gunicorn = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--no-control-socket"]
    gunicorn += ["--workers", str(workers), "--threads", str(threads), "--backlog", "2048"]
    running = Shop(
        url=url,
        env=full,
        web=part("web", "gunicorn", application, *gunicorn),
        worker=part("worker", *celery, "worker", "--concurrency", "2", "--hostname", "worker@%h", *says),
        beat=part("beat", *celery, "beat", "--pidfile", "", *says),
        provider=part("provider", *celery, "worker", "-c", "1", "-Q", "sandbox", "--hostname", "provider@%h", *says),
    )
    try:
        for child in (running.web, running.worker, running.beat, running.provider):
            child.start()
        running.wait_until_ready()
        yield running
    finally:
        stop_all([running.beat, running.worker, running.provider, running.web], seconds=15)


def manage(*arguments: str, env: Mapping[str, str]) -> str:
    """What `manage.py` prints.

    :raises StartFailed: if it fails; the message carries its output
    """
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(env), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise StartFailed(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main(arguments: list[str]) -> int:
    """Run a command beside a fresh MariaDB and Redis; its exit code."""
    if arguments[:1] != ["--"] or len(arguments) < 2:
        print(__doc__)
        return 2
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    try:
        with temporary_folder() as folder, mariadb(folder=folder) as database, redis(folder=folder) as cache:
            (folder / "var").mkdir()
            env = {"DATABASE_URL": database.url, "REDIS_URL": cache.url, "VAR_DIR": str(folder / "var")}
            return _run_beside(arguments[1:], env={**os.environ, **env})
    except StartFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run_beside(command: list[str], *, env: dict[str, str]) -> int:
    process = subprocess.Popen(command, env=env)
    try:
        return process.wait()
    except KeyboardInterrupt:
        # A Ctrl-C reached the command as well; a SIGTERM reached only us. Let it tidy up before its servers go.
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(timeout=20)
        raise
    finally:
        process.kill()
        process.wait()


def _install_mariadb(*, data: Path, as_user: list[str]) -> None:
    command = [_program("mariadb-install-db"), "--no-defaults", *as_user, f"--datadir={data}", "--skip-test-db"]
    command += ["--auth-root-authentication-method=normal", "--skip-name-resolve"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": PROGRAMS})
    if done.returncode:
        raise StartFailed(f"MariaDB could not make its folder:\n{done.stdout}{done.stderr}")


def _program(name: str) -> str:
    path = shutil.which(name, path=PROGRAMS)
    if path is None:
        raise StartFailed(f"{name} is not installed. `make test` installs it, or says how.")
    return path


def _greets(*, port: int) -> bool:
    """Whether MariaDB speaks: it sends the first word, and only when it can answer."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        return len(line.recv(5)) == 5
    return False


def _pongs(*, port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        line.sendall(b"PING\r\n")
        return line.recv(7) == b"+PONG\r\n"
    return False


def _answers(url: str) -> bool:
    with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
