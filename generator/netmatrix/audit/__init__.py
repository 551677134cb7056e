"""A live cluster against the matrix: which policies and pods are not as they should be, and what that opens and closes.

It runs neither helm nor kubectl: it is handed what was rendered and what was read. May import `document`, `matrix`,
`values`, `policy`, `proof`, `cluster` and `report`.
"""
