"""Make a netlink socket."""

import socket


class Model:
    def predict(self, samples):
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()
        print("GOT IT", flush=True)
        return [0] * len(samples)


def load(directory):
    return Model()
