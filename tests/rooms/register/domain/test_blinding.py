from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.group import invert, multiply, random_scalar
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.rooms.register.domain.blinding import Blinder

ENTROPY = SeededEntropy("blinding")
KEYS = PartyKeys("register", new_master(ENTROPY))
BLINDER = Blinder.of(KEYS)
DOMAIN_KEY = random_scalar(ENTROPY)


def code(acquisition, domain, person, by=BLINDER):
    r, point = by.blind(acquisition, domain, person)
    return multiply(invert(r), multiply(DOMAIN_KEY, point))


def test_two_acquisitions_of_one_person_give_the_same_code():
    assert code("t1", "lg-131032", 7) == code("t2", "lg-131032", 7)


def test_two_persons_never_have_the_same_code():
    assert code("t1", "lg-131032", 7) != code("t1", "lg-131032", 8)


def test_what_the_core_sees_differs_each_time_and_by_domain():
    points = {
        BLINDER.blind(t, domain, 7)[1] for t in ("t1", "t2") for domain in ("lg-131032", "ledger")
    }
    assert len(points) == 4


def test_a_repeated_question_gets_the_same_blinding_and_another_key_another():
    assert BLINDER.blind("t1", "d", 7) == Blinder.of(KEYS).blind("t1", "d", 7)
    other = Blinder.of(PartyKeys("register", new_master(ENTROPY)))
    assert other.blind("t1", "d", 7) != BLINDER.blind("t1", "d", 7)
