"""Files as offices write them, for the tests of intake and what follows it."""

import csv
import io

import msgspec
import xlsxwriter

from kumihimo.linkaudit.intake.mapping import Mapping
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import IndividualNumber

COLUMNS = {"record_id": "番号", "number": "個人番号", "name": "氏名", "birth": "生年月日"}
HEADING = ["番号", "個人番号", "氏名", "生年月日"]


def number(body):
    """Return a number of the test space: nobody's."""
    return IndividualNumber.generate(f"{body:011}", space=NumberSpace.TEST).reveal()


def mapping(**layout):
    told = {
        "institution": "試験健康保険組合",
        "affair": "健康保険",
        "number_space": "test",
        "rows": {"columns": COLUMNS, **layout},
    }
    return msgspec.convert(told, Mapping)


def person(n, **other):
    """Return a row that can be judged."""
    row = {"番号": f"r{n}", "個人番号": number(n), "氏名": "山田　太郎", "生年月日": "1970-01-02"}
    return list((row | other).values())


def written(path, rows, *, encoding="utf-8", separator=",", ends="\r\n", quoted=False):
    """Write a CSV file; returns its path."""
    text = io.StringIO()
    csv.writer(
        text,
        delimiter=separator,
        lineterminator=ends,
        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
    ).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def book(path, sheets, *, merged=()):
    """Write an Excel file: sheets by name, each a list of rows; `merged` are ranges of the first."""
    made = xlsxwriter.Workbook(path)
    day = made.add_format({"num_format": "yyyy/mm/dd"})
    for name, rows in sheets.items():
        sheet = made.add_worksheet(name)
        for n, row in enumerate(rows):
            for m, cell in enumerate(row):
                if hasattr(cell, "year"):
                    sheet.write_datetime(n, m, cell, day)
                elif cell != "":
                    sheet.write(n, m, cell)
        for area in merged if sheet is made.worksheets()[0] else ():
            sheet.merge_range(*area)
    made.close()
    return path
