"""Where the shop runs: the environment, its secrets and its own address."""

import secrets
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))


def _demo_secret(name: str) -> str:
    """A secret that the demo makes once and keeps in VAR_DIR."""
    path = VAR_DIR / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_urlsafe(50))
        path.chmod(0o600)
    return path.read_text()


def secret(variable: str) -> str:
    """The secret in the environment; the demo alone may go without one."""
    if DEMO and not env.str(variable, default=""):
        return _demo_secret(variable.lower())
    return env.str(variable)


SECRET_KEY = secret("SECRET_KEY")
_demo_site = "http://127.0.0.1:8000"
SITE_URL = (env.str("SITE_URL", default=_demo_site) if DEMO or DEBUG else env.str("SITE_URL")).rstrip("/")
WEBHOOK_BASE_URL = env.str("WEBHOOK_BASE_URL", default=SITE_URL).rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEMO else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
