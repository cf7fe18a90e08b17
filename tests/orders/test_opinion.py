"""Reviews: by buyers, once each, shown when staff have read them, counted honestly."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from orders import services
from orders.models import Order, Review
from orders.services import NotBought
from shop.errors import InvalidInput
from shop.models import Product
from tests.factories import NOW, StockItemFactory, UserFactory, paid_order, placed_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer() -> User:
    return UserFactory(name="Maya Lestari Putri")


@pytest.fixture
def product(buyer: User) -> Product:
    """Something that the buyer has paid for."""
    item = StockItemFactory()
    paid_order(lines={item.variant: 1}, user=buyer)
    return item.variant.product


def write(user: User, product: Product, *, stars: int = 4, text: str = "Fits well.") -> Review:
    return services.write_review(user=user, product_id=product.pk, stars=stars, text=text, now=NOW)


def decide(review: Review, *, publish: bool = True, reason: str = "") -> Review:
    return services.decide_review(review_id=review.pk, publish=publish, reason=reason, actor="staff", now=NOW)


def page_of(client: Client, product: Product) -> str:
    return client.get(reverse("shop:product", args=[product.slug])).content.decode()


def test_review_waits_until_it_is_published(client: Client, buyer: User, product: Product) -> None:
    review = write(buyer, product)

    assert "Fits well." not in page_of(client, product)
    decide(review)
    page = page_of(client, product)
    assert "Fits well." in page
    assert "Maya P." in page
    assert "Reviews: 1" in page


@pytest.mark.parametrize("unpaid", [False, True])
def test_stranger_and_unpaid_buyer_write_nothing(product: Product, unpaid: bool) -> None:
    user = UserFactory()
    if unpaid:
        placed_order(lines={product.variants.get(): 1}, user=user)

    with pytest.raises(NotBought):
        write(user, product)
    assert Review.objects.count() == 0


def test_given_back_is_not_bought(buyer: User, product: Product) -> None:
    Order.objects.update(status="REFUNDED")

    with pytest.raises(NotBought):
        write(buyer, product)


@pytest.mark.parametrize(("stars", "text"), [(0, ""), (6, ""), (3, "x" * 2001)])
def test_what_cannot_be_shown_is_refused(buyer: User, product: Product, stars: int, text: str) -> None:
    with pytest.raises(InvalidInput):
        write(buyer, product, stars=stars, text=text)
    assert Review.objects.count() == 0


def test_second_review_replaces_the_first_and_is_read_anew(client: Client, buyer: User, product: Product) -> None:
    decide(write(buyer, product))
    decide(write(buyer, product))
    write(buyer, product, stars=1, text="The heel broke.")

    review = Review.objects.get()
    assert (review.stars, review.status) == (1, "PENDING")
    assert "Fits well." not in page_of(client, product)


def test_same_review_again_changes_nothing(buyer: User, product: Product) -> None:
    decide(write(buyer, product))

    assert write(buyer, product).status == "PUBLISHED"


def test_average_counts_published_ones_alone(client: Client, product: Product, buyer: User) -> None:
    variant = product.variants.get()
    reviews = [write(buyer, product, stars=5)]
    for stars in (4, 1):
        user = UserFactory()
        paid_order(lines={variant: 1}, user=user)
        reviews.append(write(user, product, stars=stars))
    decide(reviews[0])
    decide(reviews[1])
    decide(reviews[2], publish=False, reason="It is about the courier.")

    page = page_of(client, product)

    assert "4.5" in page
    assert "Reviews: 2" in page


def test_rejected_review_tells_its_buyer_why(client: Client, buyer: User, product: Product) -> None:
    review = write(buyer, product)
    with pytest.raises(InvalidInput):
        decide(review, publish=False)
    decide(review, publish=False, reason="It is about the courier.")
    client.force_login(buyer, backend="django.contrib.auth.backends.ModelBackend")

    page = client.get(reverse("orders:review_write", args=[product.slug])).content.decode()

    assert "It is about the courier." in page
    assert "Not shown" in page


def test_pages_write_and_withdraw(client: Client, buyer: User, product: Product) -> None:
    address = reverse("orders:review_write", args=[product.slug])
    assert client.get(address).status_code == 302
    client.force_login(buyer, backend="django.contrib.auth.backends.ModelBackend")

    refused = client.post(address, {"text": "No stars."})
    written = client.post(address, {"stars": "4", "text": "Fits well."})
    decide(Review.objects.get())
    every = client.get(reverse("orders:review_list", args=[product.slug])).content.decode()
    client.post(reverse("orders:review_withdraw", args=[product.slug]))

    assert (refused.status_code, written.status_code) == (422, 303)
    assert "Fits well." in every
    assert Review.objects.count() == 0
    assert "Fits well." not in page_of(client, product)


def test_who_has_not_bought_reads_why(client: Client, product: Product) -> None:
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")

    page = client.get(reverse("orders:review_write", args=[product.slug])).content.decode()

    assert "Reviews are for those who bought it." in page
    assert 'id="write"' not in page


def test_staff_publish_and_reject(client: Client, buyer: User, product: Product) -> None:
    review = write(buyer, product)
    staff = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    listed = client.get(reverse("admin:orders_review_changelist"))

    client.post(reverse("admin:orders_review_publish", args=[review.pk]))
    review.refresh_from_db()
    assert (listed.status_code, review.status, review.decided_by) == (200, "PUBLISHED", staff.email)

    client.post(reverse("admin:orders_review_reject", args=[review.pk]), {"reason": ""})
    review.refresh_from_db()
    assert review.status == "PUBLISHED"
    client.post(reverse("admin:orders_review_reject", args=[review.pk]), {"reason": "Spam."})
    review.refresh_from_db()
    assert (review.status, review.reason) == ("REJECTED", "Spam.")
    assert client.get(reverse("admin:orders_review_change", args=[review.pk])).status_code == 200


def test_staff_without_the_right_decide_nothing(client: Client, buyer: User, product: Product) -> None:
    review = write(buyer, product)
    client.force_login(UserFactory(is_staff=True), backend="django.contrib.auth.backends.ModelBackend")

    assert client.post(reverse("admin:orders_review_publish", args=[review.pk])).status_code == 403
    review.refresh_from_db()
    assert review.status == "PENDING"


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_as_often_for_three_as_for_one(
    client: Client, product: Product, buyer: User, count: int, django_assert_num_queries: Any
) -> None:
    decide(write(buyer, product))
    for number in range(count - 1):
        user = UserFactory()
        paid_order(lines={product.variants.get(): 1}, user=user)
        decide(write(user, product, stars=number + 1))
    address = reverse("orders:review_list", args=[product.slug])
    client.get(address)

    # Product, count, rows; shelves.
    with django_assert_num_queries(4):
        client.get(address)
