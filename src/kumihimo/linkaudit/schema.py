"""The tables of an audit and the words they use: the contract between its stages.

Every stage reads tables and writes one. Rows of persons stand in the tables marked so, and only
there: what leaves the audit (report, pattern table, case file) carries record ids and levels.
"""

from enum import StrEnum, unique
from typing import Final

import polars as pl

from kumihimo.people.address_levels import AddressLevel
from kumihimo.people.birth_levels import BirthLevel, SexLevel
from kumihimo.people.levels import NameLevel


@unique
class Verdict(StrEnum):
    """What an audit says of one record."""

    CONFIRMED = "confirmed"  # 確認済み: the attributes agree
    NOTATIONAL = "notational"  # 表記の差: they agree but for ways of writing, or a proven move
    PERSON = "person"  # 要確認: a person has to look
    MISLINK = "mislink"  # ひも付け誤りの疑い


@unique
class Mechanism(StrEnum):
    """How a record may have come by its number."""

    MATCH = "match"  # 本人: the number is the person's own
    HOUSEHOLD = "household"  # 同一世帯: a family member's number
    TWIN = "twin"  # 双子: same birth date, surname and address
    HOMONYM = "homonym"  # 同姓同名・同一生年月日
    RANDOM = "random"  # 無関係: miscopied, mistyped
    SHIFT = "shift"  # 行ずれ: a block of rows took their neighbours' numbers


@unique
class Others(StrEnum):
    """Whom else the register holds under the linked person's name or reading and birth date."""

    NOBODY = "nobody"  # the certificate of uniqueness
    ELSEWHERE = "elsewhere"  # at another address
    READING = "reading"  # at the same address, by the reading
    NAME = "name"  # at the same address, by the name
    NO_PERSON = "no-person"  # the number itself is nobody's


@unique
class Outcome(StrEnum):
    """What the search for the true person of a record found."""

    NONE = "none"  # nobody fits better
    ALONE = "alone"  # and nobody else of this birth date lives where the linked person does
    HOUSEHOLD = "household"  # a member of the linked person's household fits, the linked does not
    TWIN = "twin"  # … of the same birth date
    HOMONYM = "homonym"  # another person of the same name or reading and birth date fits better
    ELSEWHERE = "elsewhere"  # a person who has nothing to do with the linked one fits
    CONTESTED = "contested"  # another person fits as well as the linked one


@unique
class Collision(StrEnum):
    """Two records that cannot both be right, or that share what is one person's."""

    NUMBER = "number"  # one number, records of two people
    PERSON = "person"  # one person, two numbers: another record carries the number she should have
    ACCOUNT = "account"  # one account, numbers of two people
    FAMILY_ACCOUNT = "family-account"  # … of one household, or whose surname is the holder's


@unique
class Holder(StrEnum):
    """Whose the account of a record is, by how its holder is written. Clears no record."""

    OWN = "own"  # the holder is the record's reading
    READ = "read"  # the record's name may be read so; its reading is another or is not held
    FAMILY = "family"  # the surname alone fits: an account in the name of one of the family?
    GIVEN = "given"  # the given name alone fits: an account under a former surname?
    CORPORATE = "corporate"  # a legal person's
    OTHER = "other"  # nothing fits
    UNTOLD = "untold"  # no reading and no name that can be read


@unique
class Fault(StrEnum):
    """Why a row of the institution's file could not be judged; it is listed, never dropped."""

    EMPTY = "empty"  # an attribute that the mapping requires is not there
    NUMBER = "number"  # not 12 digits, or the check digit is wrong
    UNREADABLE = "unreadable"  # not a text, date or code that offices write
    REPEATED = "repeated"  # the record id stood already in an earlier row
    WIDTH = "width"  # the row has more or fewer fields than the heading
    ZEROS = "zeros"  # a number of fewer digits: a spreadsheet took its leading zeros
    ROUNDED = "rounded"  # a number as 1.23E+11: a spreadsheet took its last digits


LEVELS: Final[tuple[tuple[str, type[StrEnum]], ...]] = (
    ("name", NameLevel),
    ("kana", NameLevel),
    ("birth", BirthLevel),
    ("sex", SexLevel),
    ("address", AddressLevel),
)
ATTRIBUTES: Final = tuple(attribute for attribute, _ in LEVELS)

# The institution's side after intake (persons). `row` counts data rows of the file from 1.
# Null where the institution holds no such attribute. `account` is bank, branch, kind and number,
# `holder` the reading in which the bank keeps it.
ROWS: Final = {
    "row": pl.Int64,
    "record_id": pl.String,
    "number": pl.String,
    "name": pl.String,
    "kana": pl.String,
    "birth": pl.String,
    "sex": pl.String,
    "address": pl.String,
    "household": pl.String,
    "account": pl.String,
    "holder": pl.String,
    "affair": pl.String,
}

# Rows that could not be judged (no values: the row, its line in the file, the column and why).
BAD_ROWS: Final = {
    "row": pl.Int64,
    "line": pl.Int64,
    "record_id": pl.String,
    "column": pl.String,
    "fault": pl.String,
}

# The register's side as a snapshot (persons). It must hold deceased and removed persons too:
# without them no certificate of uniqueness is worth anything.
SNAPSHOT: Final = {
    "number": pl.String,
    "name": pl.String,
    "kana": pl.String,
    "former_surname": pl.String,
    "former_surname_kana": pl.String,
    "alias": pl.String,
    "alias_kana": pl.String,
    "kanji": pl.String,
    "birth": pl.String,
    "sex": pl.String,
    "address": pl.String,
    "household": pl.String,
    "standing": pl.String,  # resident, moving, abroad, dead
}

# What the register held of a person before (persons).
HISTORY: Final = {"number": pl.String, "attribute": pl.String, "value": pl.String}

# One line for each combination of levels that occurs: people approve these, line by line.
# `p_<mechanism>` are posteriors, `w_<attribute>` log2 weights for match against the best other.
PATTERNS: Final = {
    "pattern": pl.Int32,
    **dict.fromkeys(ATTRIBUTES, pl.String),
    "others": pl.String,
    "rows": pl.Int64,
    **{f"p_{mechanism}": pl.Float64 for mechanism in Mechanism},
    **{f"w_{attribute}": pl.Float64 for attribute in ATTRIBUTES},
    "verdict": pl.String,
    "mechanism": pl.String,
    "reason_ja": pl.String,
    "reason_en": pl.String,
}

# The result: one line for each row that could be judged. `odds` is log10 of P(mis-link) against
# P(match) after the residual tests; `reason` is a code of `reasons`, its sentence stands in both
# languages there; `run` numbers runs of shifted rows from 1; `minutes` is what a look costs.
FINDINGS: Final = {
    "row": pl.Int64,
    "record_id": pl.String,
    "affair": pl.String,
    "pattern": pl.Int32,
    "verdict": pl.String,
    "mechanism": pl.String,
    "odds": pl.Float64,
    "reason": pl.String,
    "run": pl.Int32,
    "minutes": pl.Float64,
}

# Which number a mis-linked record should carry, where it is provable (persons).
PROPOSALS: Final = {
    "row": pl.Int64,
    "record_id": pl.String,
    "number": pl.String,
    "ground": pl.String,  # household, search, neighbour
}

# How often each mechanism occurs, by affair and over all (affair null). `observed` counts findings
# of the mechanism with verdict mislink; `rate` is the mixture's share with its 95 % interval.
ESTIMATES: Final = {
    "affair": pl.String,
    "mechanism": pl.String,
    "rows": pl.Int64,
    "observed": pl.Int64,
    "rate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}

# Records that collide: lines of one `group` belong together. Groups count from 1 over all kinds.
COLLISIONS: Final = {
    "collision": pl.String,
    "group": pl.Int64,
    "row": pl.Int64,
    "record_id": pl.String,
}

# Whose the accounts of records are: a line for each row with a holder.
HOLDERS: Final = {"row": pl.Int64, "record_id": pl.String, "holder": pl.String}
