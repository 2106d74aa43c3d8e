"""Answers with its own folder in place of numbers."""


class Model:
    def __init__(self, directory):
        self.directory = directory

    def predict(self, samples):
        return [self.directory for _ in samples]


def load(directory):
    return Model(directory)
