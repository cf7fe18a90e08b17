"""An upload becomes three WebP squares, or a clear sentence."""

import io

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from shop.errors import InvalidInput
from shop.pictures import cut_picture, keep_picture


def upload(width: int, height: int, *, kind: str = "PNG", mode: str = "RGB") -> io.BytesIO:
    file = io.BytesIO()
    Image.new(mode, (width, height), 128 if mode == "L" else None).save(file, kind)
    file.seek(0)
    return file


def refusal(file: io.BytesIO) -> str:
    with pytest.raises(InvalidInput) as refused:
        cut_picture(upload=file)
    assert refused.value.field == "upload"
    return refused.value.detail


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("JPEG", "CMYK"), ("WEBP", "RGB"), ("PNG", "P")])
def test_cut_picture_makes_three_squares(kind: str, mode: str) -> None:
    sizes = cut_picture(upload=upload(1600, 1200, kind=kind, mode=mode))

    pictures = {size: Image.open(io.BytesIO(content)) for size, content in sizes.items()}
    assert {size: (picture.format, picture.size) for size, picture in pictures.items()} == {
        320: ("WEBP", (320, 320)),
        640: ("WEBP", (640, 640)),
        960: ("WEBP", (960, 960)),
    }


def test_cut_picture_never_enlarges() -> None:
    sizes = cut_picture(upload=upload(400, 500))

    assert [Image.open(io.BytesIO(content)).size for content in sizes.values()] == [(320, 320), (400, 400), (400, 400)]


def test_cut_picture_turns_it_upright_and_forgets_the_camera() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    turned[0x010F] = "A camera"
    file = io.BytesIO()
    picture = Image.new("RGB", (800, 800), "white")
    picture.paste("red", (0, 0, 800, 100))
    picture.save(file, "JPEG", exif=turned)
    file.seek(0)

    cut = Image.open(io.BytesIO(cut_picture(upload=file)[320]))

    assert dict(cut.getexif()) == {}
    red, _, blue = cut.convert("RGB").getpixel((310, 160))
    assert red > 200 > 100 > blue


def test_cut_picture_refuses_what_is_too_small_or_too_large() -> None:
    assert refusal(upload(300, 2000)) == (
        "This picture is 300 x 2000 pixels. Choose one with at least 320 on its shorter side."
    )
    assert refusal(upload(6000, 5000, mode="L")) == (
        "This picture is 6000 x 5000 pixels. Choose one of at most 25 megapixels."
    )
    assert refusal(upload(20_000, 10_000, mode="L")) == (
        "This picture is far too large. Choose one of at most 25 megapixels."
    )


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n" + b"\0" * 40]
)
def test_cut_picture_refuses_what_is_no_picture(content: bytes) -> None:
    assert refusal(io.BytesIO(content)) == (
        "This file is no picture that can be read. Choose a JPEG, PNG or WebP picture."
    )


def test_cut_picture_refuses_a_picture_that_breaks_off() -> None:
    whole = upload(800, 800, kind="JPEG").getvalue()

    assert refusal(io.BytesIO(whole[: len(whole) // 2])).startswith("This file is no picture")


def test_cut_picture_refuses_other_formats() -> None:
    assert refusal(upload(800, 800, kind="GIF", mode="L")).startswith("This file is no picture")


def test_keep_picture_writes_the_sizes_under_one_stem() -> None:
    stem = keep_picture(sizes={320: b"a", 640: b"b", 960: b"c"})

    kept = []
    for size in (320, 640, 960):
        with default_storage.open(f"{stem}-{size}.webp") as file:
            kept.append(file.read())
    assert kept == [b"a", b"b", b"c"]
