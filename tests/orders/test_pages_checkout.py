"""The four steps of the checkout, and the one button that places the order."""

import pytest
from django.test import Client
from django.urls import reverse

from inventory.models import Reservation, StockItem
from orders import services
from orders.models import Checkout, Order, Payment
from tests.factories import ShippingMethodFactory, UserFactory
from tests.orders.pages import ADDRESS, CONTACT, add, cart_of, check_out, end_holds, line_of, on_sale, place_order

pytestmark = pytest.mark.django_db

STEPS = ["contact", "delivery", "payment", "review"]


def step(name: str) -> str:
    return reverse(f"orders:checkout_{name}")


def text_of(answer) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("name", STEPS)
def test_a_step_without_a_cart_leads_to_the_cart(client: Client, name):
    answer = client.get(step(name))

    assert (answer.status_code, answer["Location"]) == (303, reverse("orders:cart"))


@pytest.mark.parametrize("name", STEPS)
def test_a_step_with_an_emptied_cart_leads_to_the_cart(client: Client, name):
    add(client, on_sale())
    check_out(client)
    client.post(reverse("orders:cart_empty"))

    assert client.get(step(name))["Location"] == reverse("orders:cart")


@pytest.mark.parametrize("name", ["delivery", "payment", "review"])
def test_a_later_step_leads_back_to_the_first_incomplete_one(client: Client, name):
    add(client, on_sale())

    answer = client.get(step(name))

    assert (answer.status_code, answer["Location"]) == (303, step("contact"))


def test_every_step_is_kept_and_leads_to_the_next(client: Client):
    method = ShippingMethodFactory()
    add(client, on_sale())

    contact = client.post(step("contact"), CONTACT)
    delivery = client.post(step("delivery"), {**ADDRESS, "shipping_method": method.pk})
    payment = client.post(step("payment"), {"gateway": "sandbox"})
    review = client.get(step("review"))

    assert [answer["Location"] for answer in (contact, delivery, payment)] == [step(name) for name in STEPS[1:]]
    kept = Checkout.objects.get()
    assert (kept.email, kept.name, kept.phone) == ("maya@example.com", "Maya Putri", "+6281234567890")
    assert (kept.address, kept.city, kept.postal_code) == ("Jl. Melati 5", "Jakarta", "12190")
    assert "Pay Rp\u00a0270.000" in text_of(review)
    assert "green gate" in text_of(review)


def test_the_review_lists_the_items_once_and_in_the_page_itself(client: Client):
    variant = on_sale()
    add(client, variant, quantity=2)
    check_out(client)

    page = text_of(client.get(step("review")))

    items = page.split('id="review-items"')[1].split("</section>")[0]
    assert variant.product.name in items
    assert "2 ×" in items
    assert page.count('class="summary-lines"') == 1


def test_the_summary_says_in_which_step_the_delivery_is_chosen(client: Client):
    add(client, on_sale())
    assert "chosen in the next step" in text_of(client.get(step("contact")))

    client.post(step("contact"), CONTACT)
    assert "chosen in this step" in text_of(client.get(step("delivery")))


def test_a_changed_detail_leads_straight_back_to_the_review(client: Client):
    add(client, on_sale())
    check_out(client)

    answer = client.post(step("contact"), {**CONTACT, "name": "Maya Dewi"})

    assert answer["Location"] == step("review")
    assert "Maya Dewi" in text_of(client.get(step("review")))


def test_the_total_stands_on_every_step(client: Client):
    add(client, on_sale(), quantity=2)
    check_out(client)

    for name in STEPS:
        assert "Rp\u00a0520.000" in text_of(client.get(step(name)))


@pytest.mark.parametrize("phone", ["0812 3456 7890", "+62 812-3456-7890", "62 81234567890", "(0812) 3456.7890"])
def test_contact_takes_a_phone_however_it_is_spaced(client: Client, phone):
    add(client, on_sale())

    answer = client.post(step("contact"), {**CONTACT, "phone": phone})

    assert answer.status_code == 303
    assert Checkout.objects.get().phone == "+6281234567890"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("phone", "12", "Phone must have 9 to 13 digits"),
        ("phone", "call me", "Phone must have 9 to 13 digits"),
        ("phone", "", "Enter a phone number. The courier calls it."),
        ("email", "maya", "Enter an e-mail address with an @ and a domain"),
        ("email", "", "Enter your e-mail address."),
        ("name", "   ", "Enter the name of the person who receives the parcel."),
    ],
)
def test_contact_says_the_repair_in_summary_and_at_the_field(client: Client, field, value, words):
    add(client, on_sale())

    answer = client.post(step("contact"), {**CONTACT, field: value})

    assert answer.status_code == 422
    assert text_of(answer).count(words) == 2
    assert f'<a href="#id_{field}">{words}' in text_of(answer)
    assert "<title>Error: " in text_of(answer)
    assert not Checkout.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("address", "", "Enter the street and the house number."),
        ("postal_code", "1219", "Postcode has 5 digits"),
        ("city", "", "Enter the city or regency."),
        ("shipping_method", "", "Choose how it should travel."),
        ("shipping_method", "999", "Choose one of the ways listed here."),
        ("shipping_method", "abc", "Choose one of the ways listed here."),
    ],
)
def test_delivery_says_the_repair(client: Client, field, value, words):
    method = ShippingMethodFactory()
    add(client, on_sale())
    client.post(step("contact"), CONTACT)

    answer = client.post(step("delivery"), {**ADDRESS, "shipping_method": method.pk, field: value})

    assert answer.status_code == 422
    assert text_of(answer).count(words) == 2
    assert f'id="id_{field}"' in text_of(answer)
    assert Checkout.objects.get().address == ""


def test_delivery_does_not_offer_a_method_that_was_switched_off(client: Client):
    ShippingMethodFactory()
    off = ShippingMethodFactory(code="off", name="By balloon", is_active=False)
    add(client, on_sale())
    client.post(step("contact"), CONTACT)

    answer = client.post(step("delivery"), {**ADDRESS, "shipping_method": off.pk})

    assert answer.status_code == 422
    assert "By balloon" not in text_of(answer)


def test_payment_refuses_an_unknown_provider(client: Client):
    method = ShippingMethodFactory()
    add(client, on_sale())
    client.post(step("contact"), CONTACT)
    client.post(step("delivery"), {**ADDRESS, "shipping_method": method.pk})

    answer = client.post(step("payment"), {"gateway": "gold"})

    assert answer.status_code == 422
    assert "Choose one of the ways listed here." in text_of(answer)


def test_a_member_finds_e_mail_and_name_filled_in(client: Client):
    client.force_login(UserFactory(email="ayu@example.com", name="Ayu Lestari"))
    add(client, on_sale())

    page = text_of(client.get(step("contact")))

    assert 'value="ayu@example.com"' in page
    assert 'value="Ayu Lestari"' in page
    assert "You buy as a guest" not in page


def test_details_survive_a_hold_that_ended(client: Client):
    add(client, on_sale())
    check_out(client)
    end_holds()

    page = text_of(client.get(step("contact")))

    assert 'value="maya@example.com"' in page
    assert "Hold it again" in page


def test_pay_places_the_order_and_leads_to_the_provider(client: Client):
    add(client, on_sale(), quantity=2)
    cart = cart_of(client)
    check_out(client)

    answer = client.post(step("review"), {"cart": services.cart_token(cart)})

    order = Order.objects.get()
    payment = Payment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, payment.redirect_url)
    assert (order.total_minor, payment.amount_minor) == (520_000, 520_000)
    assert client.session["order_ids"] == [str(order.pk)]
    assert client.cookies["cart"].value == ""
    assert Reservation.objects.get().expires_at == order.pay_by
    assert client.get(reverse("orders:order", args=[order.pk])).status_code == 200


def test_pay_pressed_twice_is_one_order_and_one_payment(client: Client):
    add(client, on_sale())
    token = services.cart_token(cart_of(client))
    check_out(client)

    first = client.post(step("review"), {"cart": token})
    second = client.post(step("review"), {"cart": token})

    assert second["Location"] == first["Location"]
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)


def test_pay_from_an_old_tab_leads_to_the_order_and_leaves_the_new_cart_alone(client: Client):
    add(client, on_sale())
    token = services.cart_token(cart_of(client))
    order = place_order(client)
    add(client, on_sale())
    new_cart = cart_of(client)

    answer = client.post(step("review"), {"cart": token})

    assert answer["Location"] == Payment.objects.get(order=order).redirect_url
    assert Order.objects.count() == 1
    assert new_cart.is_open


def test_pay_pressed_twice_by_a_member_is_one_order(client: Client):
    client.force_login(UserFactory())
    add(client, on_sale())
    check_out(client)
    token = text_of(client.get(step("review"))).split('name="cart" value="')[1].split('"')[0]

    first = client.post(step("review"), {"cart": token})
    second = client.post(step("review"), {"cart": token})

    assert second["Location"] == first["Location"]
    assert Order.objects.count() == 1


def test_pay_with_a_stolen_token_of_a_members_cart_shows_nothing(client: Client):
    member = Client()
    member.force_login(UserFactory())
    add(member, on_sale())
    check_out(member)
    token = text_of(member.get(step("review"))).split('name="cart" value="')[1].split('"')[0]
    member.post(step("review"), {"cart": token})

    answer = client.post(step("review"), {"cart": token})

    assert answer["Location"] == reverse("orders:cart")
    assert "order_ids" not in client.session


def test_back_after_ordering_leads_to_the_order(client: Client):
    add(client, on_sale())
    order = place_order(client)

    for name in STEPS:
        assert client.get(step(name))["Location"] == reverse("orders:order", args=[order.pk])


def test_pay_refuses_when_a_hold_ended_and_orders_nothing_in_part(client: Client):
    add(client, on_sale())
    add(client, on_sale())
    check_out(client)
    Reservation.objects.filter(pk=cart_of(client).lines.first().reservation_id).update(
        expires_at=Reservation.objects.first().created_at
    )

    answer = client.post(step("review"), {"cart": services.cart_token(cart_of(client))})

    assert answer.status_code == 409
    assert "No longer held: " in text_of(answer)
    assert "Hold it again" in text_of(answer)
    assert not Order.objects.exists()


def test_pay_before_everything_is_there_leads_to_the_missing_step(client: Client):
    add(client, on_sale())
    client.post(step("contact"), CONTACT)

    answer = client.post(step("review"), {"cart": services.cart_token(cart_of(client))})

    assert answer["Location"] == step("delivery")
    assert not Order.objects.exists()


def test_extending_from_the_checkout_leads_back_to_it(client: Client):
    add(client, on_sale())
    check_out(client)
    line = line_of(client)

    answer = client.post(reverse("orders:line_quantity", args=[line.pk]), {"quantity": 2, "next": step("review")})

    assert answer["Location"] == step("review")


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_csrf_protected(name):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(step(name), CONTACT).status_code == 403


@pytest.mark.parametrize("lines", [1, 3])
@pytest.mark.parametrize(("name", "count"), [("contact", 7), ("delivery", 9), ("payment", 8), ("review", 7)])
def test_step_query_count_does_not_grow(client: Client, django_assert_num_queries, lines, name, count):
    for _ in range(lines):
        add(client, on_sale())
    check_out(client)

    with django_assert_num_queries(count):
        client.get(step(name))


@pytest.mark.parametrize(("lines", "count"), [(1, 33), (3, 33)])
def test_place_order_query_count(client: Client, django_assert_num_queries, lines, count):
    for _ in range(lines):
        add(client, on_sale())
    check_out(client)
    token = services.cart_token(cart_of(client))

    with django_assert_num_queries(count):
        client.post(step("review"), {"cart": token})

    assert sum(StockItem.objects.values_list("held", flat=True)) == lines
