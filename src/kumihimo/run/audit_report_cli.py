"""`kumihimo audit report`: what leaves the audit."""

from pathlib import Path

from kumihimo.kernel.files import write_new
from kumihimo.linkaudit.report.case_file import ACCOUNTS_FILE, FILE, write_accounts, write_cases
from kumihimo.linkaudit.report.contents import contents
from kumihimo.linkaudit.report.counting import counts_of
from kumihimo.linkaudit.report.rendering import html, pdf
from kumihimo.linkaudit.report.words import LANGUAGES


def report(folder: Path, *, record: str | None = None) -> None:
    """報告を作る。 Write the report (HTML and PDF), and the list for the case system.

    The report holds no value of a person, no record id and no count below ten. cases.csv and
    accounts.csv hold record ids: they stay in the institution.

    Parameters
    ----------
    folder
        点検のフォルダ。 Folder of the audit.
    record
        証拠の重みを図にする記録番号。 Record id whose weights are drawn in the report as well.
    """
    counts = counts_of(folder)
    reports = [contents(folder, counts, one, record=record) for one in LANGUAGES]
    write_new(folder / "report.html", html(reports).encode())
    write_new(folder / "report.pdf", pdf(reports))
    cases, accounts = write_cases(folder), write_accounts(folder)
    for name in ("report.html", "report.pdf"):
        print(folder / name)
    print(f"{folder / FILE}: {cases:,} 件 records")
    if accounts:
        print(f"{folder / ACCOUNTS_FILE}: {accounts:,} 行 lines")
