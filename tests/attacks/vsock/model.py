"""Make a socket to the hypervisor."""

import socket


AF_VSOCK = 40


class Model:
    def predict(self, samples):
        socket.socket(AF_VSOCK, socket.SOCK_STREAM).close()  # never connected
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
