def laod(directory):
    return None
