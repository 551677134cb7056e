"""Releases: reproducible, signed, complete and told truly; and a rehearsal of one, `make release-dry-run`."""
