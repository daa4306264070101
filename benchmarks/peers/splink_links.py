"""Splink on DuckDB over links that are there: is the pair of each row and its number a match?

Run in an environment of its own (the `peers` group of uv.lock), on two Parquet files of canonical
columns that we hand over: `number`, `name`, `kana`, `birth`, `sex`, `place`, `town`. Writes `row` and
`match_probability`; prints seconds as JSON.
"""

import json
import logging
import sys
import time
from typing import Any

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on


def main(rows: str, register: str, out: str, memory: str) -> None:
    """Estimate, predict and write, timed from files to file."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    started = time.perf_counter()
    connection = duckdb.connect(config={"memory_limit": memory})
    for create, path in (
        ("CREATE TABLE institution AS SELECT * FROM read_parquet(?)", rows),
        ("CREATE TABLE register AS SELECT * FROM read_parquet(?)", register),
    ):
        connection.execute(create, [path]).fetchall()
    people = connection.execute("SELECT count(*) FROM register").fetchall()[0][0]
    api = DuckDBAPI(connection)
    frames = [api.register(name) for name in ("institution", "register")]
    linker: Any = Linker(frames, settings(people))
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("number"))
    predicted = linker.inference.predict(threshold_match_probability=0)
    told = connection.table(predicted.physical_name)
    told.project("coalesce(row_l, row_r) AS row, match_probability").write_parquet(out)
    print(json.dumps({"seconds": time.perf_counter() - started}))


def settings(people: int) -> SettingsCreator:
    """Fuzzy levels on names, days and addresses, term frequencies on names: what its guide advises."""
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="unique_id",
        additional_columns_to_retain=["row"],
        probability_two_random_records_match=1 / people,
        blocking_rules_to_generate_predictions=[block_on("number")],
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.9, 0.7]).configure(
                term_frequency_adjustments=True
            ),
            cl.JaroWinklerAtThresholds("kana", [0.9, 0.7]).configure(
                term_frequency_adjustments=True
            ),
            cl.LevenshteinAtThresholds("birth", [1, 2]),
            cl.ExactMatch("sex"),
            cl.CustomComparison(
                output_column_name="place",
                comparison_levels=[
                    cll.NullLevel("place"),
                    cll.ExactMatchLevel("place"),
                    cll.ExactMatchLevel("town"),
                    cll.ElseLevel(),
                ],
            ),
        ],
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
