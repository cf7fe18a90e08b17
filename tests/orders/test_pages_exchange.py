"""The exchange on the shopper's pages, from the return to the order that replaces it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import StockItem
from orders import services
from orders.models import Order, OrderStatus, ReturnRequest
from tests.books import nothing_changes
from tests.factories import StockItemFactory, VariantFactory, report
from tests.orders.pages import add, on_sale, place_order

pytestmark = pytest.mark.django_db

STAFF = "boss@example.com"


@pytest.fixture
def asked(client: Client) -> ReturnRequest:
    """An approved return of one of the two units that this browser ordered."""
    add(client, on_sale(), quantity=2)
    order = place_order(client)
    now = timezone.now()
    report(services.start_payment(order_id=order.pk, now=now), now=now)
    services.fulfil_order(order_id=order.pk, now=now, actor=STAFF)
    asked = services.request_return(
        order_id=order.pk, units={order.lines.get().pk: 1}, reason="DOES_NOT_FIT", remark="", now=now, actor="guest"
    )
    return services.decide_return(return_id=asked.pk, approve=True, answer="", now=now, actor=STAFF)


@pytest.fixture
def larger(asked: ReturnRequest) -> StockItem:
    product = asked.lines.get().order_line.variant.product
    return StockItemFactory(variant=VariantFactory(product=product, options={"Size": "44"}), on_hand=1)


def address(asked: ReturnRequest) -> str:
    return reverse("orders:return_exchange", args=[asked.order_id, asked.pk])


def press(client: Client, asked: ReturnRequest, variant: Any, key: str = "a" * 32) -> Any:
    return client.post(address(asked), {f"variant-{asked.lines.get().pk}": str(variant), "key": key})


def page(client: Client, order: Order) -> str:
    return client.get(reverse("orders:order", args=[order.pk])).content.decode()


def test_the_order_offers_it_and_a_choice_leads_to_the_new_order(
    client: Client, asked: ReturnRequest, larger: StockItem
) -> None:
    assert address(asked) in page(client, asked.order)
    shown = client.get(address(asked)).content.decode()

    answers = [press(client, asked, larger.variant.pk) for _ in range(2)]

    asked.refresh_from_db()
    replacement = asked.replacement
    assert replacement is not None
    assert "44" in shown
    assert [answer["Location"] for answer in answers] == [reverse("orders:order", args=[replacement.pk])] * 2
    assert Order.objects.count() == 2
    here, there = page(client, replacement), page(client, asked.order)
    assert "An exchange for return 1" in here
    assert "Waits for your return" in here
    assert "Undo the exchange" in here
    assert "Exchanged for order" in there
    assert replacement.number in there
    assert "Pays for an exchange" in there


def test_its_customer_undoes_it(client: Client, asked: ReturnRequest, larger: StockItem) -> None:
    press(client, asked, larger.variant.pk)
    asked.refresh_from_db()
    replacement = asked.replacement
    assert replacement is not None

    client.post(reverse("orders:order_cancel", args=[replacement.pk]))

    replacement.refresh_from_db()
    assert replacement.status == OrderStatus.CANCELLED
    shown = page(client, replacement)
    assert "The exchange was undone" in shown
    assert "on its way back" not in shown
    assert address(asked) in page(client, asked.order)


def test_a_choice_that_is_missing_sold_out_or_anothers_is_refused(
    client: Client, asked: ReturnRequest, larger: StockItem
) -> None:
    with nothing_changes():
        silent = client.post(address(asked), {"key": "a" * 32})
        foreign = press(client, asked, asked.pk)
        stranger = press(Client(), asked, larger.variant.pk)
    assert (silent.status_code, foreign.status_code, stranger.status_code) == (422, 422, 404)
    assert "Choose what you want instead." in silent.content.decode()


def test_what_is_sold_out_is_named_and_not_offered(client: Client, asked: ReturnRequest) -> None:
    product = asked.lines.get().order_line.variant.product
    StockItemFactory(variant=VariantFactory(product=product, options={"Size": "45"}), on_hand=0)

    shown = client.get(address(asked)).content.decode()

    assert shown.count('type="radio"') == 2
    assert shown.count("disabled") == 1
    assert "45 (sold out)" in shown


def test_a_return_that_cannot_be_exchanged_says_so(client: Client, asked: ReturnRequest, larger: StockItem) -> None:
    services.close_return(return_id=asked.pk, now=timezone.now(), actor=STAFF)

    assert "This return cannot be exchanged now" in client.get(address(asked)).content.decode()
    assert address(asked) not in page(client, asked.order)
    with nothing_changes():
        assert press(client, asked, larger.variant.pk).status_code == 409
