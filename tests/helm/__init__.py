"""Tests of finding, fetching and running helm."""
