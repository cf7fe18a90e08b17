"""What the e-mails say: each in both languages, whole, and with a text twin."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.template import engines
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from orders import services
from orders.api.idempotency import CART_HEADER
from orders.models import Checkout, Message, Order, Payment
from orders.services.message import word_message, write_order_message
from tests.factories import NOW, guest_cart, paid_order, placed_order
from tests.orders.mails import NAMES, PLACE_TOKEN, context_of

LANGUAGES = [code for code, _ in settings.LANGUAGES]
NOT_FILLED_IN = "(nothing here)"
# Those that lead to the cart, and their button in both languages; the others lead to the order.
OF_A_CART = {"hold_ending": ("Go to your cart", "Buka keranjang Anda"), "hold_ended": ("Hold it again", "Tahan lagi")}
# Those about the line: their button in both languages, and whether it leads to the place or to something to buy.
OF_THE_LINE = {
    "line_joined": ("See your place", "Lihat tempat Anda"),
    "line_turn": ("Buy it now", "Beli sekarang"),
    "line_missed": ("Join again", "Ikut antrean lagi"),
    "line_removed": ("Join again", "Ikut antrean lagi"),
    "line_over": ("See what is free now", "Lihat yang tersedia sekarang"),
}
OF_A_PRODUCT = {"back_in_stock": ("See it", "Lihat")}
OF_AN_ORDER = ("See the order", "Lihat pesanan")


def _link_of(name: str, order: Order) -> str:
    if name in OF_A_CART:
        return reverse("orders:cart")
    if name in ("line_joined", "line_turn"):
        return reverse("orders:line_open", args=[PLACE_TOKEN])
    if name in OF_THE_LINE:
        assert order.cart is not None
        product = order.cart.lines.get().variant.product
        return reverse("shop:home") if name == "line_over" else reverse("shop:product", args=[product.slug])
    if name in OF_A_PRODUCT:
        return reverse("shop:product", args=[order.lines.get().variant.product.slug])
    return reverse("orders:order", args=[order.pk])


def _worded(name: str, language: str, order: Order) -> dict[str, str]:
    return word_message(name=name, language=language, context=context_of(name, order))


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_mail_is_whole_in_every_language(name: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    order = paid_order()
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", NOT_FILLED_IN)

    worded = _worded(name, language, order)

    assert "\n" not in worded["subject"]
    assert 0 < len(worded["subject"]) < 78
    for part in worded.values():
        assert NOT_FILLED_IN not in part
        assert "{%" not in part
        assert "%(" not in part
    assert f'<html lang="{language}">' in worded["html"]
    link = _link_of(name, order)
    assert f"{settings.SITE_URL}{link}" in worded["text"]
    assert f'href="{settings.SITE_URL}{link}' in worded["html"]
    assert "<" not in worded["text"]
    assert "\n\n\n" not in worded["text"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_a_mail_says_what_its_html_says(name: str) -> None:
    order = paid_order()

    worded = _worded(name, "id", order)

    said = re.sub(r"\s+", " ", unescape(strip_tags(worded["html"])))
    for paragraph in worded["text"].split("\n--\n")[0].split("\n\n"):
        if "http" not in paragraph and ": Rp" not in paragraph:
            for line in paragraph.splitlines():
                assert re.sub(r"\s+", " ", line.strip(" :")) in said


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_no_mail_in_indonesian_is_in_english(name: str) -> None:
    context = context_of(name, paid_order())
    english, indonesian = (word_message(name=name, language=language, context=context) for language in ("en", "id"))

    assert english["subject"] != indonesian["subject"]
    buttons = {**OF_A_CART, **OF_A_PRODUCT, **OF_THE_LINE}.get(name, OF_AN_ORDER)
    assert [buttons[0] in english["text"], buttons[1] in indonesian["text"]] == [True, True]


@pytest.mark.django_db
def test_a_mail_is_written_in_the_language_of_its_order() -> None:
    cart = guest_cart(lines={paid_order().lines.get().variant: 1})
    services.save_checkout(cart_id=cart.pk, language="id")

    order = services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=NOW + timedelta(minutes=1), actor="tests")

    message = Message.objects.get(key__startswith=f"order_placed:{order.pk}")
    assert message.subject == f"Pesanan {order.number}: bayar sebelum 12.16 WIB"
    assert "ditahan untuk Anda sampai Sab 12 Des 2026, 12.16 WIB" in message.text


@pytest.mark.django_db
def test_a_mail_is_written_once_for_each_fact() -> None:
    order = placed_order()

    for _ in range(2):
        write_order_message(order, name="order_cancelled", now=NOW, refund_minor=0)

    assert Message.objects.filter(key__startswith="order_cancelled:").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("came", "status", "says"),
    [
        (1, "AWAITING_PAYMENT", "not the Rp\u00a0520.000 that it costs"),
        (520_000, "PAID", "You paid twice"),
        (520_000, "CANCELLED", "although it is cancelled"),
        (520_000, "REFUNDED", "none was left"),
    ],
)
def test_a_returned_payment_says_why(came: int, status: str, says: str) -> None:
    order = paid_order()
    Payment.objects.update(captured_minor=came)
    Order.objects.update(status=status)
    order.refresh_from_db()

    assert says in _worded("payment_refunded", "en", order)["text"]


@pytest.mark.django_db
@pytest.mark.parametrize(("header", "language"), [("id-ID,id;q=0.9,en;q=0.8", "id"), ("de,fr;q=0.5", "en"), ("", "en")])
def test_the_checkout_keeps_the_language_of_the_browser(client: Client, header: str, language: str) -> None:
    cart = guest_cart(lines={paid_order().lines.get().variant: 1}, now=NOW)
    headers = {"Accept-Language": header, CART_HEADER: services.cart_token(cart)}

    client.post(f"/api/v1/cart/{cart.pk}/checkout", {}, content_type="application/json", headers=headers)

    assert Checkout.objects.get(cart=cart).language == language


def test_everything_that_mails_say_is_translated() -> None:
    call_command("translations", "--check")
