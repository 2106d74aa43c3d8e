"""What the ``data`` commands are made of."""
