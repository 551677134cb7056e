"""The HTML page, read as a browser would, without one."""
