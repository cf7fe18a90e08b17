"""From an upload to the three WebP sizes that the shop shows."""

import io
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError
from uuid6 import uuid7

from shop.errors import InvalidInput
from shop.models import PICTURE_SIZES

FORMATS = ("JPEG", "PNG", "WEBP")
LOWEST_SIDE = min(PICTURE_SIZES)
HIGHEST_PIXELS = 25_000_000
QUALITY = 80


def cut_picture(*, upload: IO[bytes]) -> dict[int, bytes]:
    """The picture cut to the square in its middle, as WebP in each size (side in pixels to file content).

    It is turned upright, loses everything that the camera wrote into it but its colour profile, and is never
    enlarged: from a small upload the larger sizes come out smaller than their name.

    :raises InvalidInput: if it is no JPEG, PNG or WebP picture, is broken, too small or too large.
    """
    try:
        # Opening reads the header alone, so that a picture of absurd size is refused before it is unpacked.
        picture: Image.Image = Image.open(upload, formats=FORMATS)
        _refuse_bad_size(*picture.size)
        picture = ImageOps.exif_transpose(picture)
        picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise InvalidInput(
            field="upload", problem="This file is no picture that can be read. Choose a JPEG, PNG or WebP picture."
        ) from error
    return {size: _webp(picture, size=size) for size in PICTURE_SIZES}


def keep_picture(*, sizes: dict[int, bytes], folder: str = "products") -> str:
    """Write the sizes to the media storage under a new stem and return it; if one cannot be written, none stays.

    Files are never removed when a picture is taken off a product: placed orders go on showing it.
    """
    stem = f"{folder}/{uuid7().hex}"
    written: list[str] = []
    try:
        for size, content in sizes.items():
            written.append(default_storage.save(f"{stem}-{size}.webp", ContentFile(content)))
    except OSError:
        for name in written:
            default_storage.delete(name)
        raise
    return stem


def _refuse_bad_size(width: int, height: int) -> None:
    if width * height > HIGHEST_PIXELS:
        raise _too_large(width=width, height=height)
    if min(width, height) < LOWEST_SIDE:
        raise InvalidInput(
            field="upload",
            problem=f"This picture is {width} x {height} pixels. "
            f"Choose one with at least {LOWEST_SIDE} on its shorter side.",
        )


def _too_large(*, width: int = 0, height: int = 0) -> InvalidInput:
    found = f"This picture is {width} x {height} pixels" if width else "This picture is far too large"
    return InvalidInput(
        field="upload", problem=f"{found}. Choose one of at most {HIGHEST_PIXELS // 1_000_000} megapixels."
    )


def _webp(picture: Image.Image, *, size: int) -> bytes:
    side = min(size, *picture.size)
    square = ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
    # A profile describes the colours of the mode that it came with.
    profile = picture.info.get("icc_profile") if picture.mode in ("RGB", "RGBA") else None
    content = io.BytesIO()
    square.convert("RGBA" if picture.has_transparency_data else "RGB").save(
        content, "WEBP", quality=QUALITY, method=6, icc_profile=profile
    )
    return content.getvalue()
