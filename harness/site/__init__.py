"""Pure renderers of boards: data in, the bytes of files out. No clock, no network, no writing."""
