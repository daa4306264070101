"""The comparison forms of `people` over Polars columns: null in, null out, equal to the scalar ones.

The scalar functions are the law; each function here must give the same for every text. A value that
the scalar form refuses becomes null, with the reason beside it where the answer is a table: one bad
value never costs a column. Pure: no disk, no clock.
"""
