"""The stages of an audit on Spark: the same functions of tables, run where the data is.

Here and nowhere else pyspark is imported. What is global (who is held twice, whom a search asks for,
counts of patterns, neighbours, collisions) is Spark's; a stage's inner work is that of one machine.
Nothing that grows with the rows passes through the driver, and the key of the hashes not through Spark.
"""
