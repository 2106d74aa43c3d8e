"""What ``doctor`` looks at, and how it is told."""
