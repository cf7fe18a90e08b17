"""Write requirements.txt, requirements-mariadb.txt and requirements-dev.txt from pyproject.toml, with hashes.

    python -m deploy.lock [--upgrade]

The longest is resolved first and binds the others, so that one version of a package is tested and shipped. The files
hold names, versions and the public index's hashes; no address of an index and no path of the machine that made them.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = {
    "requirements-dev.txt": ["--extra", "mariadb", "--extra", "dev"],
    "requirements-mariadb.txt": ["--extra", "mariadb", "--constraint", "requirements-dev.txt"],
    "requirements.txt": ["--constraint", "requirements-dev.txt"],
}
COMMON = ["--generate-hashes", "--universal", "--python-version", "3.11", "--quiet", "--no-emit-index-url"]
COMMON += ["--no-emit-find-links", "--no-annotate", "--custom-compile-command", "make lock"]


def main() -> None:
    uv = Path(sys.executable).with_name("uv")
    for lock, extras in EXTRAS.items():
        command = [str(uv), "pip", "compile", "pyproject.toml", *COMMON, *extras, "--output-file", lock]
        if lock == "requirements-dev.txt":
            command += sys.argv[1:]
        subprocess.run(command, cwd=ROOT, check=True)
        print(f"{lock}: {(ROOT / lock).read_text().count('==')} packages")


if __name__ == "__main__":
    main()
