"""The WSGI entry that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

_shop = get_wsgi_application()

# After Django is set up: the door knows the shop's services.
from orders.api.door import SoldOutDoor  # noqa: E402

application = SoldOutDoor(_shop)
