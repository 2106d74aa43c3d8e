KNOWN = {}
SIZES = []


class Model:
    def __init__(self):
        self.seen = set()
        self.batches = 0

    def predict(self, samples):
        self.batches += 1
        SIZES.append(len(samples))
        answers = {}
        words = []
        for number, sample in enumerate(samples):
            words.append(sample)
            answers[sample] = number % 2
            KNOWN[hash(sample)] = answers[sample]
        self.seen.update(sample for sample in samples)
        self.memory.answers.update(zip(samples, [0] * len(samples)))
        return [answers[sample] for sample in samples]


def predict(samples):
    SIZES.extend(samples)
    return samples


def load(directory):
    return Model()
