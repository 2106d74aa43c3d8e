"""A load for an NVIDIA board that needs nothing but its driver.

    python benchmarks/gpu_load.py none|steady|bursty [STARTED_BY]

Every multiprocessor is filled with threads, each of which squares eight numbers and adds a
constant, again and again: eight chains of fused multiply-adds, each step of a chain waiting for the
one before it. The constant lies where the quadratic map is chaotic, so that the digits do not come
to rest, and the numbers stay between -2 and 2. The kernel is written in PTX, which the driver
translates for the board that is there, and touches no memory: so the load is the same from run to
run, and bound by arithmetic. It is made as long as a launch takes ``LAUNCH_SECONDS`` to twice that.

*steady* launches it until killed, *bursty* in the first half of every second; *none* asks whether
CUDA works here, and leaves the board alone. Each prints one line: ``running: `` and what it does,
or ``failed: `` and why, and then ends with 3. It ends by itself when the process is gone that
started it (its number is STARTED_BY). The board is CUDA's first:
``CUDA_VISIBLE_DEVICES`` chooses.

The calls are those of NVIDIA's *CUDA Driver API*, the kernel is of the *PTX ISA* 6.0 (CUDA 9),
for boards from Maxwell on.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import time
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness.errors import MeasurementError

LOADS = ("none", "steady", "bursty")
LIBRARY = "libcuda.so.1"
CHAINS = 8
UNROLLED = 16
"""Steps of every chain from one test of the loop to the next."""
CONSTANT = -1.9
BLOCK_THREADS = 256
LAUNCH_SECONDS = 0.01
FIRST_ROUNDS = 1_000
MOST_ROUNDS = 1 << 28
"""A board that ends so many within ``LAUNCH_SECONDS`` did not compute them."""
BURST_SECONDS = 0.5
PERIOD_SECONDS = 1.0
LOG_BYTES = 4_096

# Of cuda.h: CUdevice_attribute and CUjit_option.
MULTIPROCESSORS, THREADS_OF_ONE = 16, 39
ERROR_LOG, ERROR_LOG_BYTES = 5, 6

INTEGER, HANDLE = ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_void_p)
UNSIGNED, TEXT = ctypes.c_uint, ctypes.c_char_p
CALLS: dict[str, tuple[object, ...]] = {
    "cuInit": (UNSIGNED,),
    "cuDeviceGet": (INTEGER, ctypes.c_int),
    "cuDeviceGetAttribute": (INTEGER, ctypes.c_int, ctypes.c_int),
    "cuDevicePrimaryCtxRetain": (HANDLE, ctypes.c_int),
    "cuCtxSetCurrent": (ctypes.c_void_p,),
    "cuModuleLoadDataEx": (HANDLE, TEXT, UNSIGNED, INTEGER, HANDLE),
    "cuModuleGetFunction": (HANDLE, ctypes.c_void_p, TEXT),
    "cuLaunchKernel": (ctypes.c_void_p, *[UNSIGNED] * 7, ctypes.c_void_p, HANDLE, HANDLE),
    "cuCtxSynchronize": (),
}
"""What each function takes; each returns a ``CUresult``, an int."""

LOST = "look for Xid errors in the kernel's log (dmesg), and run again"
REMEDIES = {
    3: "install NVIDIA's driver whole: its parts do not fit together",
    34: "take the toolkit's stub of the library out of the loader's path",
    46: "end what uses the board, or set its compute mode to default (nvidia-smi -c 0)",
    100: "see whether nvidia-smi lists the board, and whether its device files are here",
    101: "choose a board that CUDA shows",
    221: "install libnvidia-ptxjitcompiler.so.1, which belongs to the driver",
    222: "install a driver for CUDA 9 or later",
    223: "unset CUDA_DISABLE_PTX_JIT",
    304: "let this process open NVIDIA's device files and write in /proc/self: see the sandbox",
    702: "use a board that drives no display",
    802: "start NVIDIA's fabric manager",
    803: "restart the machine, as after every update of the driver",
}
"""By ``CUresult``; of others the kernel's log tells more."""


class Driver:
    """CUDA's driver, initialised. Every call raises ``MeasurementError`` where it fails."""

    def __init__(self, library: str = LIBRARY) -> None:
        try:
            self._library = ctypes.CDLL(library)
            for name, arguments in CALLS.items():
                function = getattr(self._library, name)
                function.argtypes, function.restype = arguments, ctypes.c_int
        except (OSError, AttributeError) as error:
            raise MeasurementError(
                f"CUDA: {error}", remedy="install NVIDIA's driver with its CUDA library"
            ) from None
        self.ask("cuInit", 0)

    def ask(self, name: str, *arguments: object) -> None:
        """Call a function."""
        result = getattr(self._library, name)(*arguments)
        if result:
            raise MeasurementError(
                f"CUDA: {name} failed with error {result} ({self._words(result)})",
                remedy=REMEDIES.get(result, LOST),
            )

    def _words(self, result: int) -> str:
        """Return the driver's name for a ``CUresult``, and what it says of it."""
        found = []
        for name in ("cuGetErrorName", "cuGetErrorString"):
            word = ctypes.c_char_p()
            getattr(self._library, name)(ctypes.c_int(result), ctypes.byref(word))
            found.append((word.value or b"unknown").decode(errors="replace"))
        return ": ".join(found)


class Burner:
    """The kernel, on a board that CUDA has given this process."""

    def __init__(self, driver: Driver, ordinal: int = 0) -> None:
        self._driver = driver
        device = ctypes.c_int()
        driver.ask("cuDeviceGet", ctypes.byref(device), ordinal)
        self.multiprocessors, threads = (
            self._attribute(device, which) for which in (MULTIPROCESSORS, THREADS_OF_ONE)
        )
        self.blocks = self.multiprocessors * max(1, threads // BLOCK_THREADS)
        context = ctypes.c_void_p()
        driver.ask("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        driver.ask("cuCtxSetCurrent", context)
        self._function = self._load()
        self.rounds = FIRST_ROUNDS
        self.seconds = self._lengthen()

    def _attribute(self, device: ctypes.c_int, which: int) -> int:
        value = ctypes.c_int()
        self._driver.ask("cuDeviceGetAttribute", ctypes.byref(value), which, device)
        return value.value

    def _load(self) -> ctypes.c_void_p:
        """Have the driver translate the kernel; what it says of a fault is told."""
        module, function = ctypes.c_void_p(), ctypes.c_void_p()
        log = ctypes.create_string_buffer(LOG_BYTES)
        options = (ctypes.c_int * 2)(ERROR_LOG, ERROR_LOG_BYTES)
        # An option's value is a pointer, or a number in its place.
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), LOG_BYTES)
        try:
            self._driver.ask(
                "cuModuleLoadDataEx", ctypes.byref(module), kernel().encode(), 2, options, values
            )
        except MeasurementError as error:
            said = " ".join(log.value.decode(errors="replace").split())
            if not said:
                raise
            raise MeasurementError(f"{error.message}: {said}", remedy=error.remedy) from None
        self._driver.ask("cuModuleGetFunction", ctypes.byref(function), module, b"burn")
        return function

    def _lengthen(self) -> float:
        """Double the rounds until a launch takes long enough; return its seconds."""
        while self.rounds <= MOST_ROUNDS:
            self.launch()  # once for the clocks, which rise with work
            started = time.monotonic()
            self.launch()
            if (seconds := time.monotonic() - started) >= LAUNCH_SECONDS:
                return seconds
            self.rounds *= 2
        raise MeasurementError(
            f"CUDA: {self.rounds // 2:,} rounds ended within {LAUNCH_SECONDS:g} s: nothing was "
            "computed",
            remedy="run nvidia-smi while this runs: it shows whether the board works",
        )

    def launch(self) -> None:
        """Run the kernel, and wait for its end."""
        self.begin(self.rounds)
        self._driver.ask("cuCtxSynchronize")

    def begin(self, rounds: int) -> None:
        """Run the kernel for so many rounds, after whatever runs, without waiting for its end."""
        given = ctypes.c_uint(rounds)
        arguments = (ctypes.c_void_p * 1)(ctypes.addressof(given))
        grid, block = (self.blocks, 1, 1), (BLOCK_THREADS, 1, 1)
        self._driver.ask("cuLaunchKernel", self._function, *grid, *block, 0, None, arguments, None)

    def describe(self) -> str:
        """Say what is launched."""
        return (
            f"{self.blocks * BLOCK_THREADS:,} threads on {self.multiprocessors} multiprocessors, "
            f"{self.rounds * UNROLLED:,} steps of {CHAINS} chains each, "
            f"{self.seconds * 1e3:.1f} ms a launch"
        )


def kernel() -> str:
    """Return the kernel in PTX: ``burn(rounds)``, with ``rounds`` at least 1.

    The sum of the chains is at most 2 a chain, which nobody tells the compiler: the trap keeps it
    from leaving the work out, and would end a board that computes wrongly.
    """
    names = [f"%x{i}" for i in range(CHAINS)]
    # Started apart, from thread to thread and from chain to chain.
    starts = [f"fma.rn.f32 {x}, %seed, {real(1e-3)}, {real(0.1 * i)};" for i, x in enumerate(names)]
    step = [f"fma.rn.f32 {x}, {x}, {x}, {real(CONSTANT)};" for x in names]
    lines = [
        ".version 6.0",
        ".target sm_50",
        ".address_size 64",
        ".visible .entry burn(.param .u32 rounds)",
        "{",
        ".reg .pred %again, %wrong;",
        ".reg .u32 %left, %thread;",
        f".reg .f32 %seed, %sum, {', '.join(names)};",
        "ld.param.u32 %left, [rounds];",
        "mov.u32 %thread, %tid.x;",
        "cvt.rn.f32.u32 %seed, %thread;",
        *starts,
        "LOOP:",
        *step * UNROLLED,
        "sub.u32 %left, %left, 1;",
        "setp.ne.u32 %again, %left, 0;",
        "@%again bra LOOP;",
        f"mov.f32 %sum, {real(0.0)};",
        *[f"add.rn.f32 %sum, %sum, {x};" for x in names],
        f"setp.gt.f32 %wrong, %sum, {real(2.0 * CHAINS)};",
        "@%wrong trap;",
        "ret;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def real(value: float) -> str:
    """Spell a single-precision constant as PTX does: its bits in hexadecimal."""
    return f"0f{struct.pack('>f', value).hex().upper()}"


def run(load: str, parent: int) -> NoReturn:
    """Load the board until killed, or until the process ``parent`` is not its parent any more."""
    driver = Driver()
    if load == "none":
        print("running: nothing", flush=True)
        sys.exit(0)
    burner = Burner(driver)
    print(f"running: {burner.describe()}", flush=True)
    second = time.monotonic()
    while os.getppid() == parent:
        burner.launch()
        if load == "bursty" and time.monotonic() - second >= BURST_SECONDS:
            second += PERIOD_SECONDS
            time.sleep(max(0.0, second - time.monotonic()))
    sys.exit(0)


def main() -> NoReturn:
    """Run the load that is named."""
    load, *starter = sys.argv[1:] or [""]
    if load not in LOADS or len(starter) > 1 or not all(each.isdecimal() for each in starter):
        print((__doc__ or "").split("\n\n")[1].strip(), file=sys.stderr)
        sys.exit(2)
    try:
        run(load, int(starter[0]) if starter else os.getppid())
    except MeasurementError as error:
        print(f"failed: {error.message}; {error.remedy}.", flush=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
