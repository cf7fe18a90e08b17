"""What the shop is shipped with agrees with what the shop reads: no engine runs here, so the files are parsed."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_ONLY = {"SITE_DOMAIN", "WEB_WORKERS", "WEB_THREADS"}
# Set by docker-compose.yml itself, so nobody has to be told about them.
OURS_TO_SET = {"PORT", "MARIADB_USER", "MARIADB_PASSWORD"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def _settings_variables() -> set[str]:
    """Names of the variables that the settings read: env.str("NAME"), env("NAME"), secret("NAME")."""
    sources = [path.read_text() for path in sorted((ROOT / "shop" / "settings").glob("*.py"))]
    return {name for source in sources for name in re.findall(r'\b(?:env(?:\.[a-z]+)?|secret)\(\s*"([A-Z_]+)"', source)}


def _explained_variables() -> set[str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {match[1] for line in lines if (match := re.match(r"(?:# )?([A-Z][A-Z_]+)=", line))}


def _dockerfile() -> list[tuple[str, str]]:
    """(INSTRUCTION, rest) of each line of the Dockerfile, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def test_env_example_explains_exactly_the_variables_that_are_read() -> None:
    assert _explained_variables() == _settings_variables() | COMPOSE_ONLY


def test_every_variable_of_env_example_has_words_above_it() -> None:
    paragraphs = (ROOT / ".env.example").read_text().split("\n\n")
    with_variables = [text for text in paragraphs if re.search(r"^(# )?[A-Z_]+=", text, flags=re.MULTILINE)]
    silent = [text for text in with_variables if not re.match(r"# (?![A-Z_]+=)", text)]

    # The broker stands under the sentence about REDIS_URL.
    assert silent == ["# CELERY_BROKER_URL=redis://127.0.0.1:6379/1", "# DEFAULT_FROM_EMAIL=Tahan <shop@tahan.example>"]


def test_env_example_holds_no_secret() -> None:
    text = (ROOT / ".env.example").read_text()

    assert re.findall(r"^(?:SECRET_KEY|SANDBOX_SIGNING_KEY)=(.*)$", text, flags=re.MULTILINE) == ["", ""]


def test_production_refuses_to_start_without_a_secret() -> None:
    env = {"PATH": os.environ["PATH"], "DEMO": "0", "DATABASE_URL": "sqlite://:memory:", "EMAIL_URL": "consolemail://"}
    code = "import environ; environ.Env.read_env = lambda *a, **k: None; import shop.settings"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)

    assert done.returncode == 1
    assert "SECRET_KEY" in done.stderr


def test_compose_offers_mariadb_where_it_always_was(compose: dict[str, Any]) -> None:
    mariadb = compose["services"]["mariadb"]

    assert mariadb["ports"] == ["127.0.0.1:3366:3306"]
    assert mariadb["environment"]["MARIADB_USER"] == "${MARIADB_USER:-dev}"
    assert mariadb["environment"]["MARIADB_PASSWORD"] == "${MARIADB_PASSWORD:-dev}"
    assert mariadb["environment"]["MARIADB_DATABASE"] == "tahan"


def test_compose_has_the_services_of_a_shop(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"migrate", "web", "worker", "provider", "beat", "mariadb", "redis", "caddy"}
    assert compose["services"]["caddy"]["profiles"] == ["proxy"]


def test_every_lasting_service_has_a_healthcheck_and_comes_back(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name == "migrate":
            assert service["restart"] == "on-failure"
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name


def test_the_shop_waits_for_its_servers_and_its_tables(compose: dict[str, Any]) -> None:
    for name in ("web", "worker", "provider", "beat"):
        assert {key: value["condition"] for key, value in compose["services"][name]["depends_on"].items()} == {
            "mariadb": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
        }


def test_ports_are_open_to_this_host_alone_but_for_the_proxy(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name != "caddy":
            assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_volumes_and_mounted_files_exist(compose: dict[str, Any]) -> None:
    sources = [mount.split(":")[0] for service in compose["services"].values() for mount in service.get("volumes", [])]

    assert {source for source in sources if not source.startswith(".")} == set(compose["volumes"])
    assert [source for source in sources if source.startswith(".") and not (ROOT / source).is_file()] == []


def test_compose_interpolates_only_explained_variables() -> None:
    text = (ROOT / "docker-compose.yml").read_text()

    assert set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text)) - OURS_TO_SET <= _explained_variables()


def test_compose_gives_only_variables_that_are_read(compose: dict[str, Any]) -> None:
    gunicorn = {"FORWARDED_ALLOW_IPS", "WEB_CONCURRENCY", "WEB_THREADS"}

    assert set(compose["services"]["web"]["environment"]) - gunicorn <= _settings_variables()
    assert compose["services"]["web"]["environment"]["SECRET_KEY"].startswith("${SECRET_KEY:?")


def test_image_runs_without_root_and_without_a_compiler() -> None:
    instructions = _dockerfile()
    last_stage = max(index for index, (name, _) in enumerate(instructions) if name == "FROM")
    final = instructions[last_stage:]

    assert ("USER", "tahan") in final
    assert not any(word in rest for _, rest in final for word in ("gcc", "-dev"))
    assert next(rest for name, rest in final if name == "CMD").startswith('["sh", "-c", "exec gunicorn')


def test_image_installs_the_lock_with_hashes_and_holds_no_secret() -> None:
    text = (ROOT / "Dockerfile").read_text()

    assert "--require-hashes --requirement requirements-mariadb.txt" in text
    assert not re.search(r"^(ENV|ARG).*(SECRET|PASSWORD|KEY)", text, flags=re.MULTILINE)


def test_image_copies_only_what_exists_and_is_let_in() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {rest.split()[0] for name, rest in _dockerfile() if name == "COPY"}

    assert copied == let_in
    assert [name for name in copied if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-mariadb.txt", "requirements-dev.txt"])
def test_lock_pins_everything_with_hashes_and_names_no_index(lock: str) -> None:
    entries = re.sub(r"\\\n", "", (ROOT / lock).read_text()).splitlines()
    packages = [line for line in entries if line and not line.startswith("#")]

    pinned = re.compile(r"[a-z0-9._\[\],-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}")
    assert [line for line in packages if not pinned.match(line)] == []
    assert not re.search(r"https?://|file:|--(extra-)?index|--find-links| @ ", "\n".join(entries))


def test_locks_agree_and_the_demo_needs_no_compiler() -> None:
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==[^ ;]+)", (ROOT / lock).read_text(), flags=re.MULTILINE))

    base, mariadb, dev = (pins(f"requirements{suffix}.txt") for suffix in ("", "-mariadb", "-dev"))

    assert base < mariadb < dev
    assert {name.split("==")[0] for name in mariadb - base} == {"mysqlclient"}


def test_make_alone_lists_every_command() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony

    done = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)

    # `dev` is a step of others, not a command.
    assert {line.split()[1] for line in done.stdout.splitlines()} == set(phony[1].split()) - {"dev"}
