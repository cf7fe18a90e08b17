"""One example for every state of every component, made of the shop's own objects. Nothing of it is in the database."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import QueryDict

from accounts.models import Address
from inventory.line import NO_ODDS, Odds, Place
from inventory.queries import Availability, Hold
from orders.models import CartLine, Order, OrderEvent, OrderEventKind, OrderLine, OrderStatus, Review, Waiting
from orders.notes import Note, Undo
from orders.places import MyPlace
from orders.queries import CartLineSummary, CartSummary
from orders.standing import Told
from shop.cards import ProductCard
from shop.forms import ListingForm
from shop.listing import Facet, FacetValue
from shop.models import Category, Drop, DropItem, Product, ProductImage, Variant
from shop.sale import Sale, SaleItem

NOW = datetime(2026, 8, 21, 13, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A component in one state: what its template is given."""

    state: str
    context: dict[str, Any] = field(default_factory=dict)
    is_wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component with its states. `slug` is where the page can be linked to."""

    name: str
    slug: str
    template: str
    examples: list[Example]
    note: str = ""


class SampleForm(forms.Form):
    """A field of every kind."""

    name = forms.CharField(label="Full name")
    email = forms.EmailField(label="E-mail", help_text="Your order and its news go here.")
    landmark = forms.CharField(label="Landmark (patokan)", required=False)
    remark = forms.CharField(label="Anything else we should know", widget=forms.Textarea(attrs={"rows": 3}))
    speed = forms.ChoiceField(
        label="How should it travel?",
        choices=[("regular", "Regular, 2 to 4 days"), ("express", "Express, 1 day")],
        widget=forms.RadioSelect,
    )
    terms = forms.BooleanField(label="Send it when it is back in stock", required=False)


def components() -> list[Component]:
    """Everything that pages are made of, in the order of the page, with a picture that the shop has."""
    stem = ProductImage.objects.order_by("position", "pk").values_list("stem", flat=True).first() or ""
    return [make(stem) for make in GALLERY]


def _own(name: str, slug: str, *, note: str = "") -> Component:
    """A component that is a class of the stylesheet: its states stand in one template of the gallery."""
    return Component(
        name=name, slug=slug, template=f"styleguide/_{slug}.html", note=note, examples=[Example(state="", is_wide=True)]
    )


def _buttons(stem: str) -> Component:
    return _own("Button", "buttons", note="A verb with its object. Never disabled to explain something: it answers.")


def _tags(stem: str) -> Component:
    return _own("Tag and state", "tags", note="The sun is for prices and events alone.")


def _icons(stem: str) -> Component:
    return _own("Icons", "icons", note="Each repeats a word that stands beside it.")


def _options(stem: str) -> Component:
    return _own("Choice of a variant", "options", note="What cannot be had is dashed, and says so.")


def _price(stem: str) -> Component:
    plain = {"price_minor": 1_249_000, "currency": "IDR"}
    examples = [
        Example(state="plain", context=plain),
        Example(state="sale", context=plain | {"compare_at_minor": 1_799_000}),
        Example(state="from", context=plain | {"is_from": True}),
        Example(state="large", context=plain | {"compare_at_minor": 1_799_000, "size": "large"}),
    ]
    return Component(name="Price", slug="price", template="components/_price.html", examples=examples)


def _stock(stem: str) -> Component:
    examples = [
        Example(state="free", context={"free": 12, "held": 0}),
        Example(state="free, and some held", context={"free": 7, "held": 5}),
        Example(state="low", context={"free": 3, "held": 1}),
        Example(
            state="all held",
            context={"free": 0, "held": 5, "next_free_at": NOW + timedelta(minutes=2), "now": NOW},
        ),
        Example(state="the last is yours", context={"free": 0, "held": 0, "own": 1}),
        Example(state="sold out", context={"free": 0, "held": 0}),
    ]
    return Component(
        name="Stock line",
        slug="stock",
        template="components/_stock_line.html",
        note="Free and held are two facts and are never added up.",
        examples=examples,
    )


def _card(stem: str) -> Component:
    examples = [
        Example(state="free", context={"card": _a_card(stem, free=12)}),
        Example(state="low", context={"card": _a_card(stem, free=3, held=2)}),
        Example(state="all held", context={"card": _a_card(stem, held=5)}),
        Example(state="sold out", context={"card": _a_card(stem)}),
        Example(
            state="on offer and new", context={"card": _a_card(stem, free=9, compare_at_minor=1_799_000, is_new=True)}
        ),
        Example(state="no picture yet", context={"card": _a_card(stem, free=9, picture=None)}),
    ]
    return Component(name="Product card", slug="card", template="components/_product_card.html", examples=examples)


def _card_stock(stem: str) -> Component:
    counts = {"free": (12, 0), "low": (3, 2), "the last one held": (0, 1), "all held": (0, 5), "sold out": (0, 0)}
    examples = [
        Example(state=state, context={"card": _a_card(stem, free=free, held=held)})
        for state, (free, held) in counts.items()
    ]
    return Component(
        name="Stock on a card", slug="card-stock", template="components/_card_stock.html", examples=examples
    )


def _drop(stem: str) -> Component:
    examples = [
        Example(state="before", is_wide=True, context={"sale": _a_sale(stem, starts_in=12, ends_in=72, free=60)}),
        Example(state="open", is_wide=True, context={"sale": _a_sale(stem, starts_in=-5, ends_in=55, free=31, held=9)}),
        Example(
            state="ending", is_wide=True, context={"sale": _a_sale(stem, starts_in=-55, ends_in=5, free=2, held=3)}
        ),
        Example(state="over", is_wide=True, context={"sale": _a_sale(stem, starts_in=-90, ends_in=-30, free=0)}),
    ]
    return Component(name="Drop", slug="drop", template="components/_drop_hero.html", examples=examples)


def _clock(stem: str) -> Component:
    examples = [
        Example(state="days", context={"seconds": 2 * 86_400 + 5 * 3600}),
        Example(state="hours", context={"seconds": 5 * 3600 + 12 * 60}),
        Example(state="the last hour", context={"seconds": 725}),
    ]
    return Component(name="Clock", slug="clock", template="components/_clock.html", examples=examples)


def _tile(stem: str) -> Component:
    shelf = Category(pk=_id(1), slug="shoes", name="Shoes", picture_stem=stem)
    return Component(
        name="Shelf",
        slug="tile",
        template="components/_category_tile.html",
        examples=[Example(state="default", context={"category": shelf})],
    )


def _gallery(stem: str) -> Component:
    views = [ProductImage(pk=_id(n), stem=stem, alt="Running shoe in soft lilac") for n in range(3 if stem else 0)]
    examples = [
        Example(state="many", context={"pictures": views}),
        Example(state="one", context={"pictures": views[:1]}),
        Example(state="none", context={"pictures": []}),
    ]
    return Component(name="Gallery", slug="gallery", template="components/_gallery.html", examples=examples)


def _hold(stem: str) -> Component:
    examples = [
        Example(state="held", context={"summary": _summary(20, seconds=432)}),
        Example(state="can be extended", context={"summary": _summary(21, seconds=170)}),
        Example(state="extended", context={"summary": _summary(22, seconds=350, renewals=1), "extended": True}),
        Example(state="no more extensions", context={"summary": _summary(23, seconds=140, renewals=10)}),
        Example(state="soon", context={"summary": _summary(24, seconds=52)}),
        Example(state="ended, still free", context={"summary": _summary(25, seconds=-60, is_free=True)}),
        Example(state="ended, price changed", context={"summary": _summary(26, seconds=-60, is_free=True, price=999)}),
        Example(state="ended, taken", context={"summary": _summary(27, seconds=-60)}),
        Example(state="ended by staff", context={"summary": _summary(28, seconds=300, reason="stock damaged")}),
        Example(state="in the checkout", context={"summary": _summary(29, seconds=432), "is_checkout": True}),
    ]
    return Component(
        name="Hold panel",
        slug="hold",
        template="components/_hold_panel.html",
        note="Green is yours, amber runs out, red is gone; the words say it too.",
        examples=examples,
    )


def _turn(stem: str) -> Component:
    examples = [
        Example(state="turn", context={"turns": [_a_place(34, state="OFFERED", seconds=620)]}, is_wide=True),
    ]
    return Component(name="Turn strip", slug="turn", template="components/_turn_strip.html", examples=examples)


def _line(stem: str) -> Component:
    rules = {"turn_time": "15 minutes"}
    states = {
        "waiting": _a_place(35, people=2, odds=Odds(held=5, ended=120, ended_unpaid=48)),
        "many before": _a_place(36, people=237, odds=Odds(held=0, ended=None, ended_unpaid=None)),
        "turn": _a_place(37, state="OFFERED", seconds=620),
        "missed": _a_place(38, state="MISSED", seconds=-60),
        "closed": _a_place(39, state="CLOSED"),
        "ended by staff": _a_place(40, state="LEFT", reason="two places of one shopper"),
    }
    examples = [Example(state=state, context={"mine": mine, "rules": rules}) for state, mine in states.items()]
    return Component(name="Place in line", slug="line", template="orders/_line_card.html", examples=examples)


def _join_line(stem: str) -> Component:
    variant = _summary(41, seconds=0).line.variant
    examples = [
        Example(state="member", context={"variant": variant}),
        Example(state="guest", context={"variant": variant, "is_guest": True}),
        Example(
            state="wrong",
            context={"variant": variant, "is_guest": True, "email": "maya", "email_error": "Enter an e-mail address."},
        ),
    ]
    return Component(name="Join the line", slug="join", template="components/_join_line.html", examples=examples)


def _strip(stem: str) -> Component:
    examples = [
        Example(state="held", context={"cart": CartSummary(None, held=[_summary(30, seconds=432)])}, is_wide=True),
        Example(state="soon", context={"cart": CartSummary(None, held=[_summary(31, seconds=52)])}, is_wide=True),
        Example(state="ended", context={"cart": CartSummary(None, ended=[_summary(32, seconds=-60)])}, is_wide=True),
    ]
    return Component(name="Hold strip", slug="strip", template="components/_hold_strip.html", examples=examples)


def _notice(stem: str) -> Component:
    examples = [
        Example(state="info", context={"kind": "info", "title": "Let go", "text": "It is back on sale."}),
        Example(state="done", context={"kind": "done", "title": "Held for you", "text": "Until 20:15 WIB."}),
        Example(state="warn", context={"kind": "warn", "title": "Only 2 free", "text": "You asked for 3."}),
        Example(state="problem", context={"kind": "problem", "title": "Sold out", "text": "The last one is taken."}),
    ]
    return Component(name="Notice", slug="notice", template="components/_notice.html", examples=examples)


def _undo(stem: str) -> Component:
    note = Note(kind="info", title="Let go", text="It is back on sale.", undo=Undo(variant_id=str(_id(40)), quantity=1))
    return Component(
        name="Notice with Undo",
        slug="undo",
        template="orders/_note.html",
        examples=[Example(state="while it is free", context={"note": note})],
    )


def _quantity(stem: str) -> Component:
    examples = [
        Example(state="value", context={"id": "quantity-one", "value": 2, "max": 9}),
        Example(
            state="refused",
            context={"id": "quantity-two", "value": 10, "max": 9, "error": "Enter 9 or fewer.", "keeps_focus": True},
        ),
    ]
    return Component(name="Quantity", slug="quantity", template="components/_quantity.html", examples=examples)


def _fields(stem: str) -> Component:
    fresh, typed = SampleForm(prefix="fresh"), SampleForm({"typed-name": "Maya Lestari"}, prefix="typed")
    names = ["empty", "with a hint", "optional", "long", "one of several", "a tick"]
    examples = [Example(state=name, context={"field": each}) for name, each in zip(names, fresh, strict=True)]
    examples += [
        Example(state="filled in", context={"field": typed["name"]}),
        Example(state="refused", context={"field": typed["email"]}),
        Example(state="choice refused", context={"field": typed["speed"]}),
    ]
    return Component(
        name="Field",
        slug="field",
        template="components/_field.html",
        note="Label above, hint under it, then the error: the same words as in the summary.",
        examples=examples,
    )


def _errors(stem: str) -> Component:
    form = SampleForm({"wrong-name": "Maya Lestari"}, prefix="wrong")
    return Component(
        name="Error summary",
        slug="errors",
        template="styleguide/_errors.html",
        note="First in the page after a refusal; it takes the focus there.",
        examples=[Example(state="three answers", context={"form": form}, is_wide=True)],
    )


def _facets(stem: str) -> Component:
    examples = []
    for state, address, count in (
        ("nothing chosen", "", 36),
        ("two chosen", "stock=free&trait=Colour:Lilac", 9),
        ("more than were counted", "stock=free", 1000),
    ):
        form = ListingForm(QueryDict(address), currency="IDR")
        lilac = FacetValue(value="Lilac", pair="Colour:Lilac", products=9, is_chosen="Colour" in form.traits)
        fern = FacetValue(value="Fern", pair="Colour:Fern", products=4, is_chosen=False)
        context = {
            "form": form,
            "chips": form.chips(),
            "facets": [Facet(name="Colour", values=[lilac, fern])],
            "count": count,
            "is_cut": count == 1000,
        }
        examples.append(Example(state=state, context=context, is_wide=True))
    return Component(name="Filter and sort", slug="facets", template="components/_facets.html", examples=examples)


def _pager(stem: str) -> Component:
    examples = [Example(state=state, context=_page(number), is_wide=True) for state, number in PAGER_STATES.items()]
    return Component(name="Pages", slug="pager", template="components/_pager.html", examples=examples)


PAGER_STATES = {"first": 1, "middle": 6, "last": 12}


def _page(number: int) -> dict[str, Any]:
    page = Paginator(range(12 * 24), 24).page(number)
    return {"page": page, "pages": page.paginator.get_elided_page_range(number, on_each_side=1, on_ends=1)}


def _steps(stem: str) -> Component:
    names = ["Contact", "Delivery", "Payment", "Review"]
    examples = [
        Example(
            state=f"{name} now",
            context={
                "steps": [
                    {"title": each, "url": "#steps", "is_done": at < now, "is_now": at == now}
                    for at, each in enumerate(names)
                ]
            },
            is_wide=True,
        )
        for now, name in enumerate(names)
    ]
    return Component(name="Steps", slug="steps", template="components/_steps.html", examples=examples)


def _totals(stem: str) -> Component:
    quote: dict[str, Any] = {"currency": "IDR", "subtotal_minor": 1_249_000, "tax_minor": 126_000}
    chosen = quote | {"shipping_minor": 18_000, "shipping_name": "Regular", "total_minor": 1_267_000}
    off = quote | {"shipping_minor": 0, "discount_minor": 124_900, "coupon_code": "TAHAN10", "total_minor": 1_124_100}
    unknown = quote | {"shipping_minor": None, "total_minor": 1_249_000}
    examples = [
        Example(state="delivery not chosen", context={"totals": unknown, "tax_words": "PPN 11 %"}),
        Example(state="complete", context={"totals": chosen, "tax_words": "PPN 11 %"}),
        Example(state="with a coupon", context={"totals": off, "tax_words": "PPN 11 %"}),
    ]
    return Component(name="Totals", slug="totals", template="components/_totals.html", examples=examples)


def _empty(stem: str) -> Component:
    words = {"sentence": "Tap the heart to keep something for later.", "action_url": "/", "action_text": "Look around"}
    examples = [
        Example(state="with a way on", context=words),
        Example(state="words alone", context={"sentence": "No live holds. Good or quiet."}),
    ]
    return Component(name="Empty", slug="empty", template="components/_empty.html", examples=examples)


def _order_row(stem: str) -> Component:
    states = [OrderStatus.AWAITING_PAYMENT, OrderStatus.PAID, OrderStatus.FULFILLED, OrderStatus.CANCELLED]
    examples = [
        Example(
            state=str(OrderStatus(state).label), context={"order": _an_order(60 + n, state, stem=stem)}, is_wide=True
        )
        for n, state in enumerate(states)
    ]
    return Component(name="Order in a list", slug="order-row", template="styleguide/_order_row.html", examples=examples)


def _address(stem: str) -> Component:
    where = Address(
        name="Maya Lestari",
        phone="+628123456789",
        address="Jl. Kemang Raya 12",
        city="Jakarta Selatan",
        postal_code="12730",
    )
    return Component(
        name="Address",
        slug="address",
        template="components/_address_card.html",
        examples=[Example(state="default", context={"address": where})],
    )


def _wish(stem: str) -> Component:
    variant = Variant(pk=_id(70), sku="RUN-LIL-42")
    given = {"variant": variant, "name": "Lilac Runner", "next": "/styleguide/"}
    examples = [
        Example(state="not on the wishlist", context={**given, "is_wished": False}),
        Example(state="on it", context={**given, "is_wished": True}),
    ]
    return Component(name="Wishlist heart", slug="wish", template="components/_wish.html", examples=examples)


def _stars(stem: str) -> Component:
    examples = [Example(state=f"{stars} of 5", context={"stars": stars}) for stars in (5, 3.4, 1)]
    return Component(name="Stars", slug="stars", template="components/_stars.html", examples=examples)


def _review(stem: str) -> Component:
    text = "Light, and true to its size.\n\nThe heel took a week to soften."
    signed = Review(stars=4, author="Maya L.", text=text, written_at=NOW)
    examples = [
        Example(state="with words", context={"review": signed}),
        Example(state="stars alone, of a member who left", context={"review": Review(stars=2, written_at=NOW)}),
    ]
    return Component(name="Review", slug="review", template="components/_review.html", examples=examples)


def _account_nav(stem: str) -> Component:
    return Component(
        name="Ways through an account",
        slug="account-nav",
        template="components/_account_nav.html",
        examples=[Example(state="default", is_wide=True)],
    )


def _timeline(stem: str) -> Component:
    told = [
        Told(OrderEvent(kind=OrderEventKind.PAID, text="Paid.", happened_at=NOW), "you"),
        Told(OrderEvent(kind=OrderEventKind.PLACED, text="Placed.", happened_at=NOW - timedelta(minutes=4)), "you"),
    ]
    return Component(
        name="Timeline",
        slug="timeline",
        template="orders/_timeline.html",
        examples=[Example(state="newest first", context={"timeline": told})],
    )


def _a_card(stem: str, *, free: int = 0, held: int = 0, **changes: Any) -> ProductCard:
    shown: dict[str, Any] = {
        "slug": "",
        "name": "Lilac Runner",
        "brand": "Langkah",
        "url": "#card",
        "picture": stem,
        "alt": "",
        "price_minor": 1_249_000,
        "compare_at_minor": None,
        "currency": "IDR",
        "is_from": False,
        "is_new": False,
    }
    return ProductCard(**{**shown, **changes}, free=free, held=held)


def _summary(
    key: int, *, seconds: int, renewals: int = 0, is_free: bool = False, price: int = 1_249, reason: str = ""
) -> CartLineSummary:
    """A line whose hold has so many seconds left; one with a `reason` was ended by staff."""
    product = Product(
        pk=_id(3), slug="lilac-runner", name="Lilac Runner", category=Category(slug="shoes", name="Shoes")
    )
    variant = Variant(pk=_id(4), product=product, sku="RUN-LIL-42", options={"Size": "42"}, price_minor=price * 1000)
    line = CartLine(pk=_id(key), variant=variant, quantity=1, unit_price_minor=1_249_000, currency="IDR")
    ends_at = NOW + timedelta(seconds=seconds)
    hold = Hold(
        reservation_id=_id(key),
        state="RELEASED" if reason else "HELD",
        is_live=seconds > 0 and not reason,
        expires_at=ends_at,
        created_at=ends_at - settings.HOLD_TIME,
        units=1,
        renewals=renewals,
        most_renewals=settings.HOLD_EXTENSION_LIMIT,
        reason=reason,
        ended_at=NOW if reason else None,
    )
    return CartLineSummary(line=line, hold=hold, now=NOW, is_free_again=is_free, new_price_minor=variant.price_minor)


def _a_sale(stem: str, *, starts_in: int, ends_in: int, free: int, held: int = 0) -> Sale:
    """A drop of sixty units, so many minutes before or after its start and its end."""
    drop = Drop(
        pk=_id(8),
        slug="evening",
        name="Evening drop",
        starts_at=NOW + timedelta(minutes=starts_in),
        ends_at=NOW + timedelta(minutes=ends_in),
        limit_per_customer=2,
        published_at=NOW,
    )
    product = Product(pk=_id(3), slug="lilac-runner", name="Lilac Runner")
    images = [ProductImage(stem=stem)] if stem else []
    product._prefetched_objects_cache = {"images": images}  # type: ignore[attr-defined]
    variant = Variant(pk=_id(4), product=product, sku="RUN-LIL-42", price_minor=1_799_000)
    item = DropItem(pk=8, drop=drop, variant=variant, price_minor=1_249_000, quota=60)
    left = Availability(sku=variant.sku, free=free, held=held)
    each = SaleItem(item=item, product=product, availability=left, usual_minor=1_799_000, sold=60 - free - held)
    return Sale(drop=drop, items=[each], now=NOW)


def _a_place(
    key: int,
    *,
    state: str = "WAITING",
    people: int = 0,
    seconds: int = 0,
    reason: str = "",
    odds: Odds = NO_ODDS,
) -> MyPlace:
    """A place in line; one at its turn has so many seconds left."""
    place = Place(
        place_id=_id(key),
        holder="",
        sku="RUN-LIL-42",
        location_id=None,
        state=state,
        number=key,
        quantity=1,
        offered=1 if seconds else 0,
        joined_at=NOW,
        ended_at=NOW,
        reason=reason,
        ended_by="staff" if reason else "",
        people_before=people,
        units_before=people + 1 if people else 0,
        held_until=NOW + timedelta(seconds=seconds) if seconds else None,
        is_held=seconds > 0,
    )
    variant = _summary(key, seconds=0).line.variant
    waiting = Waiting(place_id=_id(key), variant=variant, email="maya@example.com", unit_price_minor=1_249_000)
    return MyPlace(waiting=waiting, place=place, odds=odds, token="a-token", now=NOW)  # noqa: S106


def _an_order(key: int, status: str, *, stem: str) -> Order:
    order = Order(
        pk=_id(key), number="T-7K3M-Q9XD", status=status, placed_at=NOW, total_minor=1_267_000, currency="IDR"
    )
    line = OrderLine(pk=_id(key), product_name="Lilac Runner", quantity=1, picture_stem=stem)
    # As a query with prefetched relations would bring it.
    order._prefetched_objects_cache = {"lines": [line], "papers": []}  # type: ignore[attr-defined]
    return order


def _id(number: int) -> UUID:
    """The same at every visit: a part of the page that is asked for again is known by its id."""
    return UUID(int=number)


GALLERY: list[Callable[[str], Component]] = [
    _buttons, _tags, _icons, _price, _stock, _card, _card_stock, _drop, _clock, _tile, _gallery, _options, _quantity,
    _hold, _strip, _turn, _line, _join_line,
    _notice, _undo, _fields, _errors, _facets, _pager, _steps, _totals, _empty, _order_row, _timeline,
    _address, _account_nav, _wish, _stars, _review,
]  # fmt: skip
