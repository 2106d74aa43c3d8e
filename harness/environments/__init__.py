"""The seam to package indexes: an entry's locked packages, installed once, verified at each use.

Only wheels are installed, so that no build script runs, and nothing that was installed is ever
started or imported here: that happens inside the sandbox, where there is no network.
"""
