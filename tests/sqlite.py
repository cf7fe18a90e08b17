"""Run pytest on SQLite: `python -m tests.sqlite -k cart`. A selection that leaves nothing over is not a failure."""

import os
import subprocess
import sys

import pytest

from tests.servers import temporary_folder


def main(arguments: list[str]) -> int:
    with temporary_folder() as folder:
        servers = {"VAR_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/tahan.sqlite3", "REDIS_URL": ""}
        code = subprocess.run([sys.executable, "-m", "pytest", *arguments], env={**os.environ, **servers}).returncode
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
