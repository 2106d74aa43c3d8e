#!/bin/sh
# Build ./run (or the path given) from run.c: one static file that needs nothing of the machine.
# With musl (Debian: musl-tools) it is small; CC=gcc links glibc instead and answers the same.
set -eu
cd "$(dirname "$0")"
exec ${CC:-musl-gcc} -std=c11 -O2 -Wall -Wextra -Wconversion -Werror \
    -static -s -Wl,--build-id=none -fno-ident -o "${1:-run}" run.c
