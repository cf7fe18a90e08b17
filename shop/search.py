"""Finding products by words: the same on every database, and none of them scans a text."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from operator import add
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, F, IntegerField, Max, OuterRef, Q, When

from shop.models import SearchWord
from shop.words import words_of

MOST_WORDS = 8
MOST_FOUND = 1000
# How alike a word must be to be suggested, and how many are compared.
ALIKE = 0.7
MOST_COMPARED = 2000
SHORTEST_BEGINNING = 3
LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The products found, the best first, `MOST_FOUND` at most. `is_partial`: none of them has all of the words."""

    ids: tuple[UUID, ...] = ()
    is_partial: bool = False
    is_cut: bool = False


def search(*, text: str) -> Found:
    """Products on show that have every word of `text`, or begin one so; where there is none, those that have some.

    Words of the name weigh most, its first one more; a whole word weighs more than its beginning. One query for one
    word, two for several. Nothing is found for a text without a letter or digit.
    """
    words = words_of(text)[:MOST_WORDS]
    if not words:
        return Found()
    ranked = _ranked(words)
    if len(words) > 1:
        # Asked first, because a word that everything has need not be gone through where another one is rare.
        with_all = list(_with_all(words)[: MOST_FOUND + 1])
        ranked = ranked.filter(product__in=with_all) if with_all else ranked
    rows = list(ranked[: MOST_FOUND + 1])
    best = rows[0][1] if rows else 0
    # Those with fewer of the words are in the way of those that have them all, and welcome where nothing has.
    kept = [product_id for product_id, matched, _ in rows if matched == best or best < len(words)]
    return Found(ids=tuple(kept[:MOST_FOUND]), is_partial=0 < best < len(words), is_cut=len(kept) > MOST_FOUND)


def did_you_mean(*, text: str) -> str:
    """The text with each unknown word replaced by the one most like it that something is found by, or "". One query."""
    words = words_of(text)[:MOST_WORDS]
    if not words:
        return ""
    begun = Q()
    for word in words:
        begun |= Q(word__gte=word[0], word__lt=f"{word[0]}{LAST_CHARACTER}")
    known = list(SearchWord.objects.filter(begun).values_list("word", flat=True).distinct()[:MOST_COMPARED])
    meant = [next(iter(get_close_matches(word, known, n=1, cutoff=ALIKE)), word) for word in words]
    return "" if meant == words else " ".join(meant)


def _with_all(words: list[str]) -> Any:
    """Keys of products that have every word, or begin one so. The word that looks rarest leads."""
    rarest, *others = sorted(words, key=lambda word: (word.isalpha(), -len(word)))
    rows = SearchWord.objects.filter(_begins(rarest))
    for word in others:
        rows = rows.filter(Exists(SearchWord.objects.filter(_begins(word), product=OuterRef("product"))))
    return rows.values_list("product_id", flat=True).distinct()


def _ranked(words: list[str]) -> Any:
    """Rows of a product, how many of the words it has, and how much they weigh together."""
    has_any = Q()
    best: dict[str, Any] = {}
    for number, word in enumerate(words):
        has_any |= _begins(word)
        whole, begun = When(word=word, then=F("weight") * 2), When(_begins(word), then=F("weight"))
        best[f"weight_{number}"] = Max(Case(whole, begun, default=0, output_field=IntegerField()))
    has = [Case(When(**{f"{name}__gt": 0}, then=1), default=0, output_field=IntegerField()) for name in best]
    rows = SearchWord.objects.filter(has_any).values("product_id").annotate(**best)
    rows = rows.annotate(matched=reduce(add, has), weight_of_all=reduce(add, map(F, best)))
    # Newer products have higher keys.
    ordered = rows.order_by("-matched", "-weight_of_all", "-product_id")
    return ordered.values_list("product_id", "matched", "weight_of_all")


def _begins(word: str) -> Q:
    """The word, or what begins with it: not from one or two letters alone, with which too much begins.

    A range, because a LIKE that every database takes from its index does not exist.
    """
    if len(word) < SHORTEST_BEGINNING:
        return Q(word=word)
    return Q(word__gte=word, word__lt=f"{word}{LAST_CHARACTER}")
