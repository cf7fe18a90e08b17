"""A coupon with a hundred uses and three hundred shoppers who press at once, over HTTP."""

import asyncio
import json
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.servers import Shop

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

USES = 100
SHOPPERS = 300
# Connections that are open at a time; the web server queues the rest of what comes at once.
CONNECTIONS = 100
GOODS = f"""
from django.utils import timezone
from inventory import services as inventory
from inventory.models import Location
from orders.models import Coupon, ShippingMethod
from shop.models import Category, Product, Variant
category = Category.objects.create(slug="hundred", name="Hundred")
product = Product.objects.create(slug="hundred", name="Hundred", category=category, is_published=True)
variant = Variant.objects.create(product=product, sku="HUNDRED", price_minor=600_000)
inventory.receive(sku="HUNDRED", location=Location.objects.first().code, quantity={SHOPPERS}, reason="delivery",
                  actor="tests", now=timezone.now())
ShippingMethod.objects.get_or_create(code="hundred", defaults={{"name": "Hundred", "price_minor": 20_000}})
Coupon.objects.create(code="HUNDRED", kind="AMOUNT", value=50_000, total_limit={USES}, per_customer_limit=1)
print(variant.pk)
"""
BOOKS = """
import json
from orders.models import Coupon, CouponUse, Order
from inventory.queries import prove
print(json.dumps({
    "used": Coupon.objects.get(code="HUNDRED").used,
    "uses": CouponUse.objects.filter(coupon__code="HUNDRED", given_back_at=None).count(),
    "orders": Order.objects.filter(coupon_code="HUNDRED", total_minor=570_000).count(),
    "others": Order.objects.filter(lines__sku="HUNDRED").exclude(coupon_code="HUNDRED").count(),
    "drifts": len(prove()),
}))
"""


def test_three_hundred_press_at_once_and_a_hundred_get_it(running: Shop) -> None:
    variant_id = running.manage("shell", "--verbosity", "0", "-c", GOODS).split()[-1]

    answers = asyncio.run(sale(running.url, variant_id=variant_id))

    assert Counter(answers) == {"201 570000": USES, "409 coupon_used_up": SHOPPERS - USES}
    books = json.loads(running.manage("shell", "--verbosity", "0", "-c", BOOKS).splitlines()[-1])
    assert books == {"used": USES, "uses": USES, "orders": USES, "others": 0, "drifts": 0}


async def sale(url: str, *, variant_id: str) -> list[str]:
    """Everybody holds a unit first; then all check out at one moment. What each was answered."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", limits=limits, timeout=120) as client:
        carts = await asyncio.gather(*[hold(client, variant_id=variant_id) for _ in range(SHOPPERS)])
        return await asyncio.gather(*[check_out(client, cart, number=number) for number, cart in enumerate(carts)])


async def hold(client: httpx.AsyncClient, *, variant_id: str) -> dict[str, Any]:
    answer = await client.post("/cart", json={"product_id": variant_id, "qty": 1})
    assert answer.status_code == 201, answer.text
    cart: dict[str, Any] = answer.json()
    return cart


async def check_out(client: httpx.AsyncClient, cart: dict[str, Any], *, number: int) -> str:
    """Place the order with the coupon; busy is no answer, so it is asked again."""
    body = {
        "email": f"shopper{number}@example.com",
        "name": "Maya Putri",
        "phone": "0812 3456 7890",
        "address": "Jalan Sudirman 12",
        "city": "Jakarta",
        "postal_code": "12190",
        "shipping_method": "hundred",
        "gateway": "sandbox",
        "coupon_code": "HUNDRED",
    }
    while True:
        answer = await client.post(
            f"/cart/{cart['id']}/checkout", json=body, headers={"Cart-Token": cart["cart_token"]}
        )
        if answer.status_code == 503:
            continue
        document = answer.json()
        return f"{answer.status_code} {document['total'] if answer.status_code == 201 else document['code']}"
