"""Draw the pictures of the demo shop: each object of the catalogue on its stage, as WebP in the sizes the shop shows.

For maintainers, after a change to `catalogue.json` or to a drawing; the results are kept in the repository, so the shop
itself never runs this. It needs Chromium, and of the development packages Playwright.

    python shop/demo/art/render.py --chromium /usr/bin/chromium
    python shop/demo/art/render.py --only lilac-runner --only merah-teapot
"""

import argparse
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ART = Path(__file__).resolve().parent
CATALOGUE = ART.parent / "catalogue.json"
STATIC = ART.parents[2] / "static"

SIDE = 960
SIZES = (320, 640, 960)
QUALITY = 80

STAGES = {
    "lilac": ("#f6f3fb", "#ddd4f0"),
    "sand": ("#faf5e9", "#ecdcbd"),
    "mint": ("#f0f8f3", "#cde7d8"),
    "sky": ("#f0f6fb", "#cbdff0"),
    "rose": ("#fcf1f1", "#f1d0d4"),
    "slate": ("#f3f4f6", "#d3d9e0"),
    "peach": ("#fdf4ec", "#f4d8c2"),
    "olive": ("#f7f8ec", "#dfe4c3"),
}


@dataclass(frozen=True)
class View:
    """How an object stands on its stage: fits the share of the side that `fill` names, centred at `centre`."""

    turn_degrees: int = 0
    fill: float = 0.62
    centre: tuple[float, float] = (0.5, 0.47)
    is_mirrored: bool = False
    has_twin: bool = False

    @property
    def has_shadow(self) -> bool:
        """A close view shows no ground, so nothing falls on it."""
        return self.fill < 1


VIEWS = {
    "front": View(),
    "turned": View(is_mirrored=True),
    "tilt": View(turn_degrees=-14),
    "pair": View(fill=0.5, has_twin=True),
    # Rotated and larger than the stage, as if one leaned over it.
    "close": View(turn_degrees=-20, fill=1.3, centre=(0.5, 0.52)),
    # Upright and cut off below: for things that would look fallen over if they were turned.
    "detail": View(fill=1.25, centre=(0.5, 0.78)),
}


@dataclass(frozen=True)
class Picture:
    """One picture to draw: which object, on which stage, in which view, in which colours."""

    stem: str
    drawing: str
    stage: str
    view: View
    colouring: str


@dataclass(frozen=True)
class Box:
    """Where an object's visible pixels lie, as shares of the side of the square that it was drawn in."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def main() -> None:
    """Draw what the arguments ask for."""
    arguments = _arguments()
    catalogue = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    folder = ART.parent / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": SIDE, "height": SIDE})
        for picture in pictures_of(catalogue, only=arguments.only):
            keep(draw(page, picture), folder=folder, stem=picture.stem)
        if not arguments.only:
            draw_share_card(page)
        browser.close()


def pictures_of(catalogue: dict[str, Any], *, only: list[str]) -> Iterator[Picture]:
    """The pictures of the products with these slugs, or of all. A picture stands on its shelf's stage or on its own."""
    stages = {category["slug"]: category["stage"] for category in catalogue["categories"]}
    for product in catalogue["products"]:
        if only and product["slug"] not in only:
            continue
        for picture in product["pictures"]:
            yield Picture(
                stem=picture["stem"],
                drawing=(ART / f"{picture['art']}.svg").read_text(encoding="utf-8"),
                stage=picture.get("stage", stages[product["category"]]),
                view=VIEWS[picture["view"]],
                colouring=picture.get("filter", ""),
            )


def draw(page: Page, picture: Picture) -> Image.Image:
    """One picture, SIDE by SIDE pixels."""
    box = measure(page, picture)
    return _shot(page, _stage(picture.stage, *_placed(picture, box)))


def measure(page: Page, picture: Picture) -> Box:
    """Where the object's pixels lie: turned as its view wants, not yet mirrored, drawn as wide as half the stage.

    Asked of the rendered picture, because a drawing's own bounding box leaves out strokes and counts what is clipped.
    """
    object_alone = f'<div style="position:absolute;inset:0">{_object(picture, side=SIDE // 2)}</div>'
    # The fallen shadow and faint glows do not count.
    alpha = _shot(page, object_alone, is_transparent=True).getchannel("A").point(lambda value: 255 * (value > 64))
    left, top, right, bottom = alpha.getbbox() or (0, 0, SIDE, SIDE)
    half = SIDE / 2
    return Box(*((edge - half / 2) / half for edge in (left, top, right, bottom)))


def keep(picture: Image.Image, *, folder: Path, stem: str) -> None:
    """Write a square picture in every size of the shop."""
    for size in SIZES:
        small = picture.resize((size, size), Image.Resampling.LANCZOS)
        small.save(folder / f"{stem}-{size}.webp", quality=QUALITY, method=6)


def draw_share_card(page: Page) -> None:
    """The picture that other sites show beside a link to the shop: 1200 by 630 pixels."""
    page.set_viewport_size({"width": 1200, "height": 630})
    # From a file address, for only there may the page read the drawings and the font.
    page.goto((ART / "share.html").as_uri())
    page.evaluate("document.fonts.ready")
    card = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    card.save(STATIC / "img" / "share.webp", quality=QUALITY, method=6)
    # Only against a given palette does Pillow dither; without it the gradients would fall into bands.
    palette = card.quantize(256)
    dithered = card.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    dithered.save(STATIC / "img" / "share.png", optimize=True)


def _placed(picture: Picture, box: Box) -> Iterator[str]:
    """The shadow and the object, or two of them, so that its pixels and not its drawing's margins are centred."""
    view = picture.view
    side = SIDE * view.fill / max(box.width, box.height)
    middle = ((box.left + box.right) / 2 - 0.5, (box.top + box.bottom) / 2 - 0.5)
    # A twin is the other of a pair, not a copy: the left sandal beside the right one.
    spots = [(-0.17, -0.06, False), (0.15, 0.04, True)] if view.has_twin else [(0, 0, view.is_mirrored)]
    for right, down, is_mirrored in spots:
        x, y = view.centre[0] + right, view.centre[1] + down
        aside = -middle[0] if is_mirrored else middle[0]
        if view.has_shadow:
            yield _shadow(x=x, y=y + box.height * side / SIDE / 2 + 0.02, width=box.width * side / SIDE)
        x, y = x - aside * side / SIDE, y - middle[1] * side / SIDE
        yield _object(picture, side=side, x=x, y=y, is_mirrored=is_mirrored)


def _object(picture: Picture, *, side: float, x: float = 0.5, y: float = 0.5, is_mirrored: bool = False) -> str:
    flip = "scaleX(-1) " if is_mirrored else ""
    return (
        f'<div style="position:absolute;left:{x:.2%};top:{y:.2%};width:{side:.0f}px;height:{side:.0f}px;'
        f"transform:translate(-50%,-50%) {flip}rotate({picture.view.turn_degrees}deg);"
        f'filter:{picture.colouring} drop-shadow(0 14px 20px rgb(30 20 50 / .18))">{picture.drawing}</div>'
    )


def _shadow(*, x: float, y: float, width: float) -> str:
    return (
        f'<i style="position:absolute;left:{x:.2%};top:{y:.2%};width:{width * 0.9:.2%};height:6%;'
        "transform:translate(-50%,-50%);border-radius:50%;filter:blur(8px);"
        'background:radial-gradient(closest-side,rgb(30 20 50 / .34),transparent)"></i>'
    )


def _stage(name: str, *things: str) -> str:
    near, far = STAGES[name]
    ground = f"radial-gradient(120% 90% at 50% 32%,#fff 0,{near} 45%,{far} 100%)"
    return f'<div style="position:absolute;inset:0;overflow:hidden;background:{ground}">{"".join(things)}</div>'


def _shot(page: Page, content: str, *, is_transparent: bool = False) -> Image.Image:
    page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{content}")
    picture = Image.open(io.BytesIO(page.screenshot(omit_background=is_transparent)))
    return picture.convert("RGBA" if is_transparent else "RGB")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chromium", help="the browser's program; Playwright's own if left out")
    parser.add_argument(
        "--only", action="append", default=[], metavar="SLUG", help="draw this product alone (repeatable)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
