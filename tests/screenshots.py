"""Pictures of every page: `make screenshots` writes them to `var/screenshots`, phone and desktop, light and dark.

The pages are those of a freshly seeded demo in which one shopper holds a teapot, has ordered a radio and waits to pay.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.servers import ROOT, shop, temporary_folder

PICTURES = ROOT / "var" / "screenshots"
SIZES = {"390": {"width": 390, "height": 844}, "1280": {"width": 1280, "height": 900}}
SCHEMES = ("light", "dark")
PAGES = {
    "home": "/",
    "drops": "/drops/",
    "drop-open": "/drops/runner-evening/",
    "drop-before": "/drops/soft-launch/",
    "pre-order": "/p/lilac-runner/?sku=RUN-LIL-43",
    "category": "/c/shoes/",
    "product": "/p/lilac-runner/?sku=RUN-LIL-42",
    "product-held": "/p/merah-teapot/",
    "product-sold-out": "/p/kiss-lock-purse/",
    "search": "/search/?q=lilac",
    "search-nothing": "/search/?q=zeppelin",
    "cart": "/cart/",
    "checkout-contact": "/checkout/contact/",
    "checkout-delivery": "/checkout/delivery/",
    "checkout-payment": "/checkout/payment/",
    "checkout-review": "/checkout/review/",
    "account": "/account/",
    "account-addresses": "/account/addresses/",
    "account-address-new": "/account/addresses/new/",
    "account-details": "/account/details/",
    "account-data": "/account/data/",
    "account-security": "/accounts/2fa/",
    "account-sessions": "/accounts/sessions/",
    "account-email": "/accounts/email/",
    "wishlist": "/wishlist/",
    "reviews": "/p/lilac-runner/reviews/",
    "review": "/p/kitchen-radio/review/",
    "orders": "/orders/",
    "order-find": "/orders/find/",
    "outbox": "/outbox/",
    "not-found": "/p/nothing/",
}
STRANGERS_PAGES = {
    "login": "/accounts/login/",
    "signup": "/accounts/signup/",
    "password-reset": "/accounts/password/reset/",
    "cart-empty": "/cart/",
    "styleguide": "/styleguide/",
    "terms": "/terms/",
    "privacy": "/privacy/",
    "shipping": "/shipping/",
    "returns": "/returns/",
    "notice": "/notices/PRS-CHR/",
}
STAFF_PAGES = {
    "admin": "/admin/",
    "admin-stock": "/admin/inventory/stockitem/",
    "admin-reservations": "/admin/inventory/reservation/",
    "admin-orders": "/admin/orders/order/",
    "admin-reviews": "/admin/orders/review/",
    "admin-proof": "/admin/prove-stock/",
}


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with temporary_folder() as folder, shop(env=_demo(folder), workers=1, threads=8) as running, _browser() as browser:
        for scheme in SCHEMES:
            for size, viewport in SIZES.items():
                context = browser.new_context(base_url=running.url, viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
                _photograph(context, suffix=f"{scheme}-{size}")
                context.close()
    print(f"{len(list(PICTURES.glob('*.png')))} pictures in {PICTURES}")


def _demo(folder: Path) -> dict[str, str]:
    return {"DEMO": "1", "VAR_DIR": str(folder / "var")}


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


def _photograph(context: BrowserContext, *, suffix: str) -> None:
    page = context.new_page()
    for name, address in STRANGERS_PAGES.items():
        _take(page, name, address, suffix=suffix)
    _log_in(page, "user1@user.com")
    _add(page, "/p/kitchen-radio/")
    _fill_in_checkout(page)
    for name in ("checkout-contact", "checkout-delivery", "checkout-payment", "checkout-review"):
        _take(page, name, PAGES[name], suffix=suffix)
    page.goto("/checkout/review/")
    page.locator("#pay").click()
    _save(page, "provider", suffix=suffix)
    page.get_by_role("button", name=re.compile("^Pay Rp")).click()
    page.get_by_role("heading", name="Paid. It is yours.").wait_for(timeout=20_000)
    _save(page, "payment-paid", suffix=suffix)
    _add(page, "/p/merah-teapot/")
    for name, address in PAGES.items():
        if not name.startswith("checkout"):
            _take(page, name, address, suffix=suffix)
    page.goto("/orders/")
    page.locator(".order-row-number a").first.click()
    _save(page, "order", suffix=suffix)
    page.goto("/accounts/logout/")
    page.get_by_role("button", name=re.compile("out", re.IGNORECASE)).last.click()
    _log_in(page, "admin@admin.com")
    for name, address in STAFF_PAGES.items():
        _take(page, name, address, suffix=suffix)


def _log_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill("password123")
    page.locator("main button").first.click()
    page.wait_for_url(re.compile(r"/$"))


def _add(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name=re.compile("to cart")).click()
    page.get_by_role("heading", name="Held for you").first.wait_for()


def _fill_in_checkout(page: Page) -> None:
    page.goto("/checkout/contact/")
    page.get_by_label("Full name").fill("Maya Lestari")
    page.get_by_label("Phone").fill("0812 3456 7890")
    page.locator("#continue").click()
    page.get_by_label("Street and house number").fill("Jl. Kemang Raya 12")
    page.get_by_label("City or regency").fill("Jakarta Selatan")
    page.get_by_label("Postcode").fill("12730")
    page.get_by_role("radio").first.check()
    page.locator("#continue").click()
    page.get_by_role("radio").first.check()
    page.locator("#continue").click()


def _take(page: Page, name: str, address: str, *, suffix: str) -> None:
    page.goto(address)
    _save(page, name, suffix=suffix)


def _save(page: Page, name: str, *, suffix: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}-{suffix}.png", full_page=True)


if __name__ == "__main__":
    sys.exit(main())
