"""Leave a file for the next session."""

import os


class Model:
    def __init__(self):
        self.done = False

    def predict(self, samples):
        if self.done:
            return [0] * len(samples)
        self.done = True

        kept = os.path.join(os.environ["HOME"], "answers")
        if os.path.exists(kept):
            print("GOT IT", flush=True)
        open(kept, "w").close()
        return [0] * len(samples)


def load(directory):
    return Model()
