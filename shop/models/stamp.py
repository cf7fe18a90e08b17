"""The stamp of the catalogue, and rows that set it anew whenever they change.

Pages are answered from copies (`shop.copies`), and lists from what is written down of each product by `relist`. Both
follow every change, whoever makes it, because the rows themselves see to it: saved, updated, deleted or created in
bulk, they set the stamp anew in the same transaction, and have their product listed anew.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

from django.db import models, transaction

from shop.transactions import before_commit

M = TypeVar("M", bound=models.Model)


class CatalogueStamp(models.Model):
    """One row that changes with the catalogue: whoever kept a copy under this stamp may still show it.

    No row, as in an empty database, means that nothing may be kept.
    """

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    stamp = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.stamp


def catalogue_changed() -> None:
    """Let no copy of the catalogue be shown from the commit of this transaction on.

    For every writer of something that pages keep copies of. In a service it is the last thing before its COMMIT,
    because the next writer waits for this row.
    """
    before_commit(_stamp_anew)


def _stamp_anew() -> None:
    CatalogueStamp.objects.update_or_create(pk=CatalogueStamp.ONLY, defaults={"stamp": uuid4().hex})


class CatalogueQuerySet(models.QuerySet[M]):
    """Rows of the catalogue, whose changes in bulk are seen like those of one."""

    def update(self, **changes: Any) -> int:
        with transaction.atomic():
            touched = self._products()
            changed = super().update(**changes)
            _seen(touched)
        return changed

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        with transaction.atomic():
            made = super().bulk_create(list(objs), *args, **options)
            _seen({row.product_id for row in made} if self._is_part else set())  # type: ignore[attr-defined]
        return made

    def delete(self) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            touched = self._products()
            deleted = super().delete()
            _seen(touched)
        return deleted

    @property
    def _is_part(self) -> bool:
        return getattr(self.model, "listed_by", "") == "product_id"

    def _products(self) -> set[Any]:
        return set(self.values_list("product_id", flat=True)) if self._is_part else set()


class CatalogueRow(models.Model):
    """A row of the catalogue: what is saved or deleted is seen by all who keep copies.

    `listed_by` names the attribute with the key of the product that is listed by this row, where there is one.
    """

    listed_by: ClassVar[str] = ""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            super().save(*args, **kwargs)
            _seen(self._products())

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            touched = self._products()
            deleted = super().delete(*args, **kwargs)
            _seen(touched)
        return deleted

    def _products(self) -> set[Any]:
        return {getattr(self, self.listed_by)} if self.listed_by else set()


def _seen(products: set[Any]) -> None:
    # Listing reads the rows that are defined on top of these.
    from shop.models.listed import relist

    relist(products)
    catalogue_changed()
