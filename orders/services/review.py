"""Reviews: written by who bought, read by staff, shown when published."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import User
from orders.models import REVIEW_STATES, Review
from orders.opinions import has_bought, read_opinion
from orders.services.errors import NotBought
from shop.catalogue import set_opinion
from shop.errors import InvalidInput, NotFound
from shop.models import Product
from shop.transactions import TryAgain, transactional

LONGEST_TEXT = 2000


@transactional
def write_review(*, user: User, product_id: UUID, stars: int, text: str, now: datetime) -> Review:
    """Say what one thinks of a product that one has paid for. Written again, it replaces the first and is read anew.

    :raises NotFound: if there is no such product.
    :raises NotBought: if none of this member's paid orders has it.
    :raises InvalidInput: if it has fewer than one or more than five stars, or more text than fits.
    """
    _refuse_unshowable(product_id=product_id, stars=stars, text=text)
    if not has_bought(user=user, product_id=product_id):
        raise NotBought()
    said = {"stars": stars, "text": text.strip(), "author": _shown_name(user), "written_at": now}
    review = Review.objects.select_for_update().filter(user=user, product_id=product_id).first()
    if review is None:
        try:
            return Review.objects.create(user=user, product_id=product_id, **said)
        except IntegrityError as error:
            raise TryAgain from error
    if (review.stars, review.text) == (stars, said["text"]):
        return review
    was_shown = review.is_published
    review.status = REVIEW_STATES.target(review.status, "written anew")
    for name, value in said.items():
        setattr(review, name, value)
    review.reason = ""
    review.save()
    if was_shown:
        tell_opinion(product_id)
    return review


@transactional
def decide_review(*, review_id: UUID, publish: bool, actor: str, now: datetime, reason: str = "") -> Review:
    """Show a review to everybody, or keep it from them and say why. Decided the same way already, it stays as it is.

    :raises NotFound: if there is none.
    :raises InvalidInput: if it is rejected without a reason.
    """
    if not publish and not reason.strip():
        raise InvalidInput(field="reason", problem=_("Say why. The buyer reads it."))
    review = Review.objects.select_for_update().filter(pk=review_id).first()
    if review is None:
        raise NotFound()
    if review.is_published == publish and not review.is_pending:
        return review
    review.status = REVIEW_STATES.target(review.status, "published" if publish else "rejected")
    review.reason = "" if publish else reason.strip()
    review.decided_at, review.decided_by = now, actor
    review.save(update_fields=["status", "reason", "decided_at", "decided_by"])
    tell_opinion(review.product_id)
    return review


@transactional
def withdraw_review(*, user: User, product_id: UUID) -> None:
    """Take one's own review back. One that is gone stays gone."""
    if Review.objects.filter(user=user, product_id=product_id).delete()[0]:
        tell_opinion(product_id)


def tell_opinion(product_id: UUID) -> None:
    """Have the product's page say what its reviews are now."""
    set_opinion(product_id=product_id, read=partial(read_opinion, product_id))


def _refuse_unshowable(*, product_id: UUID, stars: int, text: str) -> None:
    if not Product.objects.filter(pk=product_id).exists():
        raise NotFound()
    if not 1 <= stars <= 5:
        raise InvalidInput(field="stars", problem=_("Give one to five stars."))
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(
            field="text", problem=_("Write at most %(longest_text)s characters.") % {"longest_text": LONGEST_TEXT}
        )


def _shown_name(user: User) -> str:
    """First name and initial: "Maya L." """
    first, *more = user.name.split() or [""]
    return f"{first[:40]} {more[-1][0]}." if first and more else first[:40]
