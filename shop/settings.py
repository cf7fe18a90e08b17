"""Every setting of the shop. `.env.example` explains each variable that is read here.

With DEMO on, the shop runs on nothing but Python: SQLite, an in-process cache, a broker in a SQLite file, e-mails as
files and secrets made on first use, all under VAR_DIR. Without it, secrets and servers must be named: they have no
default.
"""

import secrets
from datetime import timedelta
from pathlib import Path

import environ
import structlog

BASE_DIR = Path(__file__).resolve().parent.parent

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


def _secret(variable: str) -> str:
    """The secret in the environment; the demo alone may go without one."""
    if DEMO and not env.str(variable, default=""):
        return _demo_secret(variable.lower())
    return env.str(variable)


SECRET_KEY = _secret("SECRET_KEY")
_demo_site = "http://127.0.0.1:8000"
SITE_URL = (env.str("SITE_URL", default=_demo_site) if DEMO or DEBUG else env.str("SITE_URL")).rstrip("/")
WEBHOOK_BASE_URL = env.str("WEBHOOK_BASE_URL", default=SITE_URL).rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEMO else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "shop.admin_config.StaffAdminConfig",
    "django_htmx",
    "allauth",
    "allauth.account",
    "rest_framework",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_structlog",
    "accounts",
    "shop",
    "inventory",
    "orders",
    "orders.sandbox",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "shop.middleware.BodySizeLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "shop.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.context.shop",
                "orders.context.cart",
            ],
            "builtins": ["django.templatetags.static", "django.templatetags.i18n", "shop.templatetags.shop"],
        },
    },
]

# Databases --------------------------------------------------------------------------------------------------------

_demo_database = f"sqlite:///{VAR_DIR / 'tahan.sqlite3'}"
DATABASES = {"default": env.db("DATABASE_URL", default=_demo_database) if DEMO else env.db("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets readers go on while one writes; IMMEDIATE takes the write lock first, where waiting for it is possible.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # A lock that is not granted in three seconds becomes an honest 503 instead of a pile-up.
    DATABASES["default"]["OPTIONS"] = {
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        "init_command": "SET innodb_lock_wait_timeout = 3, sql_mode = 'STRICT_TRANS_TABLES'",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="") if DEMO else env.str("REDIS_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# Who you are ------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "accounts.hashers.ModestArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "shop:home"
LOGOUT_REDIRECT_URL = "shop:home"
ACCOUNT_ADAPTER = "orders.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
}
ACCOUNT_SESSION_REMEMBER = True

# The hold ---------------------------------------------------------------------------------------------------------

HOLD_TIME = timedelta(seconds=env.int("HOLD_SECONDS", default=600))
HOLD_EXTENSION = timedelta(seconds=env.int("HOLD_EXTENSION_SECONDS", default=180))
HOLD_EXTENSION_LIMIT = env.int("HOLD_EXTENSION_LIMIT", default=10)
HOLD_EXTENSION_OFFER = timedelta(seconds=env.int("HOLD_EXTENSION_OFFER_SECONDS", default=180))
PAYMENT_WINDOW = timedelta(seconds=env.int("PAYMENT_WINDOW_SECONDS", default=900))
EXPIRY_INTERVAL_SECONDS = env.float("EXPIRY_INTERVAL_SECONDS", default=10)
# How many days after its last parcel left something of an order may be sent back.
RETURN_DAYS = env.int("RETURN_DAYS", default=14)
MAX_UNITS_PER_LINE = env.int("MAX_UNITS_PER_LINE", default=100)
SHOP_CURRENCY = "IDR"
# Whether the prices of products and deliveries have the tax in them, and what the tax is called on pages and papers.
PRICES_INCLUDE_TAX = env.bool("PRICES_INCLUDE_TAX", default=True)
TAX_NAME = env.str("TAX_NAME", default="PPN")
# Who sells, as it stands on invoices and in e-mails.
SELLER_NAME = env.str("SELLER_NAME", default="Tahan")
SELLER_ADDRESS = env.str("SELLER_ADDRESS", default="Jalan Braga 1, Bandung 40111, Indonesia" if DEMO else "")
SELLER_TAX_ID = env.str("SELLER_TAX_ID", default="00.000.000.0-000.000" if DEMO else "")

# Payments ---------------------------------------------------------------------------------------------------------

PAYMENT_SILENCE = timedelta(seconds=env.int("PAYMENT_SILENCE_SECONDS", default=120))
REFUND_RETRY = timedelta(seconds=env.float("REFUND_RETRY_SECONDS", default=5))
PAYMENT_GATEWAYS = env.list("PAYMENT_GATEWAYS", default=["sandbox"] if DEMO else [])
SANDBOX_ENABLED = "sandbox" in PAYMENT_GATEWAYS
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
# Empty: Stripe's own address.
STRIPE_API_URL = env.str("STRIPE_API_URL", default="")
SANDBOX_SIGNING_KEY = _secret("SANDBOX_SIGNING_KEY") if SANDBOX_ENABLED else ""
SANDBOX_FAULTS = env.str("SANDBOX_FAULTS", default="")
# Where a shopper's browser finds the provider's pages, and the worker its API.
SANDBOX_URL = "/sandbox"
SANDBOX_API_URL = f"{WEBHOOK_BASE_URL}/sandbox/api"

# Work in the background -------------------------------------------------------------------------------------------

_demo_broker = f"sqla+sqlite:///{VAR_DIR / 'broker.sqlite3'}"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL or _demo_broker)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"socket_timeout": 2, "socket_connect_timeout": 2} if CELERY_BROKER_URL.startswith("redis") else {}
)
# Only a cache that web and worker share knows whether the worker has begun.
NUDGES_ARE_JOINED = bool(REDIS_URL)
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
_tick = {"schedule": EXPIRY_INTERVAL_SECONDS, "options": {"expires": EXPIRY_INTERVAL_SECONDS * 3}}
CELERY_BEAT_SCHEDULE = {
    "expire-unpaid-orders": {"task": "orders.tasks.expire_unpaid_orders", **_tick},
    "expire-due-reservations": {"task": "inventory.tasks.expire_due_reservations", **_tick},
    "send-due-refunds": {"task": "orders.tasks.send_due_refunds", **_tick},
    "allocate-arrivals": {"task": "orders.tasks.allocate_arrivals", **_tick},
    "ask-about-silent-payments": {
        "task": "orders.tasks.ask_about_silent_payments",
        "schedule": min(30.0, PAYMENT_SILENCE.total_seconds()),
        "options": {"expires": 30},
    },
    "close-ended-sessions": {"task": "orders.tasks.close_ended_sessions", **_tick},
    "send-due-messages": {"task": "orders.tasks.send_due_messages", **_tick},
    "write-hold-messages": {"task": "orders.tasks.write_hold_messages", **_tick},
    "forget-old-keys": {"task": "orders.tasks.forget_old_keys", "schedule": 3600.0},
}
if SANDBOX_ENABLED:
    CELERY_BEAT_SCHEDULE["deliver-sandbox-webhooks"] = {
        "task": "orders.sandbox.tasks.deliver_due_webhooks",
        "schedule": 1.0,
        "options": {"expires": 10},
    }

# E-mail -----------------------------------------------------------------------------------------------------------

if DEMO and not env.str("EMAIL_URL", default=""):
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"
else:
    vars().update(env.email("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Tahan <shop@tahan.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Words, files -----------------------------------------------------------------------------------------------------

# Pages are English; e-mails and papers are in the language that the shopper's browser asked for.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("id", "Bahasa Indonesia")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Jakarta")
USE_TZ = True
FORMAT_MODULE_PATH = ["shop.formats"]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(VAR_DIR / "media")))
SERVE_MEDIA = env.bool("SERVE_MEDIA", default=DEMO or DEBUG)
WHITENOISE_USE_FINDERS = DEMO or DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO or DEBUG
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# The wire ---------------------------------------------------------------------------------------------------------

SECURE_SSL = env.bool("SECURE_SSL", default=not (DEMO or DEBUG))
SECURE_SSL_REDIRECT = SECURE_SSL
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
# How many proxies in front add themselves to X-Forwarded-For. What stands further left was written by the caller.
PROXY_COUNT = env.int("PROXY_COUNT", default=0 if DEMO or DEBUG else 1)
# Believed only where a proxy of ours writes it: without one, anybody can.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_COUNT else None
ALLAUTH_TRUSTED_PROXY_COUNT = PROXY_COUNT
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_SSL
SECURE_HSTS_PRELOAD = SECURE_SSL
SESSION_COOKIE_SECURE = SECURE_SSL
CSRF_COOKIE_SECURE = SECURE_SSL
CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {"camera": [], "geolocation": [], "microphone": [], "payment": [], "usb": []}

# The API ----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "NUM_PROXIES": PROXY_COUNT,
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["shop.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "shop.problems.problem_response",
    "DEFAULT_THROTTLE_RATES": {"auth": env.str("AUTH_THROTTLE_RATE", default="30/min")},
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": True,
    "CHECK_REVOKE_TOKEN": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tahan API",
    "DESCRIPTION": "The shop that holds your item. Every route of the shop for programs.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["shop.openapi.one_spelling"],
    "POSTPROCESSING_HOOKS": ["shop.openapi.with_problems"],
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}

# What the shop says about itself ----------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_JSON = env.bool("LOG_JSON", default=not (DEMO or DEBUG))
DJANGO_STRUCTLOG_CELERY_ENABLED = True
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
_renderer = (
    structlog.processors.JSONRenderer()
    if LOG_JSON
    else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _renderer,
            ]
            if LOG_JSON
            else [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer],
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django.server": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}
