"""Would read weights that no folder has."""


def load(directory):
    raise AssertionError("never run")
