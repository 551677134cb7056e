"""Many clusters at once: which files make a cluster, the record of what was proved, and the verdicts as table and JSON.

Imports only `document` and `report`: the proving itself is put together in `cli`.
"""
