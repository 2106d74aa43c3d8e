"""The seam to the teams: an entry as data, checked without ever running it."""
