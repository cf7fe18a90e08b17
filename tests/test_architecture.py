"""The import contracts hold, and each of them fails when it is broken: a contract that cannot fail guards nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("shop", "inventory", "orders", "accounts")

BAD_IMPORTS = {
    "inventory learns of orders": ("inventory/models.py", "import orders.models", "point down only"),
    "accounts learns of inventory": ("accounts/models.py", "import inventory.queries", "point down only"),
    "the catalogue learns of stock": ("shop/models.py", "import inventory.models", "point down only"),
    "a refusal learns of goods": ("shop/errors.py", "import shop.models", "point down only"),
    "a model calls a service": ("inventory/models.py", "import inventory.services", "Inside an app"),
    "a query calls a service": ("inventory/queries.py", "import inventory.services", "Inside an app"),
    "a service calls a door": ("inventory/services/__init__.py", "import inventory.tasks", "Inside an app"),
    "a door calls a door": ("orders/views.py", "import orders.tasks", "Inside an app"),
    "orders reach into stock": ("orders/services/cart.py", "import inventory.models", "Only inventory touches"),
    "the provider reads orders": ("orders/sandbox/models.py", "import orders.models", "is a stranger"),
    "the shop reads the provider": ("orders/gateways/sandbox.py", "import orders.sandbox.models", "over HTTP alone"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for app in APPS:
        shutil.copytree(ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([str(program), "--no-cache"], cwd=tree, capture_output=True, text=True)


def test_contracts_hold(tree: Path) -> None:
    done = _lint_imports(tree)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("path", "line", "contract"), BAD_IMPORTS.values(), ids=list(BAD_IMPORTS))
def test_contract_fails_on_a_bad_import(tree: Path, path: str, line: str, contract: str) -> None:
    with (tree / path).open("a") as module:
        module.write(f"\n{line}  # noqa\n")

    done = _lint_imports(tree)

    assert done.returncode == 1, done.stdout
    broken = [text for text in done.stdout.splitlines() if text.endswith(" BROKEN")]
    assert any(contract in text for text in broken), done.stdout
