"""A passkey from its first press to the next signing in, on a device that can, under the shop's own content policy."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Shopper, ask
from tests.servers import Shop

pytestmark = pytest.mark.e2e

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_passkey_is_added_and_signs_in(shopper: Shopper, running: Shop) -> None:
    page = shopper()
    # A passkey belongs to a name; an address of numbers has none.
    house = running.url.replace("127.0.0.1", "localhost")
    _give_a_device(page)
    _member(running, email="key@example.com")
    page.goto(f"{house}/accounts/login/")
    page.get_by_label("E-mail").fill("key@example.com")
    page.get_by_label("Password").fill("a-good-password")
    page.locator("#sign-in").click()

    page.goto(f"{house}/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill("a-good-password")
    page.locator("#confirm").click()
    page.get_by_label("Name").fill("This laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()

    page.goto(f"{house}/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{house}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("link", name="Account", exact=True).first).to_be_visible()
    page.goto(f"{house}/accounts/2fa/webauthn/")
    expect(page.get_by_text("This laptop").first).to_be_visible()


def test_page_without_a_script_offers_no_passkey(shopper: Shopper) -> None:
    page = shopper(javascript=False)

    page.goto("/accounts/login/")

    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()


def _give_a_device(page: Page) -> None:
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


def _member(running: Shop, *, email: str) -> None:
    ask(
        running,
        "from allauth.account.models import EmailAddress\n"
        "from accounts.models import User\n"
        f"user = User.objects.create_user({email!r}, 'a-good-password')\n"
        "EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)\n"
        "answer = True",
    )
