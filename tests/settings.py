"""The shop's own settings, for the tests: on whatever servers the environment names, on SQLite when it names none."""

import atexit
import os
import shutil
import tempfile

# Set before the shop's settings read them, so that a developer's .env cannot reach into the tests.
os.environ["DEMO"] = "1"
os.environ["SITE_URL"] = "http://testserver"
os.environ["SECRET_KEY"] = "only-for-tests-0123456789-0123456789-0123456789"
os.environ["SANDBOX_SIGNING_KEY"] = "only-for-tests-too-0123456789"
if not os.environ.get("VAR_DIR"):
    # The workers of xdist inherit it; whoever made it takes it away.
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="tahan-")
    atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{os.environ['VAR_DIR']}/tahan.sqlite3")
os.environ.setdefault("REDIS_URL", "")
os.environ["CELERY_BROKER_URL"] = "memory://"

from shop.settings import *  # noqa: F403
from shop.settings import DATABASES, STATIC_ROOT, VAR_DIR

# WhiteNoise warns of a folder that is not there, and a warning is an error here.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# Races need several connections to one database, which a database in memory cannot give.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"}

# A test that makes five users must not wait for five honest password hashes.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Tests of the room name a Redis of their own where they need one.
ROOM_REDIS_URL = ""
LIVE_UNITS_PER_ADDRESS = 0
