"""The seam to energy: sources, and windows over them."""
