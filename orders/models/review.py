"""What buyers say of a thing, and what staff decided about it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from shop.models import Product
from shop.states import StateMachine, Transition


class ReviewStatus(models.TextChoices):
    """Only what is PUBLISHED is shown and counted."""

    PENDING = "PENDING", _("To be read")
    PUBLISHED = "PUBLISHED", _("Published")
    REJECTED = "REJECTED", _("Rejected")


REVIEW_STATES = StateMachine(
    name="Review",
    start=ReviewStatus.PENDING,
    transitions=(
        Transition(ReviewStatus.PENDING, "published", ReviewStatus.PUBLISHED),
        Transition(ReviewStatus.PENDING, "rejected", ReviewStatus.REJECTED),
        Transition(ReviewStatus.PUBLISHED, "rejected", ReviewStatus.REJECTED),
        Transition(ReviewStatus.REJECTED, "published", ReviewStatus.PUBLISHED),
        Transition(ReviewStatus.PENDING, "written anew", ReviewStatus.PENDING),
        Transition(ReviewStatus.PUBLISHED, "written anew", ReviewStatus.PENDING),
        Transition(ReviewStatus.REJECTED, "written anew", ReviewStatus.PENDING),
    ),
)


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews by who may read them."""

    def published(self) -> Self:
        return self.filter(status=ReviewStatus.PUBLISHED)


class Review(models.Model):
    """One buyer's word on one product. `author` is as it is shown; a member who left has none."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="reviews"
    )
    author = models.CharField(max_length=60, blank=True)
    stars = models.PositiveSmallIntegerField()
    text = models.TextField(max_length=2000, blank=True)
    status = models.CharField(max_length=9, choices=ReviewStatus, default=ReviewStatus.PENDING)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it was rejected. The buyer reads it.")
    written_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=254, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "user"], name="review_one_per_buyer"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="review_one_to_five_stars"),
        ]
        indexes = [models.Index(fields=["product", "status"], name="review_product_status")]

    def __str__(self) -> str:
        return f"{self.stars} of 5 for {self.product_id}"

    @property
    def is_pending(self) -> bool:
        return self.status == ReviewStatus.PENDING

    @property
    def is_published(self) -> bool:
        return self.status == ReviewStatus.PUBLISHED
