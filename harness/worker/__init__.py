"""What runs inside the sandbox: standard library only, nothing of the harness."""
