"""Tests of reading: what is accepted, what is refused and where."""
