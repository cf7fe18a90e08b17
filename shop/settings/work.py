"""What is done in the background, when, and the e-mails that it sends."""

from shop.settings.environment import DEMO, VAR_DIR, env
from shop.settings.selling import EXPIRY_INTERVAL_SECONDS, PAYMENT_SILENCE, SANDBOX_ENABLED
from shop.settings.storage import REDIS_URL

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
# The sandbox provider is a stranger with a worker of its own: however many webhooks it posts, the shop's work goes on.
CELERY_TASK_ROUTES = {"orders.sandbox.tasks.*": {"queue": "sandbox"}}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
_tick = {"schedule": EXPIRY_INTERVAL_SECONDS, "options": {"expires": EXPIRY_INTERVAL_SECONDS * 3}}
CELERY_BEAT_SCHEDULE = {
    "expire-unpaid-orders": {"task": "orders.tasks.expire_unpaid_orders", **_tick},
    "expire-due-reservations": {"task": "inventory.tasks.expire_due_reservations", **_tick},
    "hand-on-waiting": {"task": "inventory.tasks.hand_on_waiting", **_tick},
    "send-due-refunds": {"task": "orders.tasks.send_due_refunds", **_tick},
    "give-back-quotas": {"task": "orders.tasks.give_back_quotas", **_tick},
    "allocate-arrivals": {"task": "orders.tasks.allocate_arrivals", **_tick},
    "ask-about-silent-payments": {
        "task": "orders.tasks.ask_about_silent_payments",
        "schedule": min(30.0, PAYMENT_SILENCE.total_seconds()),
        "options": {"expires": 30},
    },
    "ask-about-captured-payments": {
        "task": "orders.tasks.ask_about_captured_payments",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "close-ended-sessions": {"task": "orders.tasks.close_ended_sessions", **_tick},
    "send-due-messages": {"task": "orders.tasks.send_due_messages", **_tick},
    "tell-shoppers-in-line": {"task": "orders.tasks.tell_shoppers_in_line", **_tick},
    "write-hold-messages": {"task": "orders.tasks.write_hold_messages", **_tick},
    "write-stock-notices": {"task": "orders.tasks.write_stock_notices", "schedule": 60.0, "options": {"expires": 60}},
    "forget-old-keys": {"task": "orders.tasks.forget_old_keys", "schedule": 3600.0},
}
if SANDBOX_ENABLED:
    CELERY_BEAT_SCHEDULE["deliver-sandbox-webhooks"] = {
        "task": "orders.sandbox.tasks.deliver_due_webhooks",
        "schedule": 1.0,
        "options": {"expires": 10},
    }

if DEMO and not env.str("EMAIL_URL", default=""):
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"
else:
    vars().update(env.email("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Tahan <shop@tahan.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
