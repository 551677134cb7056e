"""The report in a real browser: Chromium of the machine's, driven by Playwright. `make browser` runs it."""
