"""What a member of staff can see and set over the API: stock and ledger of one SKU, in a shop that is running."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from deploy.processes import StartFailed
from tests.drill.books import Movement, Stock
from tests.drill.doors import Goods

PAGE = 100
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Staff:
    """Signed in, and looking after one SKU."""

    client: httpx.Client
    sku: str
    stock_item_id: int

    def stock(self) -> Stock:
        """The counters at this moment."""
        return Stock.read(_items(self.client, self.sku)[0])

    def put_on_sale(self, units: int) -> None:
        """Correct the stock so that exactly so many units are free."""
        stock = self.stock()
        change = units - (stock.on_hand + stock.backorder_limit - stock.held - stock.allocated)
        if change:
            body = {"change": change, "reason": "drill", "seen_on_hand": stock.on_hand}
            _require(self.client.post(f"/api/v1/stock/{self.stock_item_id}/adjust", json=body), 201)

    def ledger(self) -> list[Movement]:
        """The whole ledger of the SKU, oldest line first."""
        lines: list[dict[str, Any]] = []
        page, pages = 1, 1
        while page <= pages:
            address = f"/api/v1/stock/{self.stock_item_id}/ledger?limit={PAGE}&page={page}"
            document = _require(self.client.get(address), 200)
            lines += document["items"]
            page, pages = page + 1, document["pages"]
        # A line that is written while we turn the pages pushes another one onto the next page once more.
        unique = {line["id"]: line for line in lines}
        return [self._movement(unique[number]) for number in sorted(unique)]

    def _movement(self, line: dict[str, Any]) -> Movement:
        created_at = datetime.fromisoformat(line["created_at"]).timestamp()
        return Movement.read(line | {"stock_item_id": self.stock_item_id, "created_at": created_at})


def sign_in_staff(*, base_url: str, email: str, password: str, sku: str) -> Staff:
    """A member of staff at the shop under `base_url`.

    :raises StartFailed: if they may not look after stock, or the SKU is not kept at exactly one location
    """
    client = httpx.Client(base_url=base_url, timeout=TIMEOUT_SECONDS, trust_env=False)
    try:
        tokens = _require(client.post("/api/v1/auth", json={"email": email, "password": password}), 200)
    except httpx.HTTPError as error:
        raise StartFailed(f"BASE_URL={base_url} does not answer ({error}). Start the shop first.") from error
    client.headers["Authorization"] = f"Bearer {tokens['token']}"
    items = _items(client, sku)
    if len(items) != 1:
        raise StartFailed(f"SKU={sku} is kept at {len(items)} locations. Name one that is kept at exactly one.")
    return Staff(client, sku, items[0]["id"])


def find_goods(*, base_url: str, sku: str) -> Goods:
    """The SKU as the catalogue shows it.

    :raises StartFailed: if no product on show has it
    """
    with httpx.Client(base_url=base_url, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        found = _require(client.get("/api/v1/products", params={"search": sku, "limit": PAGE}), 200)["items"]
        for product in found:
            for variant in product["variants"]:
                if variant["sku"] == sku:
                    return Goods(sku=sku, variant_id=variant["id"], path=f"/p/{product['slug']}/?sku={sku}")
    raise StartFailed(f"SKU={sku} is not on show. Name one that the catalogue shows.")


def find_shipping_method(*, base_url: str) -> str:
    """The first way to send a parcel."""
    with httpx.Client(base_url=base_url, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        options = _require(client.get("/api/v1/checkout-options"), 200)
    return str(options["shipping_methods"][0]["code"])


def _items(client: httpx.Client, sku: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = _require(client.get("/api/v1/stock", params={"sku": sku}), 200)["items"]
    return items


def _require(reply: httpx.Response, status: int) -> dict[str, Any]:
    if reply.status_code != status:
        raise StartFailed(
            f"{reply.request.method} {reply.request.url} answered {reply.status_code}: {reply.text[:300]}"
        )
    document: dict[str, Any] = reply.json()
    return document
