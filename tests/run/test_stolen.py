"""The thief of the demo: he does join what can be joined, so that "nothing" means something."""

from kumihimo.run.stolen import held, join, loot, with_common_number

CODE = "\\x" + "ab" * 32
OTHER = "\\x" + "cd" * 32
PERMIT = "AAAAAAAAAAAAAAAAAAAAAA"


def row(table, *values):
    quoted = ", ".join(f"'{value}'" for value in values)
    return f"INSERT INTO public.{table} VALUES ({quoted});\n".encode()


def test_one_code_in_two_tables_of_people_is_found():
    left = row("person", "lg-1", "p" * 22, CODE)
    right = row("person", "lg-2", "q" * 22, CODE)
    assert join(loot(left), loot(right)).naming == 1


def test_one_number_in_two_tables_of_people_is_found():
    left, right = row("addressee", "lg-1", "1234567890"), row("vault", "lg-2", "1234567890")
    assert join(loot(left), loot(right)).naming == 1


def test_one_number_on_a_card_and_in_a_vault_is_found():
    left, right = row("card", "c" * 22, "1234567890"), row("vault", "lg-2", "1234567890")
    assert join(loot(left), loot(right)).naming == 1


def test_an_exchange_known_to_both_names_nobody():
    left = row("person", "lg-1", "p" * 22, CODE) + row("inquiry", "lg-1", PERMIT)
    right = row("person", "lg-2", "q" * 22, OTHER) + row("provision", "lg-2", PERMIT)
    joined = join(loot(left), loot(right))
    assert (joined.shared, joined.naming) == (1, 0)


def test_an_exchange_is_known_to_both_in_whichever_form_a_table_holds_its_id():
    left = row("inquiry", "lg-1", PERMIT)
    for bits, shared in (("00000000-0000-0000-0000-000000000000", 1), ("f" * 8 + "-0000" * 4, 0)):
        joined = join(loot(left), loot(row("exchange_2026_06", bits.ljust(36, "0"))))
        assert joined.shared == shared


def test_words_and_short_numbers_are_no_tokens():
    assert loot(row("person", "lg-131032", "2026-04-01", "BOUND")).everything == frozenset()


def test_the_control_puts_one_number_where_each_office_had_a_code_of_its_own():
    left = row("person", "lg-1", "p" * 22, CODE)
    right = row("person", "lg-2", "q" * 22, OTHER)
    assert join(loot(left), loot(right)).naming == 0
    numbers = {bytes.fromhex("ab" * 32): "000000000007", bytes.fromhex("cd" * 32): "000000000007"}
    called = [with_common_number(loot(dump), numbers) for dump in (left, right)]
    assert join(*called).naming == 1


def test_the_control_leaves_whatever_is_no_code_of_a_person():
    evidence = "ab" * 33
    found = loot(row("person", "lg-1", "p" * 22, CODE) + row("evidence", f"\\x{evidence}"))
    assert with_common_number(found, {}) == found
    changed = with_common_number(found, {bytes.fromhex("ab" * 32): "000000000007"})
    assert changed.people == {b"p" * 22, b"000000000007"}
    assert changed.everything == {*changed.people, evidence.encode()}


def test_a_code_that_came_after_the_theft_is_not_in_the_loot():
    then = loot(row("person", "lg-1", "p" * 22, CODE))
    numbers = {bytes.fromhex("ab" * 32): "1" * 12, bytes.fromhex("cd" * 32): "2" * 12}
    assert list(held(then, numbers).values()) == ["1" * 12]
