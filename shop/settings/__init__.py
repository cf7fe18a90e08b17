"""Every setting of the shop. `.env.example` explains each variable that is read here.

With DEMO on, the shop runs on nothing but Python: SQLite, an in-process cache, a broker in a SQLite file, e-mails as
files and secrets made on first use, all under VAR_DIR. Without it, secrets and servers must be named: they have no
default.
"""

from shop.settings.environment import *
from shop.settings.fairness import *
from shop.settings.logs import *
from shop.settings.parts import *
from shop.settings.people import *
from shop.settings.selling import *
from shop.settings.storage import *
from shop.settings.wire import *
from shop.settings.work import *
