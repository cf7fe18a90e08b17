"""What pages read of reviews: the published ones, their honest average, and who may write one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count, QuerySet

from accounts.models import User
from orders.models import PAID_STATES, OrderLine, Review
from shop.models import Product

SHOWN_WITH_THE_PRODUCT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One review as it is shown."""

    stars: int
    text: str
    author: str
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """The latest published reviews of a product, and over all of its published ones their number and average."""

    latest: list[Said]
    count: int
    average: float

    @property
    def rounded(self) -> str:
        """The average as it is shown, with one digit: "4.3"."""
        return f"{self.average:.1f}"

    @property
    def has_more(self) -> bool:
        return self.count > len(self.latest)


def opinion_on(product: Product) -> Opinion:
    """What buyers say of a product, as it was written down with it: no query."""
    known = product.opinion
    said = [
        Said(**{**each, "written_at": datetime.fromisoformat(each["written_at"])}) for each in known.get("latest", [])
    ]
    return Opinion(latest=said, count=known.get("count", 0), average=known.get("average", 0))


def read_opinion(product_id: UUID) -> dict[str, Any]:
    """The same as the reviews have it at this moment, to be written down."""
    totals = published_reviews(product_id).aggregate(count=Count("pk"), average=Avg("stars"))
    latest = published_reviews(product_id)[:SHOWN_WITH_THE_PRODUCT]
    return {
        "count": totals["count"],
        "average": float(totals["average"] or 0),
        "latest": [
            {
                "stars": review.stars,
                "text": review.text,
                "author": review.author,
                "written_at": review.written_at.isoformat(),
            }
            for review in latest
        ],
    }


def published_reviews(product_id: UUID) -> QuerySet[Review]:
    """Those that everybody may read, the newest first."""
    return Review.objects.published().filter(product_id=product_id).order_by("-written_at", "-pk")


def has_bought(*, user: User, product_id: UUID) -> bool:
    """Whether a paid order of this member has it, and kept some of it."""
    lines = OrderLine.objects.filter(order__user=user, order__status__in=PAID_STATES, variant__product_id=product_id)
    return any(line.quantity > line.cancelled for line in lines)
