"""The place of the proof, matrix against policy: verdict, counter-example, explanation. Nothing is here yet.

May import `document`, `matrix`, `values` and `policy`.
"""
