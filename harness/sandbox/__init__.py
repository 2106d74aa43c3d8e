"""The seam to untrusted code: frames to and from a process that is kept apart."""
