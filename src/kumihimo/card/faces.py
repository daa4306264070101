"""What is printed, as pictures: text as PNG of one bit, the photo as grey JPEG 2000.

Sizes of the number (72 by 12) and the security code (24 by 12) are the real card's; those of name,
address and photo are our choice. The font comes as a package: nothing is fetched when it is used.
"""

from functools import cache
from io import BytesIO
from typing import Final

import noto_cjk_sans_jp_regular
from PIL import Image, ImageDraw, ImageFont

DIGIT: Final = (6, 12)
NAME: Final = (360, 40)
ADDRESS: Final = (480, 72)
_DIGIT_SIZE: Final = 10
_NAME_SIZE: Final = 28
_ADDRESS_SIZE: Final = 22
_SMALLEST: Final = 6
_PHOTO_RATE: Final = 12  # how many times smaller than the pixels


def digits_png(digits: str) -> bytes:
    """Draw digits in cells of 6 by 12."""
    width, height = DIGIT
    image = Image.new("1", (width * len(digits), height), 1)
    draw = _drawer(image)
    for place, digit in enumerate(digits):
        draw.text((place * width, height // 2), digit, fill=0, font=_font(_DIGIT_SIZE), anchor="lm")
    return _png(image)


def name_png(name: str) -> bytes:
    """Draw a name on one line, smaller if it is long."""
    return _text_png(name, NAME, _NAME_SIZE)


def address_png(address: str) -> bytes:
    """Draw an address on as many lines as it needs, smaller if they are many."""
    return _text_png(address, ADDRESS, _ADDRESS_SIZE)


def photo_jp2(image: Image.Image) -> bytes:
    """Encode a picture as the card keeps a photo: grey, JPEG 2000."""
    sink = BytesIO()
    image.convert("L").save(
        sink, format="JPEG2000", quality_mode="rates", quality_layers=[_PHOTO_RATE]
    )
    return sink.getvalue()


def _text_png(text: str, size: tuple[int, int], largest: int) -> bytes:
    image = Image.new("1", size, 1)
    draw = _drawer(image)
    for point in range(largest, _SMALLEST - 1, -1):
        lines = _broken(text, size[0], point)
        if point == _SMALLEST or len(lines) * point * 5 // 4 <= size[1]:
            draw.multiline_text((0, 0), "\n".join(lines), fill=0, font=_font(point), spacing=0)
            break
    return _png(image)


def _broken(text: str, width: int, point: int) -> list[str]:
    """Break a text wherever the width ends: an address has no words."""
    font = _font(point)
    lines = [""]
    for character in text:
        if font.getlength(lines[-1] + character) > width:
            lines.append("")
        lines[-1] += character
    return lines


def _drawer(image: Image.Image) -> ImageDraw.ImageDraw:
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"
    return draw


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(noto_cjk_sans_jp_regular.FONT_PATH), size)


def _png(image: Image.Image) -> bytes:
    sink = BytesIO()
    image.save(sink, format="PNG", optimize=True)
    return sink.getvalue()
