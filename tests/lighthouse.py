"""Lighthouse on a phone: `make lighthouse` (RUNS=5, DOCS=1 writes docs/benchmarks.md). For maintainers: it needs npm.

Starts a shop of its own on real servers, with the demo's goods, its static files under hashed names, compressed as the
proxy in front of it would. Asks every page once so that it is warm, and lets Lighthouse look at each of them several
times, one at a time. The median counts.
Ends with 1 if a median misses its goal.
"""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.servers import ROOT, Shop, mariadb, production_like, redis, shop, temporary_folder

TOOLS = ROOT / "tools" / "quality"
PROGRAM = TOOLS / "node_modules" / ".bin" / "lighthouse"
PAGE = ROOT / "docs" / "benchmarks.md"
CHROME = "/usr/bin/chromium"
PAGES = {
    "home": "/",
    "listing": "/c/shoes/",
    "product": "/p/lilac-runner/?sku=RUN-LIL-42",
    "cart": "/cart/",
}
RUNS = 5
SECONDS = 120
HOLD = """
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from orders import services
from shop.models import Variant
cart = services.open_cart(user=AnonymousUser())
variant = Variant.objects.get(sku="RUN-LIL-42")
services.add_to_cart(cart_id=cart.pk, variant_id=variant.pk, quantity=1, now=timezone.now(), actor="lighthouse")
print(services.cart_token(cart))
"""
BEGIN, END = "<!-- Written by `make lighthouse DOCS=1`. -->", "<!-- The end of what Lighthouse saw. -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure of a report, with the least or the most that is good enough."""

    name: str
    path: tuple[str, ...]
    least: float | None = None
    most: float | None = None
    form: str = "{:.0f}"
    factor: float = 1

    def read(self, report: dict[str, Any]) -> float:
        value: Any = report
        for key in self.path:
            value = value[key]
        return float(value) * self.factor

    def is_met(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def _score(name: str, category: str, least: float) -> Goal:
    return Goal(name=name, path=("categories", category, "score"), least=least, factor=100)


GOALS = [
    _score("performance", "performance", 98),
    _score("accessibility", "accessibility", 100),
    _score("best practices", "best-practices", 100),
    _score("SEO", "seo", 100),
    Goal(
        name="LCP, s",
        path=("audits", "largest-contentful-paint", "numericValue"),
        most=1.5,
        form="{:.2f}",
        factor=0.001,
    ),
    Goal(name="CLS", path=("audits", "cumulative-layout-shift", "numericValue"), most=0.01, form="{:.3f}"),
    Goal(name="TBT, ms", path=("audits", "total-blocking-time", "numericValue"), most=100),
    Goal(name="kB", path=("audits", "total-byte-weight", "numericValue"), factor=0.001),
]


def main() -> int:
    runs = int(os.environ.get("RUNS") or RUNS)
    _install()
    medians: dict[str, dict[str, float]] = {}
    with (
        temporary_folder() as folder,
        mariadb(folder=folder) as database,
        redis(folder=folder) as cache,
        shop(
            env=production_like(database=database, cache=cache, folder=folder) | {"SERVE_MEDIA": "1"},
            application="tests.quality_wsgi:application",
        ) as running,
    ):
        token = running.manage("shell", "--no-imports", "-v", "0", "-c", HOLD).strip().splitlines()[-1]
        for name, address in PAGES.items():
            cookie = f"cart={token}" if name == "cart" else ""
            reports = [_look(running, address, cookie=cookie, folder=folder) for _ in range(runs)]
            medians[name] = {goal.name: median(goal.read(report) for report in reports) for goal in GOALS}
            print(name, "  ".join(f"{goal.name} {goal.form.format(medians[name][goal.name])}" for goal in GOALS))
            (ROOT / "var").mkdir(exist_ok=True)
            (ROOT / "var" / f"lighthouse-{name}.json").write_text(json.dumps(reports[-1]))
    missed = [
        f"{name}: {goal.name} is {goal.form.format(figures[goal.name])}"
        for name, figures in medians.items()
        for goal in GOALS
        if not goal.is_met(figures[goal.name])
    ]
    if os.environ.get("DOCS") == "1":
        _write(medians, runs=runs)
    print("\n".join(missed) or "Every goal is met.")
    return 1 if missed else 0


def _install() -> None:
    """The version in the lock, and nothing that a package wants to run."""
    if PROGRAM.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("Lighthouse needs npm: apt-get install npm")
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=TOOLS, check=True)


def _look(running: Shop, address: str, *, cookie: str, folder: Path) -> dict[str, Any]:
    url = f"{running.url}{address}"
    headers = {"Cookie": cookie} if cookie else {}
    urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30).read()
    target = folder / "report.json"
    command = [str(PROGRAM), url, "--quiet", "--output=json", f"--output-path={target}"]
    command += ["--disable-full-page-screenshot", "--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    if headers:
        (folder / "headers.json").write_text(json.dumps(headers))
        command.append(f"--extra-headers={folder / 'headers.json'}")
    subprocess.run(command, check=True, timeout=SECONDS, env={**os.environ, "CHROME_PATH": CHROME})
    report: dict[str, Any] = json.loads(target.read_text())
    return report


def _write(medians: dict[str, dict[str, float]], *, runs: int) -> None:
    head = " | ".join(["page", *(goal.name for goal in GOALS)])
    goals = " | ".join(["goal", *(_said(goal) for goal in GOALS)])
    rows = [
        " | ".join([name, *(goal.form.format(figures[goal.name]) for goal in GOALS)])
        for name, figures in medians.items()
    ]
    lines = [f"| {line} |" for line in [head, " | ".join(["---"] * (len(GOALS) + 1)), goals, *rows]]
    when = datetime.now(tz=UTC).strftime("%-d %B %Y")
    text = "\n".join([BEGIN, "", f"{when}, median of {runs}, Lighthouse 12.8.2, mobile.", "", *lines, "", END])
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + text + rest.partition(END)[2])


def _said(goal: Goal) -> str:
    if goal.least is not None:
        return f"≥ {goal.form.format(goal.least)}"
    return f"≤ {goal.form.format(goal.most)}" if goal.most is not None else ""


if __name__ == "__main__":
    sys.exit(main())
