"""The seam to the challenge's tasks: what is asked, on which data, and how answers are scored."""
