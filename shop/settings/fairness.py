"""Who comes in when, and how much one shopper may keep at a time: the waiting room and fair play."""

from shop.settings.environment import env
from shop.settings.storage import REDIS_URL

# Where the waiting room keeps what changes every second. Empty: in the database.
ROOM_REDIS_URL = env.str("ROOM_REDIS_URL", default=REDIS_URL)
# How long before a sale one may begin to wait, how long a place is kept once its number is up, and how long one is in.
ROOM_EARLY_MINUTES = env.int("ROOM_EARLY_MINUTES", default=30)
ROOM_KEPT_SECONDS = env.int("ROOM_KEPT_SECONDS", default=120)
ROOM_PASS_MINUTES = env.int("ROOM_PASS_MINUTES", default=15)
# The rate begins at FIRST people a second and is measured from there, never beyond MOST; TARGET is the answer time in
# milliseconds up to which the shop is well. INSIDE is how many may be in at once; 0: as many as it can serve.
ROOM_RATE_FIRST = env.float("ROOM_RATE_FIRST", default=2)
ROOM_RATE_LEAST = env.float("ROOM_RATE_LEAST", default=0.2)
ROOM_RATE_MOST = env.float("ROOM_RATE_MOST", default=200)
ROOM_TARGET_MS = env.int("ROOM_TARGET_MS", default=250)
ROOM_MOST_INSIDE = env.int("ROOM_MOST_INSIDE", default=0)
# How many places one internet address may take in one room; 0: any number.
ROOM_PLACES_PER_ADDRESS = env.int("ROOM_PLACES_PER_ADDRESS", default=50)
# How often the room moves on, and how old a process's picture of it may be.
ROOM_TICK_MS = env.int("ROOM_TICK_MS", default=1000)
ROOM_PICTURE_SECONDS = env.float("ROOM_PICTURE_SECONDS", default=1)

# Units that may be held live, over carts and orders that wait for payment; 0: any number. One shopper is an account
# or a guest's cart; an address is an IPv4 address or the /64 of an IPv6 one, and many may share it.
LIVE_UNITS_PER_SHOPPER = env.int("LIVE_UNITS_PER_SHOPPER", default=200)
LIVE_UNITS_PER_SKU = env.int("LIVE_UNITS_PER_SKU", default=100)
# What an address holds is counted in Redis; the demo, which has none, counts in the database, and only when told to.
LIVE_UNITS_PER_ADDRESS = env.int("LIVE_UNITS_PER_ADDRESS", default=500 if REDIS_URL else 0)
# Who lets so many holds run out within so many hours holds for a share of the time only, though never for less than
# LEAST seconds. 0: never.
LAPSES_ALLOWED = env.int("LAPSES_ALLOWED", default=3)
LAPSES_FORGOTTEN_HOURS = env.int("LAPSES_FORGOTTEN_HOURS", default=24)
LAPSED_HOLD_PERCENT = env.int("LAPSED_HOLD_PERCENT", default=50)
LAPSED_HOLD_LEAST_SECONDS = env.int("LAPSED_HOLD_LEAST_SECONDS", default=120)
# Tries to hold something from one address within BURST_SECONDS, above which one has to wait or to work; 0: any number.
BURST_TRIES = env.int("BURST_TRIES", default=0)
BURST_SECONDS = env.int("BURST_SECONDS", default=10)
