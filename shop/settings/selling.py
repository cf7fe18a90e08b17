"""Holds, prices, payments: what the shopkeeper decides."""

from datetime import timedelta

from shop.settings.environment import DEMO, WEBHOOK_BASE_URL, env, secret

HOLD_TIME = timedelta(seconds=env.int("HOLD_SECONDS", default=600))
HOLD_EXTENSION = timedelta(seconds=env.int("HOLD_EXTENSION_SECONDS", default=180))
HOLD_EXTENSION_LIMIT = env.int("HOLD_EXTENSION_LIMIT", default=10)
HOLD_EXTENSION_OFFER = timedelta(seconds=env.int("HOLD_EXTENSION_OFFER_SECONDS", default=180))
# A turn in line: others wait behind it, so it is longer from the start and, unless the shop decides so, never extended.
TURN_TIME = timedelta(seconds=env.int("TURN_SECONDS", default=900))
TURN_EXTENSION_LIMIT = env.int("TURN_EXTENSION_LIMIT", default=0)
# In how many lines one shopper may stand at once.
LINE_PLACES_LIMIT = env.int("LINE_PLACES_LIMIT", default=5)
PAYMENT_WINDOW = timedelta(seconds=env.int("PAYMENT_WINDOW_SECONDS", default=900))
EXPIRY_INTERVAL_SECONDS = env.float("EXPIRY_INTERVAL_SECONDS", default=10)
# How many days after its last parcel left something of an order may be sent back.
RETURN_DAYS = env.int("RETURN_DAYS", default=14)
# How often a page that somebody looks at asks for its figures of stock again, where it has a script.
LIVE_STOCK_SECONDS = env.int("LIVE_STOCK_SECONDS", default=15)
MAX_UNITS_PER_LINE = env.int("MAX_UNITS_PER_LINE", default=100)
SHOP_CURRENCY = "IDR"
# Whether the prices of products and deliveries have the tax in them, and what the tax is called on pages and papers.
PRICES_INCLUDE_TAX = env.bool("PRICES_INCLUDE_TAX", default=True)
TAX_NAME = env.str("TAX_NAME", default="PPN")
# Who sells, as it stands on invoices and in e-mails.
SELLER_NAME = env.str("SELLER_NAME", default="Tahan")
SELLER_ADDRESS = env.str("SELLER_ADDRESS", default="Jalan Braga 1, Bandung 40111, Indonesia" if DEMO else "")
SELLER_TAX_ID = env.str("SELLER_TAX_ID", default="00.000.000.0-000.000" if DEMO else "")

PAYMENT_SILENCE = timedelta(seconds=env.int("PAYMENT_SILENCE_SECONDS", default=120))
# How long after an attempt began a bank may still take its money back, so that its provider is asked now and then.
DISPUTE_WINDOW = timedelta(days=env.int("DISPUTE_DAYS", default=120))
REFUND_RETRY = timedelta(seconds=env.float("REFUND_RETRY_SECONDS", default=5))
PAYMENT_GATEWAYS = env.list("PAYMENT_GATEWAYS", default=["sandbox"] if DEMO else [])
SANDBOX_ENABLED = "sandbox" in PAYMENT_GATEWAYS
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
# Empty: Stripe's own address.
STRIPE_API_URL = env.str("STRIPE_API_URL", default="")
SANDBOX_SIGNING_KEY = secret("SANDBOX_SIGNING_KEY") if SANDBOX_ENABLED else ""
SANDBOX_FAULTS = env.str("SANDBOX_FAULTS", default="")
# Where a shopper's browser finds the provider's pages, and the worker its API.
SANDBOX_URL = "/sandbox"
SANDBOX_API_URL = f"{WEBHOOK_BASE_URL}/sandbox/api"
