"""How the inquiry worked before 2023-12-18, kept here only, to show what it did.

Three attributes were allowed and a clerk chose among the hits by eye: when there was one hit, that
was the person. Thousands of insurance records were tied to somebody else that way.
"""

from kumihimo.people.identity import FourAttributes, match_key, strict_match

ASKED_FOR = FourAttributes.parse(
    name="佐藤 実", birth="1958-01-03", sex="1", address="大阪市北区梅田1-1-1"
)
NAMESAKE = FourAttributes.parse(
    name="佐藤　実", birth="1958-01-03", sex="1", address="北海道札幌市中央区北1条西2丁目1番地"
)


def loose(asked, register):
    """Name and birth date agree, and it is the only hit: so it must be him."""
    hits = [held for held in register if _name_and_birth(held) == _name_and_birth(asked)]
    return hits[0] if len(hits) == 1 else None


def _name_and_birth(four):
    key = match_key(four)
    assert key is not None
    return key.name, key.birth


def strict(asked, register):
    hits = [held for held in register if strict_match(asked, held, sex_required=True)]
    return hits[0] if len(hits) == 1 else None


def test_the_loose_inquiry_gave_a_namesakes_number_because_he_was_the_only_hit():
    assert loose(ASKED_FOR, [NAMESAKE]) is NAMESAKE


def test_the_strict_inquiry_is_silent_about_the_namesake():
    assert strict(ASKED_FOR, [NAMESAKE]) is None


def test_the_strict_inquiry_finds_the_person_himself_beside_his_namesake():
    himself = FourAttributes.parse(
        name="佐藤実", birth="昭和33年1月3日", sex="男", address="大阪府大阪市北区梅田一丁目1番1号"
    )
    assert strict(ASKED_FOR, [NAMESAKE, himself]) is himself
    assert loose(ASKED_FOR, [NAMESAKE, himself]) is None
