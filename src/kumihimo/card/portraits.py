"""Faces of nobody: a portrait drawn by program from a seed, marked TEST across."""

from typing import Final

from PIL import Image, ImageDraw

from kumihimo.card.faces import photo_jp2
from kumihimo.kernel.entropy import Entropy, below

SIZE: Final = (180, 240)


def portrait(entropy: Entropy) -> bytes:
    """Draw a portrait; the same entropy draws the same face. Returns grey JPEG 2000."""
    image = Image.new("L", SIZE, 225 - below(entropy, 20))
    draw = ImageDraw.Draw(image)
    skin = 150 + below(entropy, 70)
    hair = 20 + below(entropy, 90)
    width = 42 + below(entropy, 10)
    height = 58 + below(entropy, 10)
    centre, middle = SIZE[0] // 2, 108 + below(entropy, 8)
    fringe = 14 + below(entropy, 18)
    box = (centre - width, middle - height, centre + width, middle + height)
    _shoulders(draw, centre, middle + height, 60 + below(entropy, 60), skin)
    draw.ellipse((box[0] - 8, box[1] - 14, box[2] + 8, box[3] - below(entropy, 40)), fill=hair)
    draw.ellipse(box, fill=skin)
    draw.chord((box[0], box[1] - 4, box[2], box[1] + 2 * fringe + 20), 180, 360, fill=hair)
    _features(draw, centre, middle, skin, entropy)
    draw.text((centre, SIZE[1] - 14), "TEST", fill=255, anchor="mm", font_size=22)
    return photo_jp2(image)


def no_portrait() -> bytes:
    """Return an empty picture: a child under one year may have a card without a photo."""
    return photo_jp2(Image.new("L", SIZE, 225))


def _shoulders(draw: ImageDraw.ImageDraw, centre: int, chin: int, cloth: int, skin: int) -> None:
    draw.ellipse((centre - 84, chin + 4, centre + 84, chin + 150), fill=cloth)
    draw.rectangle((centre - 16, chin - 18, centre + 16, chin + 18), fill=skin - 12)


def _features(
    draw: ImageDraw.ImageDraw, centre: int, middle: int, skin: int, entropy: Entropy
) -> None:
    apart = 16 + below(entropy, 6)
    eye = 3 + below(entropy, 3)
    brow = 8 + below(entropy, 5)
    for side in (-1, 1):
        x, y = centre + side * apart, middle - 4
        draw.ellipse((x - 7, y - eye, x + 7, y + eye), fill=245)
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=25)
        draw.line((x - 9, y - brow, x + 9, y - brow - 1), fill=45, width=2)
    draw.line((centre, middle + 2, centre - 4, middle + 18), fill=skin - 40, width=2)
    mouth = 9 + below(entropy, 8)
    smile = below(entropy, 6)
    draw.arc(
        (centre - mouth, middle + 22, centre + mouth, middle + 34 + smile),
        15,
        165,
        fill=70,
        width=3,
    )
