"""Writes files from the matrix: the chart, the values, the schema, the tables. Imports `matrix` and `document` only."""
