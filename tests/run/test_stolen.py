"""The thief of the demo: he does join what can be joined, so that "nothing" means something."""

from kumihimo.run.stolen import join, loot

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


def test_an_exchange_known_to_both_names_nobody():
    left = row("person", "lg-1", "p" * 22, CODE) + row("inquiry", "lg-1", PERMIT)
    right = row("person", "lg-2", "q" * 22, OTHER) + row("provision", "lg-2", PERMIT)
    joined = join(loot(left), loot(right))
    assert (joined.shared, joined.naming) == (1, 0)


def test_words_and_short_numbers_are_no_tokens():
    assert loot(row("person", "lg-131032", "2026-04-01", "BOUND")).everything == frozenset()
