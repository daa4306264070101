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
        "looks",
        "kumihimo.run.audit_review:looks",
        "審査の結果を取り出す。 Write what the review desk's people found, as a CSV file.",
    ),
    (
        "draw",
        "kumihimo.run.audit_sampling_cli:draw_records",
        "見る記録を抽出する。 Draw records for people to look at, the more suspect the likelier.",
    ),
    (
        "estimate",
        "kumihimo.run.audit_sampling_cli:estimate_mislinks",
        "残る誤りを推定する。 Say what people found in a sample, and how many mis-links remain.",
    ),
    (
        "officer",
        "kumihimo.run.audit_review:officer",
        "審査の職員を登録する。 Let somebody sign in at the review desk.",
    ),
    (
        "sample",
        "kumihimo.run.audit_sample_cli:sample",
        "試すファイルを作る。 Make two Excel files of a small insurer to try the audit on.",
    ),
    (
        "run",
        "kumihimo.run.audit_run_cli:run_audit",
        "点検する。 Audit every record of a file against the register.",
    ),
    (
        "report",
        "kumihimo.run.audit_report_cli:report",
        "報告を作る。 Write the report (HTML and PDF), and the list for the case system.",
    ),
    (
        "seed",
        "kumihimo.run.audit_seed_cli:app",
        "誤りを仕込んで感度を測る。 Sow mis-links into a copy, and count those an audit finds.",
    ),
    (
        "diff",
        "kumihimo.run.audit_after_cli:diff",
        "二つの点検を比べる。 What changed between two audits.",
    ),
    (
        "patterns",
        "kumihimo.run.audit_after_cli:patterns",
        "判定表。 The pattern table: write it for people, take it back approved.",
    ),
):
    app.command(_where, name=_name, help=_help)
