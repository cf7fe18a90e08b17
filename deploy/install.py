"""Make `.venv` hold exactly what a lock file names; for the tests, also what they need from the system.

    python3 -m deploy.install requirements.txt          # the demo: no root, no compiler
    python3 -m deploy.install requirements-dev.txt      # everything; asks apt for servers, browser and headers

Runs on the system's Python, before anything is installed: standard library only.
"""

import hashlib
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK, DEV_LOCK = "requirements.txt", "requirements-dev.txt"
LOCKS = (LOCK, "requirements-mariadb.txt", DEV_LOCK)
POLICY = Path("/usr/sbin/policy-rc.d")


class NotInstallable(Exception):
    """Something is missing that we may not, or cannot, install. The message says what to do."""


def main() -> None:
    try:
        (lock,) = sys.argv[1:]
        if lock == DEV_LOCK:
            install_system_packages()
        install(lock=lock)
    except NotInstallable as error:
        sys.exit(f"\n{error}\n")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next start goes on from here.")


def install(*, lock: str) -> None:
    """Bring `.venv` to what `lock` names. Takes no time when it is there already."""
    if is_installed(lock=lock):
        return
    _make_venv()
    _stamp().unlink(missing_ok=True)
    _pip_install(lock=lock)
    # The longer lock holds the shorter ones line by line, so it answers for them too.
    covered = LOCKS if lock == DEV_LOCK else (lock,)
    _stamp().write_text("".join(f"{name} {_fingerprint(lock=name)}\n" for name in covered))


def is_installed(*, lock: str) -> bool:
    try:
        return f"{lock} {_fingerprint(lock=lock)}" in _stamp().read_text().splitlines() and PYTHON.exists()
    except FileNotFoundError:
        return False


def install_system_packages() -> None:
    """Install what the tests need from Debian, as root; as anybody else, say what is missing.

    :raises NotInstallable: if something is missing and we are not root, or there is no apt.
    """
    missing = missing_packages()
    if not missing:
        return
    command = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NotInstallable(f"The tests need these Debian packages. Install them, then try again:\n\n  sudo {command}")
    print(f"Installing {len(missing)} Debian packages for the tests: {', '.join(missing)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        for step in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *missing]):
            if subprocess.run(["apt-get", *step], env=environment, stdin=subprocess.DEVNULL).returncode:
                raise NotInstallable(f"apt-get {step[0]} failed (see above). Mend that, then run:\n\n  {command}")


def missing_packages() -> list[str]:
    """Names of the Debian packages that the tests need and this machine has not got."""
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    has_font = any(Path("/usr/share/fonts/truetype").glob("*/*.ttf")) if Path("/usr/share/fonts").exists() else False
    present = {
        "python3-venv": _can_make_venv(),
        "python3-dev": headers.exists(),
        "gcc": _has_program("gcc"),
        "libc6-dev": Path("/usr/include/stdio.h").exists(),
        "pkg-config": _has_program("pkg-config"),
        "libmariadb-dev": _has_program("mariadb_config"),
        "mariadb-server-core": _has_program("mariadbd") and _has_program("mariadb-install-db"),
        "mariadb-client-core": _has_program("my_print_defaults"),
        "redis-server": _has_program("redis-server"),
        "chromium": _has_program("chromium"),
        "fonts-dejavu-core": has_font,
    }
    return [name for name, is_present in present.items() if not is_present]


def _has_program(name: str) -> bool:
    # Debian keeps servers in /usr/sbin, which is not on everybody's PATH.
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _can_make_venv() -> bool:
    importlib.invalidate_caches()  # apt may have brought it a moment ago
    return importlib.util.find_spec("ensurepip") is not None


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep apt from starting the servers it installs: the tests start their own, and nobody asked for more."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _make_venv() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this runs on whatever Python the machine has
        raise NotInstallable(f"Python 3.11 or later is needed; this is {sys.version.split()[0]}.")
    if PYTHON.exists() and subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return
    if not _can_make_venv():
        raise NotInstallable("Python cannot make a virtual environment here. Run:\n\n  sudo apt install python3-venv")
    print("Making .venv", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)


def _pip_install(*, lock: str) -> None:
    """Install by plain pip, hashes required, with one line of progress instead of pip's hundreds."""
    total = sum("==" in line and not line.startswith((" ", "#")) for line in (ROOT / lock).read_text().splitlines())
    # The lock names everything, so pip need not resolve: an extra ("coverage[toml]") has no line of its own, and as
    # soon as a newer release appears, pip looks at that one and misses its hash.
    options = ["--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check"]
    command = [str(PYTHON), "-m", "pip", "install", *options]
    began, found, log = time.monotonic(), 0, []
    process = subprocess.Popen(
        [*command, "-r", lock], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    with process, _progress() as show:
        for line in process.stdout:
            log.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                found += 1
                show(f"Installing {lock}: {found} of about {total} packages, {line.partition(' (')[0].split()[-1]}")
            elif line.startswith("Installing collected packages"):
                show(f"Installing {lock}: unpacking {found} packages")
    if process.returncode:
        raise NotInstallable(f"pip could not install {lock}:\n\n{''.join(log[-15:])}")
    print(f"Installed {lock} in {time.monotonic() - began:.0f} s", flush=True)


@contextmanager
def _progress() -> Iterator:
    """A function that shows a line: over the last one in a terminal, now and then in a file."""
    is_terminal = sys.stdout.isatty()
    shown_at = 0.0

    def show(text: str) -> None:
        nonlocal shown_at
        if is_terminal:
            print(f"\r\033[K{text[:100]}", end="", flush=True)
        elif time.monotonic() - shown_at > 5:
            print(text, flush=True)
            shown_at = time.monotonic()

    try:
        yield show
    finally:
        if is_terminal:
            print("\r\033[K", end="", flush=True)


def _stamp() -> Path:
    return VENV / "installed.txt"


def _fingerprint(*, lock: str) -> str:
    # .venv breaks when the folder moves or Python changes, so both are part of what was installed.
    return hashlib.sha256((ROOT / lock).read_bytes() + f"{ROOT} {sys.version}".encode()).hexdigest()


if __name__ == "__main__":
    main()
