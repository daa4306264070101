"""`kumihimo audit`: is each number tied to the person it belongs to?"""

from cyclopts import App

app = App(
    name="audit",
    help="ひも付け誤り総点検。 The mis-link audit: map a file, run, read the report, compare.",
)
for _name, _where, _help in (
    (
        "map",
        "kumihimo.run.audit_map_cli:map_file",
        "列の対応を作る。 Write the mapping of a file's columns, and say how good the file is.",
    ),
):
    app.command(_where, name=_name, help=_help)
