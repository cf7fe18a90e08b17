"""The order page, the result of a payment in each of its states, the list, and a guest's look-up."""

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import Reservation, StockItem
from orders import services
from orders.models import Order, OrderEvent, OrderEventKind, OrderStatus, Payment, PaymentStatus
from tests.factories import UserFactory, paid_order, placed_order, report
from tests.orders.pages import add, check_out, on_sale, payment_of, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(client: Client) -> Order:
    """An order of this browser that waits for its payment."""
    add(client, on_sale(), quantity=2)
    return place_order(client)


def page_of(order: Order, name: str = "order") -> str:
    return reverse(f"orders:{name}", args=[order.pk])


def text_of(answer) -> str:
    return answer.content.decode()


def order_as_member(member: Client) -> Order:
    """Check out and press Pay; a member's cart is known without a cookie."""
    check_out(member)
    member.post(reverse("orders:checkout_review"))
    return Order.objects.exclude(user=None).latest("placed_at")


def happen(order: Order, kind: OrderEventKind, text: str, *, status: OrderStatus | None = None) -> None:
    OrderEvent.objects.create(order=order, kind=kind, text=text, actor="tests", happened_at=timezone.now())
    if status is not None:
        order.status = status
        order.save(update_fields=["status"])


def test_order_shows_number_state_lines_total_and_address(client: Client, order: Order):
    page = text_of(client.get(page_of(order)))

    for words in [
        order.number,
        "Waiting for payment",
        "Rp\u00a0520.000",
        "Jl. Melati 5",
        "Order placed.",
        "Continue to",
    ]:
        assert words in page


@pytest.mark.parametrize("name", ["order", "order_payment"])
def test_order_is_not_found_by_others(order: Order, name):
    member = Client()
    member.force_login(UserFactory())

    for other in (Client(), member):
        answer = other.get(page_of(order, name))
        assert answer.status_code == 404
        assert order.number not in text_of(answer)


@pytest.mark.parametrize("name", ["order_pay", "order_cancel"])
def test_order_is_not_touched_by_others(order: Order, name):
    assert Client().post(page_of(order, name)).status_code == 404

    order.refresh_from_db()
    assert order.is_awaiting_payment


def test_an_order_that_is_not_found_offers_the_two_ways_to_it_and_no_hint(order: Order):
    stranger = Client()
    pages = []
    for address in [page_of(order), reverse("orders:order", args=[uuid.uuid4()])]:
        answer = stranger.get(address)
        assert answer.status_code == 404
        assert reverse("orders:order_find") in text_of(answer)
        assert f"{reverse('account_login')}?next={address}" in text_of(answer)
        pages.append(re.sub(r"[0-9a-f-]{36}|value=\"[^\"]{64}\"", "", text_of(answer)))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("verb", ["order_pay", "order_cancel"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_verb_in_the_address_bar_leads_to_the_order(client: Client, order: Order, verb, method):
    answer = getattr(client, method)(page_of(order, verb))

    assert (answer.status_code, answer["Location"]) == (302, page_of(order))
    order.refresh_from_db()
    assert order.status == OrderStatus.AWAITING_PAYMENT


def test_an_unknown_order_is_not_found(client: Client):
    assert client.get(reverse("orders:order", args=[uuid.uuid4()])).status_code == 404


def test_pay_goes_on_with_the_attempt_that_is_open(client: Client, order: Order):
    answer = client.post(page_of(order, "order_pay"))

    assert (answer.status_code, answer["Location"]) == (303, payment_of(order).redirect_url)


def test_pay_refuses_after_the_deadline(client: Client, order: Order):
    Order.objects.update(pay_by=timezone.now() - timedelta(seconds=1))

    answer = client.post(page_of(order, "order_pay"))

    assert answer.status_code == 409
    assert "This order cannot be paid" in text_of(answer)


def test_cancel_gives_the_units_back_once(client: Client, order: Order):
    first = client.post(page_of(order, "order_cancel"))
    second = client.post(page_of(order, "order_cancel"))

    assert (first.status_code, second.status_code) == (303, 303)
    assert StockItem.objects.get().held == 0
    assert "Nothing was charged" in text_of(client.get(page_of(order)))
    assert order.events.filter(kind=OrderEventKind.CANCELLED).count() == 1


def test_cancel_refuses_a_sent_order(client: Client, order: Order):
    report(services.start_payment(order_id=order.pk, now=timezone.now()), now=timezone.now())
    services.fulfil_order(order_id=order.pk, now=timezone.now(), actor="boss")

    answer = client.post(page_of(order, "order_cancel"))

    assert answer.status_code == 409
    assert "This order cannot be cancelled" in text_of(answer)


def test_payment_pending_asks_again_by_itself_and_offers_a_refresh(client: Client, order: Order):
    page = text_of(client.get(page_of(order, "order_payment")))

    assert "Waiting for your payment" in page
    assert 'hx-trigger="every 2s"' in page
    assert ">Refresh</a>" in page


def test_payment_stops_asking_when_it_is_known(client: Client, order: Order):
    happen(order, OrderEventKind.PAID, "Paid.", status=OrderStatus.PAID)

    part = text_of(client.get(page_of(order, "order_payment"), headers={"HX-Request": "true"}))

    assert "Paid. It is yours." in part
    assert "hx-trigger" not in part
    assert "<html" not in part
    assert 'id="say"' in part


def test_payment_is_spoken_with_one_full_stop_after_the_title(client: Client, order: Order):
    happen(order, OrderEventKind.PAID, "Paid.", status=OrderStatus.PAID)

    page = text_of(client.get(page_of(order, "order_payment"), headers={"HX-Request": "true"}))

    assert "Paid. It is yours. Order" in page


def test_payment_declined_offers_another_try_while_the_hold_lives(client: Client, order: Order):
    Payment.objects.update(status=PaymentStatus.DECLINED)
    happen(order, OrderEventKind.PAYMENT_DECLINED, "The payment was declined.")

    page = text_of(client.get(page_of(order, "order_payment")))
    again = client.post(page_of(order, "order_pay"))

    assert "Not paid" in page
    assert "Everything stays held for you until" in page
    assert "Try again" in page
    assert again["Location"] == Payment.objects.get(status=PaymentStatus.PENDING).redirect_url


def test_payment_declined_after_the_deadline_offers_no_try(client: Client, order: Order):
    happen(order, OrderEventKind.PAYMENT_DECLINED, "The payment was declined.")
    Order.objects.update(pay_by=timezone.now() - timedelta(seconds=1))

    page = text_of(client.get(page_of(order, "order_payment")))

    assert "Not paid in time" in page
    assert "Try again" not in page


@pytest.mark.parametrize(
    ("kind", "status", "title"),
    [
        (OrderEventKind.EXPIRED, OrderStatus.EXPIRED, "Not paid in time"),
        (OrderEventKind.CANCELLED, OrderStatus.CANCELLED, "Cancelled"),
        (OrderEventKind.PAID_LATE_KEPT, OrderStatus.PAID, "Paid after the deadline, and you still got it"),
        (OrderEventKind.PAID_LATE_REFUNDED, OrderStatus.REFUNDED, "Paid too late. Your money is on its way back"),
        (OrderEventKind.PAID_LATE_REFUNDED, OrderStatus.CANCELLED, "Paid too late. Your money is on its way back"),
        (OrderEventKind.PAID_TWICE, OrderStatus.PAID, "You paid twice"),
        (OrderEventKind.AMOUNT_DIFFERS, OrderStatus.AWAITING_PAYMENT, "The amount was not the one we asked for"),
        (OrderEventKind.FULFILLED, OrderStatus.FULFILLED, "Paid. It is yours."),
    ],
)
def test_payment_result_has_words_for_each_end(client: Client, order: Order, kind, status, title):
    happen(order, kind, "The sentence of the timeline.", status=status)

    page = text_of(client.get(page_of(order, "order_payment")))

    assert f'<h1 class="result-title">{title}</h1>' in page
    assert "hx-trigger" not in page
    assert ("Try again" in page) == (status == OrderStatus.AWAITING_PAYMENT)


def test_list_is_for_members(client: Client):
    answer = client.get(reverse("orders:order_list"))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_list_shows_own_orders_only(client: Client, order: Order):
    member = Client()
    member.force_login(UserFactory())
    add(member, on_sale())
    own = order_as_member(member)

    page = text_of(member.get(reverse("orders:order_list")))

    assert own.number in page
    assert order.number not in page
    assert "is held until" in page


def test_find_needs_number_and_address_and_refuses_both_alike(order: Order):
    guest, find = Client(), reverse("orders:order_find")

    wrong_number = guest.post(find, {"number": "T-0000-0000", "email": order.email})
    wrong_email = guest.post(find, {"number": order.number, "email": "somebody@example.com"})

    assert (wrong_number.status_code, wrong_email.status_code) == (422, 422)
    assert "No order has this number and this e-mail address." in text_of(wrong_number)
    assert "No order has this number and this e-mail address." in text_of(wrong_email)
    assert guest.get(page_of(order)).status_code == 404


def test_find_forgives_spelling_and_opens_the_order(order: Order):
    guest = Client()
    spelled = order.number.lower().replace("-", " ")

    answer = guest.post(reverse("orders:order_find"), {"number": spelled, "email": order.email.upper()})

    assert answer["Location"] == page_of(order)
    assert guest.get(page_of(order)).status_code == 200


@pytest.mark.parametrize("typed", [{}, {"number": "", "email": ""}, {"number": "T-1", "email": "maya"}])
def test_find_says_what_is_missing(client: Client, typed):
    answer = client.post(reverse("orders:order_find"), typed)

    assert answer.status_code == 422
    assert "field-error" in text_of(answer)


def test_find_is_throttled_by_address(client: Client, order: Order):
    find = reverse("orders:order_find")
    for number in range(10):
        client.post(find, {"number": f"T-0000-000{number}", "email": order.email})

    answer = client.post(find, {"number": order.number, "email": order.email})

    assert answer.status_code == 429
    assert answer["Retry-After"] == "600"


def test_find_is_throttled_by_the_network_of_an_ipv6_address(client: Client, order: Order):
    """One household has 2^64 of them."""
    find = reverse("orders:order_find")
    for number in range(10):
        typed = {"number": f"T-0000-000{number}", "email": order.email}
        Client(REMOTE_ADDR=f"2001:db8:0:1::{number + 1}").post(find, typed)

    typed = {"number": order.number, "email": order.email}
    within = Client(REMOTE_ADDR="2001:db8:0:1:ffff::1").post(find, typed)
    outside = Client(REMOTE_ADDR="2001:db8:0:2::1").post(find, typed)

    assert (within.status_code, outside.status_code) == (429, 303)


def test_find_is_throttled_by_number_however_it_is_spelled(order: Order):
    find = reverse("orders:order_find")
    # The last of them a collation of the database takes for the number itself.
    spellings = [order.number, order.number.replace("-", "").lower(), order.number[2:], f"{order.number}\u00e9"]
    for position in range(10):
        spelled = spellings[position % len(spellings)]
        Client(REMOTE_ADDR=f"10.0.0.{position}").post(find, {"number": spelled, "email": "x@example.com"})

    answer = Client(REMOTE_ADDR="10.0.0.99").post(find, {"number": order.number, "email": order.email})

    assert answer.status_code == 429


def test_cart_shows_the_order_that_waits_for_payment(client: Client, order: Order):
    page = text_of(client.get(reverse("orders:cart")))

    assert f"{order.number}</span> is held until" in page
    assert "Continue to payment" in page


@pytest.mark.parametrize("lines", [1, 3])
@pytest.mark.parametrize("name", ["order", "order_payment"])
def test_order_query_count_does_not_grow(client: Client, django_assert_num_queries, lines, name):
    for _ in range(lines):
        add(client, on_sale())
    order = place_order(client)

    with django_assert_num_queries(9):
        client.get(page_of(order, name))


@pytest.mark.parametrize("orders", [1, 3])
def test_list_query_count_does_not_grow(client: Client, django_assert_num_queries, orders):
    client.force_login(UserFactory())
    for _ in range(orders):
        add(client, on_sale())
        order_as_member(client)

    with django_assert_num_queries(9):
        client.get(reverse("orders:order_list"))


@pytest.mark.parametrize("orders", [1, 3])
def test_list_leads_to_the_invoices_of_paid_orders_at_the_same_cost(client: Client, django_assert_num_queries, orders):
    member = UserFactory()
    client.force_login(member)
    invoices = [paid_order(user=member).papers.get() for _ in range(orders)]
    placed_order(user=member)

    with django_assert_num_queries(9):
        page = client.get(reverse("orders:order_list")).text

    assert page.count("order-row-paper") == orders
    for invoice in invoices:
        assert f'href="{reverse("orders:order_paper", args=[invoice.order_id, invoice.number])}"' in page


def test_placing_moves_the_hold_to_the_payment_window(client: Client, order: Order):
    assert Reservation.objects.get().expires_at == order.pay_by
