"""Other people's analysers on what Helm renders of our chart. `make oracle` runs it."""
