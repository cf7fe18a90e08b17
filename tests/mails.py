"""Pictures of every e-mail: `make mails` words each as the shop does and writes it to `var/mails`.

Both languages, a phone and the width of a mail program, light and dark, and an index.html with all of them together.
The order behind them is one of a freshly seeded demo, in a database that is thrown away.
"""

import logging
import os
import sys
from dataclasses import dataclass

import django
from django.conf import settings
from django.core.management import call_command
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from playwright.sync_api import Browser, sync_playwright

from tests.servers import ROOT, temporary_folder

PICTURES = ROOT / "var" / "mails"
WIDTHS = (390, 680)
SCHEMES = ("light", "dark")
SKUS = {"RUN-LIL-42": 1, "CUP-WHT": 2}


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail in one language."""

    name: str
    language: str
    subject: str
    text: str
    html: str

    def picture(self, *, width: int, scheme: str) -> str:
        """The name of its file."""
        return f"{self.name}-{self.language}-{scheme}-{width}.png"


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with temporary_folder() as folder:
        os.environ |= {"DEMO": "1", "VAR_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/mails.sqlite3"}
        os.environ |= {"REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "shop.settings"}
        django.setup()
        logging.disable(logging.INFO)
        call_command("migrate", verbosity=0)
        call_command("seed", verbosity=0)
        mails = every_mail()
    # Django's connection belongs to this thread of control, and Playwright brings its own loop: first one, then the
    # other.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for scheme in SCHEMES:
            for width in WIDTHS:
                _photograph(browser, mails, width=width, scheme=scheme)
        browser.close()
    (PICTURES / "index.html").write_text(_index(mails))
    print(f"{len(mails)} e-mails, {len(mails) * len(WIDTHS) * len(SCHEMES)} pictures: {PICTURES / 'index.html'}")


def every_mail() -> list[Mail]:
    """Every e-mail in every language, worded by the shop's own service about orders of the demo."""
    from inventory import services as inventory
    from orders.services.message import word_message
    from shop.models import Variant
    from tests.factories import NOW, paid_order
    from tests.orders.mails import NAMES, context_of

    mails = []
    variants = Variant.objects.in_bulk(list(SKUS), field_name="sku")
    for sku in SKUS:
        units = 2 * len(NAMES)
        inventory.receive(sku=sku, location="BDG", quantity=units, reason="pictures", actor="mails", now=NOW)
    for name in NAMES:
        order = paid_order(lines={variants[sku]: units for sku, units in SKUS.items()})
        context = context_of(name, order)
        for language, _ in settings.LANGUAGES:
            mails.append(
                Mail(name=name, language=language, **word_message(name=name, language=language, context=context))
            )
    return mails


def _photograph(browser: Browser, mails: list[Mail], *, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 400}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for mail in mails:
        page.set_content(mail.html)
        page.screenshot(path=PICTURES / mail.picture(width=width, scheme=scheme), full_page=True)
    context.close()


def _index(mails: list[Mail]) -> str:
    rows = format_html_join(
        "\n",
        "<section><h2>{} <small>{}</small></h2><p>{}</p>{}<pre>{}</pre></section>",
        ((mail.name, mail.language, mail.subject, _pictures(mail), mail.text) for mail in mails),
    )
    return str(format_html(PAGE, rows))


def _pictures(mail: Mail) -> SafeString:
    names = [mail.picture(width=width, scheme=scheme) for scheme in SCHEMES for width in WIDTHS]
    return str(
        format_html_join(" ", '<a href="{0}"><img src="{0}" alt="{0}" loading="lazy" height="480"></a>', zip(names))
    )


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>E-mails of the shop</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 24px; color-scheme: light dark }}
pre {{ white-space: pre-wrap; max-width: 40rem }}
small {{ font-weight: normal }}
</style>
<h1>E-mails of the shop</h1>
{}
</html>
"""


if __name__ == "__main__":
    sys.exit(main())
