"""Every page in every state: no axe violation, light and dark; fits on 320 px, asks nobody else, has no complaint."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.e2e.conftest import PHONE
from tests.servers import Shop

pytestmark = pytest.mark.e2e

NARROW = {"width": 320, "height": 640}
CSRF = "c" * 32
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What depends on the colour scheme; the other rules read the same page in both.
COLOURS = ["color-contrast", "link-in-text-block"]
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One row of the table: who goes where, and the words that prove that the page is in the state it is here for.

    With `post` the address is asked with a form, with a token unless `is_forged`. `body` names a page that a healthy
    shop does not answer with; it is shown at this address. `{names}` in address and form are the ids of the stage.
    """

    path: str
    shows: str
    who: str = "stranger"
    post: dict[str, str] | None = None
    is_forged: bool = False
    body: str = ""
    status: int = 200
    # Where one landmark stands in several states, as in the gallery.
    repeats_landmarks: bool = False


PAGES = {
    # The last minute of a hold comes first: it does not wait.
    "cart, soon": Visit(path="/cart/", who="soon", shows="0:"),
    "checkout, soon": Visit(path="/checkout/review/", who="soon", shows="One minute left"),
    "product, soon": Visit(path="/p/cabin-case/", who="soon", shows="One minute left"),
    # The shelves
    "home": Visit(path="/", shows="In your cart means it is yours"),
    "drops": Visit(path="/drops/", shows="Runner evening"),
    "drop that runs": Visit(path="/drops/runner-evening/", shows="Open now"),
    "drop that comes": Visit(path="/drops/soft-launch/", shows="Early access"),
    "ready for a drop": Visit(path="/drops/soft-launch/ready/", shows="Get ready"),
    "pre-order": Visit(path="/p/lilac-runner/?sku=RUN-LIL-43", shows="You can pre-order it."),
    "home, dark by choice": Visit(path="/", who="night", shows="In your cart means it is yours"),
    "home, holding": Visit(path="/", who="holder", shows="You hold 4 items"),
    "home, ended": Visit(path="/", who="ended", shows="no longer held"),
    "category": Visit(path="/c/shoes/", shows="products"),
    "category, filtered": Visit(
        path="/c/shoes/?stock=free&lowest=100000&trait=brand:Langkah", shows="take this filter off"
    ),
    "category, filtered to nothing": Visit(path="/c/shoes/?highest=1", shows="No products match"),
    "category, filter refused": Visit(path="/c/shoes/?lowest=-1", shows="greater than"),
    "search": Visit(path="/search/", shows="Type a name"),
    "search, found": Visit(path="/search/?q=lilac", shows="“lilac”"),
    "search, some words": Visit(path="/search/?q=lilac+zeppelin", shows="Nothing has all of these words"),
    "search, another word meant": Visit(path="/search/?q=lilca", shows="Did you mean"),
    "search, nothing found": Visit(path="/search/?q=zeppelin", shows="Nothing for “zeppelin”"),
    "product, free": Visit(path="/p/lilac-runner/?sku=RUN-LIL-41", shows="free now"),
    "product, low": Visit(path="/p/chefs-knife/", shows="4 left"),
    "product, all held": Visit(path="/p/solo-guitar/?sku=GTR-JAD", shows="All held: 1 in another cart"),
    "product, sold out": Visit(path="/p/kiss-lock-purse/", shows="Sold out"),
    "product, held by you": Visit(path="/p/mixing-bowl/", who="holder", shows="Nobody else can take it"),
    "product, ended and free": Visit(path="/p/field-watch/", who="ended", shows="Your hold ended"),
    "product, ended and taken": Visit(
        path="/p/senja-dress/?sku=SNJ-DSK-M", who="ended", shows="Someone else has it now"
    ),
    "product, ended by staff": Visit(path="/p/low-keyboard/", who="stopped", shows="We had to end your hold"),
    # The waiting room
    **{
        f"room, {name}": Visit(path=f"/rooms/room-{name}/", who=f"room-{name}", shows=words)
        for name, words in {
            "shut": "Come back then",
            "outside": "Take a place",
            "before": "You are here in time",
            "line": "people before you",
            "next": "Your place is kept if you close this page",
            "stopped": "Nobody is let in at the moment",
            "turn": "It is your turn",
            "missed": "Your turn passed",
            "inside": "You are in",
            "over": "This sale is over",
        }.items()
    },
    # The cart
    "cart, empty": Visit(path="/cart/", shows="Nothing here yet."),
    "cart, held": Visit(path="/cart/", who="holder", shows="ends first"),
    "cart, ended": Visit(path="/cart/", who="ended", shows="No longer held"),
    "cart, ended by staff": Visit(path="/cart/", who="stopped", shows="stock damaged"),
    "cart, coupon": Visit(path="/cart/", who="couponed", shows="ONGKIR"),
    "cart, coupon refused": Visit(
        path="/cart/coupon/", who="holder", post={"coupon_code": "NOPE"}, status=422, shows="We know no coupon NOPE"
    ),
    "cart, not added": Visit(
        path="/cart/add/", post={"variant": "{sold_out}", "quantity": "1"}, status=422, shows="Nothing was added"
    ),
    "cart, line gone": Visit(
        path=f"/cart/lines/{NOBODY}/remove/", who="holder", post={}, status=404, shows="This is your cart as it is now"
    ),
    # The checkout
    "contact": Visit(path="/checkout/contact/", who="fresh", shows="How do we reach you?"),
    "contact, refused": Visit(
        path="/checkout/contact/",
        who="fresh",
        post={"email": "maya", "phone": "1"},
        status=422,
        shows="Check 3 answers",
    ),
    "delivery": Visit(path="/checkout/delivery/", who="holder", shows="Where does it go?"),
    "contact, from the book": Visit(path="/checkout/contact/", who="bookish", shows="Send it here"),
    "delivery, refused": Visit(
        path="/checkout/delivery/", who="holder", post={"postal_code": "1"}, status=422, shows="Check 4 answers"
    ),
    "payment": Visit(path="/checkout/payment/", who="holder", shows="How do you want to pay?"),
    "payment, back-order terms": Visit(path="/checkout/payment/", who="patient", shows="How do you want to pay?"),
    "payment, refused": Visit(path="/checkout/payment/", who="holder", post={}, status=422, shows="Check one answer"),
    "review": Visit(path="/checkout/review/", who="holder", shows="Is everything right?"),
    "review, coupon": Visit(path="/checkout/review/", who="couponed", shows="ONGKIR"),
    "review, another total": Visit(
        path="/checkout/review/", who="holder", post={"total": "1"}, status=409, shows="Is everything right?"
    ),
    # The payment, in each of its ends
    "payment, awaited": Visit(path="/orders/{awaiting}/payment/", who="buyer", shows="Waiting for your payment"),
    "payment, declined": Visit(path="/orders/{declined}/payment/", who="buyer", shows="Not paid"),
    "payment, paid": Visit(path="/orders/{paid}/payment/", who="buyer", shows="Paid. It is yours."),
    "payment, late and kept": Visit(path="/orders/{kept}/payment/", who="buyer", shows="you still got it"),
    "payment, late and refunded": Visit(path="/orders/{refunded}/payment/", who="buyer", shows="Paid too late"),
    "payment, twice": Visit(path="/orders/{twice}/payment/", who="buyer", shows="You paid twice"),
    "payment, too little": Visit(path="/orders/{little}/payment/", who="buyer", shows="The amount was not"),
    "payment, over": Visit(path="/orders/{expired}/payment/", who="buyer", shows="Not paid in time"),
    "payment, cancelled": Visit(path="/orders/{cancelled}/payment/", who="buyer", shows="Cancelled"),
    # The order
    "order, awaiting": Visit(path="/orders/{awaiting}/", who="buyer", shows="Held while you pay"),
    "order, paid": Visit(path="/orders/{paid}/", who="buyer", shows="Paid. It is yours."),
    "order, partly sent": Visit(path="/orders/{parcels}/", who="buyer", shows="Parcels"),
    "order, delivered": Visit(path="/orders/{delivered}/", who="buyer", shows="Parcels"),
    "order, with a return": Visit(path="/orders/{returned}/", who="buyer", shows="Withdraw return"),
    "order, paid and given up": Visit(path="/orders/{given_up}/", who="buyer", shows="Cancelled"),
    "return": Visit(path="/orders/{delivered}/return/", who="buyer", shows="Ask for the return"),
    "return, refused": Visit(path="/orders/{delivered}/return/", who="buyer", post={}, status=422, shows="Check"),
    "return, nothing to send": Visit(path="/orders/{paid}/return/", who="buyer", shows="Nothing can be sent back now"),
    "order, cancelled": Visit(path="/orders/{cancelled}/", who="buyer", shows="Cancelled"),
    "order, refunded": Visit(path="/orders/{refunded}/", who="buyer", shows="Paid too late"),
    "order, not paid in time": Visit(path="/orders/{expired}/", who="buyer", shows="Not paid in time"),
    "order, to claim": Visit(path="/orders/{paid}/", who="member", shows="Add it to your account"),
    "order, in an account": Visit(path="/orders/{parcels}/", who="member", shows="Buy again"),
    "order, somebody else's": Visit(path="/orders/{paid}/", status=404, shows="We cannot show an order here"),
    "orders": Visit(path="/orders/", who="member", shows="T-"),
    "orders, found by address": Visit(path="/orders/", who="newcomer", shows="We found 2 orders"),
    "orders, none": Visit(path="/orders/", who="staff", shows="No orders yet."),
    "find order": Visit(path="/orders/find/", shows="Find"),
    "find order, refused": Visit(path="/orders/find/", post={"email": "maya"}, status=422, shows="Check 2 answers"),
    "find order, none": Visit(
        path="/orders/find/",
        post={"number": "T-2222-2222", "email": "maya@example.com"},
        status=422,
        shows="No order has",
    ),
    # The account
    "sign in": Visit(path="/accounts/login/", shows="Sign in"),
    "sign in, refused": Visit(path="/accounts/login/", post={"login": "maya"}, shows="Check 2 answers"),
    "sign up": Visit(path="/accounts/signup/", shows="Make an account"),
    "sign up, refused": Visit(
        path="/accounts/signup/", post={"email": "maya@stage.example", "password1": "1"}, shows="Check one answer"
    ),
    "sign out": Visit(path="/accounts/logout/", who="member", shows="Sign out?"),
    "reset": Visit(path="/accounts/password/reset/", shows="Reset the password"),
    "reset, refused": Visit(path="/accounts/password/reset/", post={"email": "maya"}, shows="Check one answer"),
    "reset, sent": Visit(path="/accounts/password/reset/done/", shows="Look into your mail"),
    "reset, new password": Visit(path="/accounts/password/reset/key/{reset_key}/", shows="Choose a new password"),
    "reset, link used": Visit(path="/accounts/password/reset/key/1-bad/", shows="This link is used up"),
    "reset, done": Visit(path="/accounts/password/reset/key/done/", shows="Your new password is set"),
    "addresses": Visit(path="/accounts/email/", who="member", shows="Not confirmed"),
    "addresses, confirm": Visit(
        path="/accounts/confirm-email/{confirm_key}/", who="newcomer", shows="Confirm your address"
    ),
    "addresses, link sent": Visit(path="/accounts/confirm-email/", shows="Confirm your address"),
    "addresses, link used": Visit(path="/accounts/confirm-email/bad/", shows="link"),
    "account": Visit(path="/account/", who="member", shows="Your holds"),
    "address book": Visit(path="/account/addresses/", who="guarded", shows="Offered first"),
    "address book, empty": Visit(path="/account/addresses/", who="member", shows="No addresses yet."),
    "address, new": Visit(path="/account/addresses/new/", who="member", shows="A new address"),
    "address, refused": Visit(
        path="/account/addresses/new/", who="member", post={"phone": "1"}, status=422, shows="Check 5 answers"
    ),
    "details": Visit(path="/account/details/", who="member", shows="Name and language"),
    "details, in Indonesian": Visit(path="/account/details/", who="reader", shows="Nama dan bahasa"),
    "data": Visit(path="/account/data/", who="member", shows="Take everything along"),
    "leave": Visit(path="/account/leave/", who="guarded", shows="What stays"),
    "leave, refused": Visit(path="/account/leave/", who="guarded", post={}, status=422, shows="Tick the box"),
    "who are you": Visit(path="/accounts/reauthenticate/", who="locked", shows="Is it you?"),
    "who are you, code": Visit(path="/accounts/2fa/reauthenticate/", who="guarded", shows="Is it you?"),
    "security": Visit(path="/accounts/2fa/", who="guarded", shows="See passkeys"),
    "security, password alone": Visit(path="/accounts/2fa/", who="newcomer", shows="Add a passkey"),
    "codes, off": Visit(path="/accounts/2fa/totp/deactivate/", who="guarded", shows="Keep them on"),
    "codes, on": Visit(path="/accounts/2fa/totp/activate/", who="sure", shows="Turn codes on"),
    "recovery codes": Visit(path="/accounts/2fa/recovery-codes/", who="guarded", shows="Unused: 10 of 10"),
    "recovery codes, new": Visit(path="/accounts/2fa/recovery-codes/generate/", who="guarded", shows="at once"),
    "passkeys": Visit(path="/accounts/2fa/webauthn/", who="guarded", shows="My phone"),
    "passkey, new": Visit(path="/accounts/2fa/webauthn/add/", who="sure", shows="Add the passkey"),
    "sessions": Visit(path="/accounts/sessions/", who="member", shows="Where you are signed in"),
    "password": Visit(path="/accounts/password/set/", who="member", shows="password"),
    "inactive": Visit(path="/accounts/inactive/", shows="This account is closed"),
    # For later, and what others think
    "wishlist, empty": Visit(path="/wishlist/", shows="Tap the heart"),
    "wishlist, a guest's": Visit(path="/wishlist/", who="wishful", shows="Move to cart"),
    "wishlist, a member's": Visit(path="/wishlist/", who="guarded", shows="Make the link worthless"),
    "wishlist, shared": Visit(path="/wishlist/of/{shared}/", shows="Wishlist of Maya"),
    "product, on the wishlist": Visit(path="/p/morning-cup/", who="wishful", shows="On your wishlist"),
    "product, reviewed": Visit(path="/p/paper-lantern/", shows="Reviews: 2"),
    "reviews": Visit(path="/p/paper-lantern/reviews/", shows="Reviews: 2"),
    "review, not a buyer": Visit(path="/p/paper-lantern/review/", who="member", shows="for those who bought it"),
    "review, to write": Visit(path="/p/paper-lantern/review/", who="reviewer", shows="Write it anew"),
    "review, refused": Visit(
        path="/p/paper-lantern/review/", who="reviewer", post={"text": "x"}, status=422, shows="Check one answer"
    ),
    "notice": Visit(path="/notices/PRS-CHR/", shows="Write to me"),
    "notice, refused": Visit(
        path="/notices/PRS-CHR/", post={"notice_email": "m"}, status=422, shows="Check one answer"
    ),
    "notice, asked": Visit(path="/notices/PRS-CHR/", post={"notice_email": "m@stage.example"}, shows="We will write"),
    "notice, stop": Visit(path="/notices/stop/{stop}/", shows="Stop them"),
    "notice, stopped": Visit(path="/notices/stop/{stop}/", post={}, shows="Stopped"),
    # What the shop says of itself
    "terms": Visit(path="/terms/", shows="What a hold is"),
    "terms, in Indonesian": Visit(path="/terms/", who="reader", shows="Apa artinya ditahan"),
    "privacy": Visit(path="/privacy/", shows="What we keep"),
    "shipping": Visit(path="/shipping/", shows="We send within Indonesia"),
    "returns": Visit(path="/returns/", shows="Another size or colour"),
    # What goes wrong
    "400": Visit(path="/cart/add/", post={f"f{n}": "" for n in range(1001)}, status=400, shows="could not read"),
    "403": Visit(path="/admin/orders/order/", who="clerk", status=403, shows="not open to you"),
    "403, stale form": Visit(path="/cart/add/", post={}, is_forged=True, status=403, shows="Send it once more"),
    "404": Visit(path="/p/nothing/", status=404, shows="There is nothing at this address"),
    "404, refused": Visit(path="/cart/add/", who="holder", post={"quantity": "1"}, status=404, shows="Not found"),
    "413": Visit(path="/theme/", body="413", status=413, shows="Too large"),
    "500": Visit(path="/cart/", body="500", status=500, shows="Something broke on our side"),
    "503": Visit(path="/cart/", body="503", status=503, shows="closed for a moment"),
    "style guide": Visit(path="/styleguide/", shows="Every component in every state", repeats_landmarks=True),
    # The provider in the house
    "provider": Visit(path="{pay_awaiting}", shows="Play what can go wrong"),
    "provider, paid": Visit(path="{pay_paid}", shows="This payment is made"),
    "provider, over": Visit(path="{pay_expired}", shows="The time for this payment is over"),
    "provider, refused": Visit(path="/sandbox/pay/?request=bad", status=422, shows="cannot go on"),
    # Staff
    "staff": Visit(path="/admin/", who="staff", shows="Orders to send"),
    "staff, review": Visit(path="/admin/orders/review/{review}/change/", who="staff", shows="Publish"),
    "staff, order": Visit(path="/admin/orders/order/{paid}/change/", who="staff", shows="T-"),
    "staff, order partly sent": Visit(path="/admin/orders/order/{parcels}/change/", who="staff", shows="JNE"),
    "staff, order to look at": Visit(path="/admin/orders/order/{little}/change/", who="staff", shows="T-"),
}


@dataclass(frozen=True)
class Stage:
    """The shop with every state in it, and a browser window for each of its visitors."""

    house: Shop
    browser: Browser
    props: dict[str, Any]
    windows: dict[str, BrowserContext]

    def window(self, who: str) -> BrowserContext:
        if who not in self.windows:
            window = self.browser.new_context(
                base_url=self.house.url,
                viewport=PHONE,  # type: ignore[arg-type]
                color_scheme="light",
                reduced_motion="reduce",
            )
            cookies = {"csrftoken": CSRF, **self.props["visitors"][who]}
            window.add_cookies(
                [{"name": name, "value": value, "url": self.house.url} for name, value in cookies.items()]
            )
            self.windows[who] = window
        return self.windows[who]


@pytest.fixture(scope="module")
def stage(browser: Browser, running: Shop) -> Iterator[Stage]:
    printed = running.manage("shell", "--no-imports", "-v", "0", "-c", "from tests.e2e.stage import main; main()")
    windows: dict[str, BrowserContext] = {}
    yield Stage(running, browser, json.loads(printed.strip().splitlines()[-1]), windows)
    for window in windows.values():
        window.close()


@pytest.mark.parametrize("visit", PAGES.values(), ids=PAGES)
def test_page_is_for_everybody_fits_and_stays_at_home(stage: Stage, visit: Visit) -> None:
    page = stage.window(visit.who).new_page()
    complaints: list[str] = []
    strangers: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: strangers.append(asked.url) if not asked.url.startswith(stage.house.url) else None)

    status = _go(page, visit, stage=stage)
    words = page.inner_text("body")
    # What is folded is part of the page.
    page.evaluate("document.querySelectorAll('details').forEach((fold) => fold.open = true)")
    page.evaluate(AXE_SCRIPT)
    leaves_out = ["landmark-unique"] if visit.repeats_landmarks else []
    found = {"light": _violations(page, {"type": "tag", "values": TAGS}, leaves_out=leaves_out)}
    page.emulate_media(color_scheme="dark")
    found["dark"] = _violations(page, {"type": "rule", "values": COLOURS})
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    too_wide = _too_wide(page)
    page.close()

    # The browser notes the status of an answer that is none of success; here it is what the page is for.
    notes = [text for text in complaints if f"status of {visit.status}" in text and visit.status != 200]
    assert (status, visit.shows in words) == (visit.status, True), words
    assert found == {"light": [], "dark": []}
    assert too_wide == []
    assert (strangers, [text for text in complaints if text not in notes]) == ([], [])


def test_what_looks_at_the_pages_is_not_blind(stage: Stage) -> None:
    page = stage.window("stranger").new_page()
    _go(page, PAGES["home"], stage=stage)
    page.evaluate(AXE_SCRIPT)

    page.evaluate("document.querySelector('h1').style.color = '#ccc'")
    assert "color-contrast at ['h1']" in " ".join(_violations(page, {"type": "rule", "values": COLOURS}))
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert _too_wide(page) == []
    page.evaluate("document.querySelector('h1').style.width = '30rem'")
    assert "H1" in " ".join(_too_wide(page))
    page.close()


def _go(page: Page, visit: Visit, *, stage: Stage) -> int:
    """Open the page as the visit has it; its status."""
    path = visit.path.format(**stage.props["ids"])
    if visit.body:
        # In the dress of a real answer: same headers, so the same policy.
        headers = page.request.get("/").headers
        page.route(
            f"**{path}",
            lambda route: route.fulfill(
                status=visit.status,
                body=stage.props["bodies"][visit.body],
                headers={
                    "content-type": headers["content-type"],
                    "content-security-policy": headers["content-security-policy"],
                },
            ),
        )
    elif visit.post is not None:
        form = {name: value.format(**stage.props["ids"]) for name, value in visit.post.items()}
        if not visit.is_forged:
            form["csrfmiddlewaretoken"] = CSRF

        def send(route: Route) -> None:
            typed = {**route.request.headers, "content-type": "application/x-www-form-urlencoded"}
            route.continue_(method="POST", headers=typed, post_data=urlencode(form))

        page.route(f"**{path}", send, times=1)
    answer = page.goto(path)
    page.evaluate("document.fonts.ready.then(() => true)")
    assert answer is not None
    return answer.status


def _violations(page: Page, what: dict[str, object], *, leaves_out: Sequence[str] = ()) -> list[str]:
    """Rule and place of every violation, with what axe says about it."""
    rules = {rule: {"enabled": False} for rule in leaves_out}
    options = {"runOnly": what, "rules": rules, "resultTypes": ["violations"], "preload": False}
    result = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{violation['id']} at {node['target']}: {node['failureSummary']} {node['html'][:200]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def _too_wide(page: Page) -> list[str]:
    """What sticks out of the page, where the page has to be pushed sideways to be read."""
    return page.evaluate(
        """() => {
            const root = document.scrollingElement, width = root.clientWidth;
            if (root.scrollWidth <= width) return [];
            return [...document.body.querySelectorAll("*")]
                .filter((element) => element.getBoundingClientRect().right > width + .5)
                .map((element) => `${element.tagName} ${element.className}: ${element.getBoundingClientRect().right}`);
        }"""
    )
