"""Write over its own code."""


class Model:
    def predict(self, samples):
        with open(__file__, "a") as code:
            code.write("# changed")
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
