"""Values files: Helm's merge in Python, and every check on values, with places. May import `document`, `matrix`."""
