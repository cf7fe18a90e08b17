"""Run inside the environment of the private shop: goods, books, staff at work, and the wait until nothing is due.

    python -m tests.soak.inside prepare '{"stocks": {"A": 10}, "backorders": {"A": 2}}'
    python -m tests.soak.inside books
    python -m tests.soak.inside staff 1212          works until it is ended
    python -m tests.soak.inside wait 240            a JSON line every two seconds, of what is still under way

The rows of the shop come from its tables; the provider's come from the provider, over HTTP.
"""

import hashlib
import json
import logging
import os
import sys
import time
from datetime import timedelta
from typing import Any

import django

from tests.drill import inside as drill
from tests.soak.provider import ProviderBooks, ask_provider

LOOK_SECONDS = 2
QUIET_LOOKS = 2
# Longer than the two minutes for which a worker claims what it then dies over.
STILL_SECONDS = 150
STAFF_PAUSE_SECONDS = 2
STAFF_BATCH = 20
FULFILLED_SHARE = 0.4
SENT_AFTER = timedelta(seconds=5)

logger = logging.getLogger(__name__)


def prepare(*, stocks: dict[str, int], backorders: dict[str, int]) -> dict[str, Any]:
    """Put the goods on sale, each at a price of its own, and allow back-orders for some."""
    from django.utils import timezone

    from inventory import services as inventory
    from inventory.models import StockItem
    from shop.models import Variant

    prepared = drill.prepare(shoppers=0, stocks=stocks)
    for position, sku in enumerate(sorted(stocks)):
        Variant.objects.filter(sku=sku).update(price_minor=19_999 + 13_331 * position)
    for item in StockItem.objects.filter(variant_id__in=list(backorders)):
        inventory.set_backorder_limit(
            stock_item_id=item.pk,
            limit=backorders[item.variant_id],
            reason="soak",
            actor="soak",
            now=timezone.now(),
        )
    return prepared


def books() -> dict[str, Any]:
    """What `tests.drill.books.Books` reads, the provider's events as the shop kept them, and the e-mails."""
    from orders.models import Message, PaymentEvent

    return drill.books() | {
        "payment_events": list(PaymentEvent.objects.values("event_id", "payment_id", "kind", "outcome")),
        "messages": [
            {"key": key, "is_sent": sent_at is not None}
            for key, sent_at in Message.objects.order_by("pk").values_list("key", "sent_at")
        ],
    }


def work_as_staff(seed: int) -> None:
    """Send parcels, until somebody ends this process. Which orders are sent is drawn from the seed."""
    while True:
        for order_id in _orders_to_send(seed):
            _send(order_id)
        time.sleep(STAFF_PAUSE_SECONDS)


def _orders_to_send(seed: int) -> list[Any]:
    from django.utils import timezone

    from orders.models import Order, OrderStatus

    waiting = Order.objects.filter(status=OrderStatus.PAID, paid_at__lte=timezone.now() - SENT_AFTER)
    drawn = [pk for pk in waiting.order_by("pk").values_list("pk", flat=True) if _share(seed, pk) < FULFILLED_SHARE]
    return drawn[:STAFF_BATCH]


def _share(seed: int, order_id: object) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed} {order_id}".encode()).digest()[:4]) / 2**32


def _send(order_id: Any) -> None:
    from django.utils import timezone

    from orders import services
    from shop.errors import ShopError

    try:
        services.fulfil_order(order_id=order_id, tracking_number="SOAK", now=timezone.now(), actor="staff@soak.example")
    except ShopError as refusal:
        # Between our look and the lock its money may have gone back.
        logger.warning("Order %s was not sent: %s", order_id, refusal)


def wait(seconds: float) -> None:
    """Look every two seconds; end when nothing was under way twice in a row, when nothing has moved for longer than
    any work is claimed for, or when the time is over.
    """
    deadline, moved_at, quiet = time.monotonic() + seconds, time.monotonic(), 0
    before: dict[str, int] = {}
    while quiet < QUIET_LOOKS and time.monotonic() < min(deadline, moved_at + STILL_SECONDS):
        left = under_way()
        quiet = 0 if any(left.values()) else quiet + 1
        moved_at = moved_at if left == before else time.monotonic()
        before = left
        print(json.dumps(left), flush=True)
        time.sleep(LOOK_SECONDS)


def under_way() -> dict[str, int]:
    """How many of each kind the shop or the provider still has to do."""
    from inventory.models import Reservation
    from orders.models import Message, Order, OrderStatus, Refund, RefundStatus

    provider = _provider()
    return {
        "holds": Reservation.objects.held().count(),
        "unpaid orders": Order.objects.filter(status=OrderStatus.AWAITING_PAYMENT).count(),
        "refunds": Refund.objects.filter(status=RefundStatus.PENDING).count(),
        "webhooks": provider.webhooks["waiting"],
        "unheard payments": len(unheard(provider)),
        "e-mails": Message.objects.filter(sent_at=None).count(),
    }


def unheard(provider: ProviderBooks) -> list[str]:
    """Charges, and charges that were taken back, of which the shop does not know yet."""
    from orders.models import Payment

    known = {str(pk): status for pk, status in Payment.objects.values_list("pk", "status")}
    wanted = {True: ("CHARGED_BACK",), False: ("CAPTURED",)}
    return [
        charge.merchant_reference
        for charge in provider.charges
        if known.get(charge.merchant_reference) not in wanted[charge.is_charged_back]
    ]


def _provider() -> ProviderBooks:
    from django.conf import settings

    return ask_provider(api_url=settings.SANDBOX_API_URL, key=settings.SANDBOX_SIGNING_KEY)


def main(arguments: list[str]) -> None:
    """Do what the first argument says."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    match arguments:
        case ["prepare", wishes]:
            drill.print_document(prepare(**json.loads(wishes)))
        case ["books"]:
            drill.print_document(books())
        case ["staff", seed]:
            work_as_staff(int(seed))
        case ["wait", seconds]:
            wait(float(seconds))


if __name__ == "__main__":
    main(sys.argv[1:])
