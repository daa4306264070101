"""The five applications of today's card: names, files, PINs, keys and who opens what."""

from typing import Final

from kumihimo.card import apdu
from kumihimo.card.files import (
    FREE,
    NEVER,
    Application,
    File,
    Form,
    Key,
    Pin,
    Records,
    Reference,
    Role,
    any_of,
    entries,
)

ISD: Final = bytes.fromhex("A0000001510000")  # GlobalPlatform: selects nothing of ours

CHANGE_PIN: Final = 0x24
COMPUTE_SIGNATURE: Final = 0x2A
CHANGE_KEY: Final = 0x32
INTERNAL_AUTHENTICATE: Final = 0x88

SIGN_CERTIFICATE: Final = 0x0001
SIGN_CA: Final = 0x0002
TOKEN_INFO: Final = 0x0006
PRESENT: Final = 0x0008
AUTH_CERTIFICATE: Final = 0x000A
AUTH_CA: Final = 0x000B
AUTH_KEY: Final = 0x0017
AUTH_PIN: Final = 0x0018
SIGN_KEY: Final = 0x001A
SIGN_PIN: Final = 0x001B

JPKI: Final = Application(
    name="jpki",
    aid=bytes.fromhex("D392F000260100000001"),
    session_key=apdu.SECURITY,
    entries=entries(
        (
            File(SIGN_CERTIFICATE, any_of(SIGN_PIN)),
            File(SIGN_CA, FREE),
            File(TOKEN_INFO, FREE),
            File(PRESENT, FREE),
            File(0x0009, NEVER),
            File(AUTH_CERTIFICATE, FREE),
            File(AUTH_CA, FREE),
            Reference(0x0016),
            Key(AUTH_KEY, any_of(AUTH_PIN, Role.TERMINAL), COMPUTE_SIGNATURE),
            Pin(AUTH_PIN, Form.FOUR_DIGITS, 3, CHANGE_PIN),
            Key(SIGN_KEY, any_of(SIGN_PIN), COMPUTE_SIGNATURE),
            Pin(SIGN_PIN, Form.PASSWORD, 5, CHANGE_PIN),
        )
    ),
)

NUMBER: Final = 0x0001
ATTRIBUTES: Final = 0x0002
INTEGRITY: Final = 0x0003
FACE_CERTIFICATE: Final = 0x0004
TEXT_BASICS: Final = 0x0005
SESSION_PUBLIC: Final = 0x0006
TEXT_SIGNING: Final = 0x0007
TEXT_PIN: Final = 0x0011
TEXT_BLOCKED: Final = 0x0012
TEXT_KEY: Final = 0x0013
TEXT_A: Final = 0x0014
TEXT_B: Final = 0x0015

TEXT: Final = Application(
    name="text",
    aid=bytes.fromhex("D3921000310001010408"),
    session_key=None,
    default_key=TEXT_KEY,
    entries=entries(
        (
            File(NUMBER, any_of(TEXT_PIN, TEXT_A)),
            File(ATTRIBUTES, any_of(TEXT_PIN, TEXT_B)),
            File(INTEGRITY, any_of(TEXT_PIN, TEXT_A, TEXT_B, Role.COUNTER)),
            File(FACE_CERTIFICATE, FREE),
            File(TEXT_BASICS, FREE),
            File(SESSION_PUBLIC, any_of(TEXT_PIN, TEXT_A, TEXT_B)),
            File(TEXT_SIGNING, any_of(TEXT_PIN, TEXT_A, TEXT_B)),
            File(0x0008, FREE),
            Pin(TEXT_PIN, Form.FOUR_DIGITS, 3, CHANGE_PIN),
            Pin(TEXT_BLOCKED, Form.FOUR_DIGITS, 3),
            Key(TEXT_KEY, FREE, COMPUTE_SIGNATURE),
            Pin(TEXT_A, Form.CODE_A, 10),
            Pin(TEXT_B, Form.CODE_B, 10),
        )
    ),
)

AGE: Final = 0x0001
FACE: Final = 0x0002
VISUAL_BASICS: Final = 0x0003
NUMBER_IMAGE: Final = 0x0005
VISUAL_BIRTH: Final = 0x0011
VISUAL_B: Final = 0x0012
VISUAL_A: Final = 0x0013
VISUAL_KEY: Final = 0x001A

# The next generation has the face in the text application (our choice of ids: none is published).
NEXT_FACE: Final = 0x0009
NEXT_AGE: Final = 0x000A
NEXT_NUMBER_IMAGE: Final = 0x000B

VISUAL: Final = Application(
    name="visual",
    aid=bytes.fromhex("D3921000310001010402"),
    session_key=apdu.SECURITY_ENVIRONMENT,
    default_key=VISUAL_KEY,
    entries=entries(
        (
            File(AGE, any_of(VISUAL_BIRTH, VISUAL_A, VISUAL_B)),
            File(FACE, any_of(VISUAL_A, VISUAL_B)),
            File(VISUAL_BASICS, FREE),
            File(FACE_CERTIFICATE, FREE),
            File(NUMBER_IMAGE, any_of(VISUAL_A)),
            File(0x0006, any_of(VISUAL_A, VISUAL_B)),
            Pin(VISUAL_BIRTH, Form.ERA_DAY, 10),
            Pin(VISUAL_B, Form.CODE_B, 10),
            Pin(VISUAL_A, Form.CODE_A, 10),
            Key(VISUAL_KEY, FREE, COMPUTE_SIGNATURE),
        )
    ),
)

KEY_REFERENCE: Final = 0x0002
RESIDENT_CODE: Final = 0x0003
CARD_PIN: Final = 0x001C

JUKI: Final = Application(
    name="juki",
    aid=bytes.fromhex("D3921000310001010401"),
    session_key=apdu.SECURITY,
    entries=entries(
        (
            Records(KEY_REFERENCE, FREE),
            File(RESIDENT_CODE, any_of(Role.COUNTER)),
            Pin(CARD_PIN, Form.FOUR_DIGITS, 3, CHANGE_KEY),
        )
    ),
)

CARD_INFO: Final = 0x0001
CHIP_KEY: Final = 0x0019

COMMON: Final = Application(
    name="common",
    aid=bytes.fromhex("D3921000310001010100"),
    session_key=apdu.SECURITY_ENVIRONMENT,
    entries=entries(
        (
            Records(CARD_INFO, FREE),
            Records(KEY_REFERENCE, FREE),
            Key(CHIP_KEY, FREE, INTERNAL_AUTHENTICATE),
            Pin(CARD_PIN, Form.FOUR_DIGITS, 3, CHANGE_KEY),
        )
    ),
)
