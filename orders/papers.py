"""How a paper is drawn: rows of words and amounts for the page that is printed, and the same rows as a PDF."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.dateformat import format as written
from django.utils.timezone import localtime
from django.utils.translation import gettext
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from orders.models import Paper
from shop.money import MINUS, format_money, format_rate

FONTS = Path(settings.BASE_DIR) / "static" / "fonts" / "paper"
MARGIN_MM = 12
ROW_MM = 6
COLUMNS_MM = (96, 16, 37, 37)


@dataclass(frozen=True, slots=True)
class Row:
    """A name and an amount, ready to be read."""

    name: str
    amount: str
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything that stands on a paper, in its language."""

    title: str
    number: str
    facts: list[Row]
    seller: list[str]
    buyer_title: str
    buyer: list[str]
    columns: list[str]
    lines: list[list[str]]
    totals: list[Row]
    taxes: list[Row]
    remark: str


def drawn(paper: Paper) -> Drawn:
    """The words of a paper, in its language."""
    with translation.override(paper.language):
        return _drawn(paper, paper.content)


def pdf(paper: Paper) -> bytes:
    """The paper as an A4 PDF. The same paper gives the same bytes."""
    with translation.override(paper.language):
        return _as_pdf(paper, _drawn(paper, paper.content))


def pdf_answer(paper: Paper) -> HttpResponse:
    """A file that browsers show and programs keep, under the paper's number: the same from every door."""
    answer = HttpResponse(pdf(paper), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{paper.number}.pdf"'
    add_never_cache_headers(answer)
    return answer


def _drawn(paper: Paper, content: dict[str, Any]) -> Drawn:
    def money(amount_minor: int) -> str:
        return format_money(amount_minor, paper.currency)

    facts = [
        Row(gettext("Date"), written(localtime(paper.issued_at), "j F Y")),
        Row(gettext("Order"), content["order_number"]),
    ]
    if not paper.is_invoice:
        facts.append(Row(gettext("Corrects invoice"), content["invoice_number"]))
    if paper.is_reversal:
        facts.append(Row(gettext("Takes back credit note"), content["credit_note_number"]))
    if content["payment"]["reference"]:
        facts.append(Row(gettext("Payment"), content["payment"]["reference"]))
    seller, buyer = content["seller"], content["buyer"]
    tax_number = gettext("Tax number: %(number)s") % {"number": seller["tax_id"]} if seller["tax_id"] else ""
    return Drawn(
        title=_title(paper),
        number=paper.number,
        facts=facts,
        seller=[part for part in (seller["name"], seller["address"], tax_number) if part],
        buyer_title=gettext("Billed to") if paper.is_invoice else gettext("Credited to"),
        buyer=[buyer["name"], buyer["address"], buyer["city"], buyer["email"]],
        columns=[gettext("Item"), gettext("Units"), gettext("Price"), gettext("Amount")],
        lines=[
            [line["name"], str(line["quantity"]), money(line["unit_price_minor"]), money(line["total_minor"])]
            for line in content["lines"]
        ],
        totals=_totals(paper, content, money),
        taxes=[_tax_row(tax, content["tax_name"], money) for tax in content["taxes"]],
        remark=_remark(paper),
    )


def _title(paper: Paper) -> str:
    if paper.is_invoice:
        return gettext("Invoice")
    return gettext("Reversal of a credit note") if paper.is_reversal else gettext("Credit note")


def _remark(paper: Paper) -> str:
    if paper.is_invoice:
        return gettext("Paid. Thank you.")
    if paper.is_reversal:
        return gettext("The bank did not take the refund. The money is with the shop until it goes back another way.")
    return gettext("The money went back by the way it came.")


def _totals(paper: Paper, content: dict[str, Any], money: Any) -> list[Row]:
    included = gettext("Includes %(tax)s") % {"tax": content["tax_name"]}
    if not paper.is_invoice:
        name = gettext("Taken back") if paper.is_reversal else gettext("Credited")
        rows = [Row(name, money(content["total_minor"]), is_total=True)]
        return [*rows, Row(included, money(content["tax_minor"]))] if content["tax_minor"] else rows
    rows = [Row(gettext("Items"), money(content["subtotal_minor"]))]
    if content["discount_minor"]:
        name = ", ".join(filter(None, [gettext("Discount"), content["coupon_code"]]))
        rows.append(Row(name, f"{MINUS}{money(content['discount_minor'])}"))
    rows.append(Row(", ".join([gettext("Delivery"), content["shipping_name"]]), money(content["shipping_minor"])))
    if content["added_tax_minor"]:
        rows.append(Row(content["tax_name"], money(content["added_tax_minor"])))
    rows.append(Row(gettext("Total"), money(content["total_minor"]), is_total=True))
    if content["tax_minor"] and not content["added_tax_minor"]:
        rows.append(Row(included, money(content["tax_minor"])))
    return rows


def _tax_row(tax: dict[str, Any], tax_name: str, money: Any) -> Row:
    what = gettext("Delivery") if tax["rate_bp"] is None else format_rate(tax["rate_bp"])
    name = gettext("%(tax)s on %(base)s") % {"tax": f"{tax_name} {what}", "base": money(tax["base_minor"])}
    return Row(name, money(tax["tax_minor"]))


class _Sheet(FPDF):
    """A4 with the shop's font, and the page's number at its foot."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4", unit="mm")
        self.foot = foot
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM + 2 * ROW_MM)
        self.add_font("Jakarta", style="", fname=FONTS / "plus-jakarta-sans-regular.ttf")
        self.add_font("Jakarta", style="B", fname=FONTS / "plus-jakarta-sans-bold.ttf")

    def footer(self) -> None:
        self.set_y(-MARGIN_MM - ROW_MM)
        self.set_font("Jakarta", size=8)
        self.cell(0, ROW_MM, self.foot % {"page": self.page_no(), "pages": "{nb}"})

    def text_line(self, text: str, *, size: int = 10, is_bold: bool = False, width: float = 0) -> None:
        """Text that goes on below itself where the line ends."""
        self.set_font("Jakarta", style="B" if is_bold else "", size=size)
        self.multi_cell(width, size * 0.55, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def amount_row(self, row: Row) -> None:
        """A name in the middle, its amount at the right edge."""
        self.set_font("Jakarta", style="B" if row.is_total else "", size=11 if row.is_total else 10)
        self.set_x(self.l_margin + self.epw / 2 - 10)
        self.cell(self.epw / 2 - 27, ROW_MM, row.name)
        self.cell(37, ROW_MM, row.amount, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _as_pdf(paper: Paper, words: Drawn) -> bytes:
    sheet = _Sheet(foot=f"{words.number} · " + gettext("Page %(page)s of %(pages)s"))
    sheet.set_title(f"{words.title} {words.number}")
    sheet.set_lang(paper.language)
    sheet.set_creation_date(paper.issued_at)
    sheet.add_page()
    sheet.text_line("tahan", size=16, is_bold=True)
    sheet.ln(4)
    sheet.text_line(f"{words.title} {words.number}", size=18, is_bold=True)
    sheet.ln(3)
    for row in words.facts:
        sheet.text_line(f"{row.name}: {row.amount}")
    sheet.ln(5)
    top = sheet.get_y()
    for position, text in enumerate(words.seller):
        sheet.text_line(text, is_bold=position == 0, width=sheet.epw / 2 - 8)
    bottom = sheet.get_y()
    sheet.set_y(top)
    sheet.set_left_margin(MARGIN_MM + sheet.epw / 2)
    sheet.text_line(words.buyer_title, is_bold=True)
    for text in words.buyer:
        sheet.text_line(text)
    sheet.set_left_margin(MARGIN_MM)
    sheet.set_y(max(bottom, sheet.get_y()) + 8)
    if words.lines:
        _draw_lines(sheet, words)
    for row in words.totals:
        sheet.amount_row(row)
    if words.taxes:
        sheet.ln(3)
        for row in words.taxes:
            sheet.amount_row(row)
    sheet.ln(8)
    sheet.text_line(words.remark)
    return bytes(sheet.output())


def _draw_lines(sheet: _Sheet, words: Drawn) -> None:
    sheet.set_font("Jakarta", size=10)
    with sheet.table(
        col_widths=COLUMNS_MM,
        text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT"),
        borders_layout="HORIZONTAL_LINES",
        line_height=ROW_MM,
    ) as table:
        for cells in [words.columns, *words.lines]:
            row = table.row()
            for cell in cells:
                row.cell(cell)
    sheet.ln(3)
