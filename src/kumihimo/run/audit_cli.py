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
    (
        "review",
        "kumihimo.run.audit_review:review",
        "点検結果を審査画面に渡す。 Load an audit's findings into the review desk's queue.",
    ),
    (
        "officer",
        "kumihimo.run.audit_review:officer",
        "審査の職員を登録する。 Let somebody sign in at the review desk.",
    ),
):
    app.command(_where, name=_name, help=_help)
