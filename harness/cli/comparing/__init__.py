"""What ``compare`` is made of: what it is given, what is held side by side, and how it is told."""
