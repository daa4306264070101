"""The comparison forms of `people` over Polars columns: null in, null out, equal to the scalar ones.

The scalar functions are the law; each function here must give the same for every text.
"""
