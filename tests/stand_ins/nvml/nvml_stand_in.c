/* A stand-in for NVIDIA's libnvidia-ml.so.1, with boards whose true energy is known exactly.
 *
 * It has the functions that energy meters call through pynvml, with NVML's own signatures and
 * error codes. It keeps no state that time would change: what a board reads is a function of the
 * clock and of the environment variables below, which are read anew by every first nvmlInit. The
 * same functions are in __init__.py beside this file, so that a test can compute the truth.
 *
 * A board refreshes what it shows at the moments (k + phase + offset_k) * REFRESH_SECONDS for whole
 * k; its phase is within +-1/2, offset_k within +-JITTER/2, and both depend on SEED, the board and k
 * alone. Its counter shows the
 * energy up to the last refresh, cut down to whole millijoules; its power shows the power at the
 * last refresh (or its mean over POWER_WINDOW_SECONDS before it), with a ripple that the true
 * energy does not have, so that its refreshes can be seen.
 *
 * Each variable begins with NVML_STAND_IN_ (times in seconds on the clock, powers in watts):
 *
 *   BOARDS            how many, at most 16 (1)
 *   NAME              of every board (NVIDIA Stand-in)
 *   DRIVER            its version (stand-in 1.0)
 *   ARCHITECTURE      NVML's number of it (6: Turing)
 *   CLOCK             a file whose first 8 bytes are the time, as a double; else CLOCK_MONOTONIC
 *   EPOCH             when the counters stood at START_MILLIJOULES (0)
 *   START_MILLIJOULES (0)
 *   CURVE             steady, bursty or ramp (steady); board b draws (1 + b/4) times of it
 *   LOW_WATTS         (60)
 *   HIGH_WATTS        (300): steady draws it always
 *   PERIOD_SECONDS    (2): bursty is high, then low; ramp rises from low to high, and drops
 *   DUTY              the share of a period that bursty is high (0.5)
 *   REFRESH_SECONDS   (0.1)
 *   JITTER            below 1 (0.3)
 *   SEED              (1)
 *   RIPPLE_WATTS      half the width of the ripple (0.2)
 *   POWER_WINDOW_SECONDS  (0: the power of one moment)
 *   COUNTER, POWER    0: the board does not support it (1)
 *   DUMB_BOARD        the one that supports neither (-1: none)
 *   MIG               0 disabled, 1 enabled, -1 not supported (0)
 *   MIG_BOARD         the one that it is about; -1 for all (-1)
 *   TEMPERATURE       Celsius; -1 not supported (45)
 *   CLOCK_MEGAHERTZ   of the multiprocessors; -1 not supported (1410)
 *   REASONS           bits of clocks event reasons; -1 not supported (0)
 *   OLD               1: without the functions that newer drivers added (0)
 *   INIT_ERROR        what nvmlInit returns (0)
 *   COUNT_ERROR       what nvmlDeviceGetCount returns (0)
 *   HANDLE_ERROR      what nvmlDeviceGetHandleByIndex returns (0)
 *   FAIL_ERROR        what every call about FAIL_BOARD returns from FAIL_AT on, or once the board
 *                     was asked FAIL_AFTER_READS times for energy or power (15: lost)
 *   FAIL_AT, FAIL_AFTER_READS  (never)
 *   FAIL_BOARD        (0)
 *   FREEZE_AT         when the counter of FAIL_BOARD stops moving (never)
 *   RESET_AT          when it starts again from zero (never)
 *   READ_SECONDS      how long a reading of energy or power takes (0)
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    INSUFFICIENT_SIZE = 7,
    FUNCTION_NOT_FOUND = 13,
    GPU_IS_LOST = 15,
};

#define MOST_BOARDS 16

typedef struct {
    unsigned index;
    atomic_llong reads;
} board_t;

static struct {
    long boards, architecture, counter, power, dumb_board, mig, mig_board, temperature, clock_megahertz;
    long long reasons, seed, start_millijoules, fail_after_reads;
    long old, init_error, count_error, handle_error, fail_error, fail_board;
    double epoch, low, high, period, duty, refresh, jitter, ripple, window;
    double fail_at, freeze_at, reset_at, read_seconds;
    char name[64], driver[64], curve[16];
    const volatile double *clock;
} set;

static board_t boards[MOST_BOARDS];
static atomic_int initialised;

static const char *variable(const char *name) {
    char full[80];
    snprintf(full, sizeof full, "NVML_STAND_IN_%s", name);
    const char *text = getenv(full);
    return text && *text ? text : NULL;
}

static double number(const char *name, double otherwise) {
    const char *text = variable(name);
    return text ? strtod(text, NULL) : otherwise;
}

static long long whole(const char *name, long long otherwise) {
    const char *text = variable(name);
    return text ? strtoll(text, NULL, 0) : otherwise;
}

static void text(char *into, size_t size, const char *name, const char *otherwise) {
    const char *found = variable(name);
    snprintf(into, size, "%s", found ? found : otherwise);
}

static void open_clock(void) {
    if (set.clock) munmap((void *)(uintptr_t)set.clock, sizeof(double));
    set.clock = NULL;
    const char *path = variable("CLOCK");
    if (!path) return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(double), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) set.clock = mapped;
}

static void configure(void) {
    set.boards = whole("BOARDS", 1);
    if (set.boards > MOST_BOARDS) set.boards = MOST_BOARDS;
    text(set.name, sizeof set.name, "NAME", "NVIDIA Stand-in");
    text(set.driver, sizeof set.driver, "DRIVER", "stand-in 1.0");
    text(set.curve, sizeof set.curve, "CURVE", "steady");
    set.architecture = whole("ARCHITECTURE", 6);
    set.epoch = number("EPOCH", 0);
    set.start_millijoules = whole("START_MILLIJOULES", 0);
    set.low = number("LOW_WATTS", 60);
    set.high = number("HIGH_WATTS", 300);
    set.period = number("PERIOD_SECONDS", 2);
    set.duty = number("DUTY", 0.5);
    set.refresh = number("REFRESH_SECONDS", 0.1);
    set.jitter = number("JITTER", 0.3);
    set.seed = whole("SEED", 1);
    set.ripple = number("RIPPLE_WATTS", 0.2);
    set.window = number("POWER_WINDOW_SECONDS", 0);
    set.counter = whole("COUNTER", 1);
    set.power = whole("POWER", 1);
    set.dumb_board = whole("DUMB_BOARD", -1);
    set.mig = whole("MIG", 0);
    set.mig_board = whole("MIG_BOARD", -1);
    set.temperature = whole("TEMPERATURE", 45);
    set.clock_megahertz = whole("CLOCK_MEGAHERTZ", 1410);
    set.reasons = whole("REASONS", 0);
    set.old = whole("OLD", 0);
    set.init_error = whole("INIT_ERROR", 0);
    set.count_error = whole("COUNT_ERROR", 0);
    set.handle_error = whole("HANDLE_ERROR", 0);
    set.fail_error = whole("FAIL_ERROR", GPU_IS_LOST);
    set.fail_board = whole("FAIL_BOARD", 0);
    set.fail_at = number("FAIL_AT", INFINITY);
    set.fail_after_reads = whole("FAIL_AFTER_READS", -1);
    set.freeze_at = number("FREEZE_AT", INFINITY);
    set.reset_at = number("RESET_AT", INFINITY);
    set.read_seconds = number("READ_SECONDS", 0);
    open_clock();
    for (unsigned i = 0; i < MOST_BOARDS; i++) {
        boards[i].index = i;
        atomic_store(&boards[i].reads, 0);
    }
}

/* ---- what is true ---- */

static double now(void) {
    if (set.clock) return *set.clock;
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/* In [-0.5, 0.5), the same for the same seed, board, k and purpose: splitmix64. */
static double draw(unsigned board, int64_t k, unsigned purpose) {
    uint64_t x = (uint64_t)set.seed * 0x9E3779B97F4A7C15u + (uint64_t)k;
    x = x * 0xD1342543DE82EF95u + board * 2u + purpose;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    x ^= x >> 31;
    return (double)(x >> 11) * 0x1.0p-53 - 0.5;
}

static double watts(unsigned board, double at) {
    double share = fmod(at - set.epoch, set.period) / set.period;
    if (share < 0) share += 1;
    double power = set.high;
    if (!strcmp(set.curve, "bursty")) power = share < set.duty ? set.high : set.low;
    if (!strcmp(set.curve, "ramp")) power = set.low + (set.high - set.low) * share;
    return power * (1 + board / 4.0);
}

/* Energy since the epoch: whole periods, and a part of one. */
static double joules(unsigned board, double at) {
    double periods = floor((at - set.epoch) / set.period);
    double rest = at - set.epoch - periods * set.period;
    double energy = set.high * (at - set.epoch);
    if (!strcmp(set.curve, "bursty")) {
        double high = set.duty * set.period;
        double whole_period = set.high * high + set.low * (set.period - high);
        energy = periods * whole_period + set.high * fmin(rest, high) + set.low * fmax(0, rest - high);
    }
    if (!strcmp(set.curve, "ramp")) {
        double slope = (set.high - set.low) / set.period;
        double whole_period = set.low * set.period + slope * set.period * set.period / 2;
        energy = periods * whole_period + set.low * rest + slope * rest * rest / 2;
    }
    return energy * (1 + board / 4.0);
}

/* ---- what is shown ---- */

static double refreshed_at(unsigned board, int64_t k) {
    double phase = draw(board, -1, 0);
    return ((double)k + phase + set.jitter * draw(board, k, 0)) * set.refresh;
}

/* The number of the last refresh at or before a moment. */
static int64_t last_refresh(unsigned board, double at) {
    int64_t k = (int64_t)floor(at / set.refresh) + 2;
    while (refreshed_at(board, k) > at) k--;
    return k;
}

static unsigned long long shown_millijoules(unsigned board, double at) {
    double zero = joules(board, set.epoch), begun = (double)set.start_millijoules / 1e3;
    if ((long)board == set.fail_board) {
        if (at > set.freeze_at) at = set.freeze_at;
        if (at >= set.reset_at) zero = joules(board, set.reset_at), begun = 0;
    }
    double energy = begun + joules(board, refreshed_at(board, last_refresh(board, at))) - zero;
    return energy > 0 ? (unsigned long long)floor(energy * 1e3) : 0;
}

static unsigned shown_milliwatts(unsigned board, double at) {
    int64_t k = last_refresh(board, at);
    double moment = refreshed_at(board, k);
    double power = watts(board, moment);
    if (set.window > 0)
        power = (joules(board, moment) - joules(board, moment - set.window)) / set.window;
    power += 2 * set.ripple * draw(board, k, 1);
    return power > 0 ? (unsigned)lround(power * 1e3) : 0;
}

/* ---- NVML ---- */

static int refuse(board_t *board) {
    if (!atomic_load(&initialised)) return UNINITIALIZED;
    if (board < boards || board >= boards + set.boards) return INVALID_ARGUMENT;
    if ((long)board->index != set.fail_board) return SUCCESS;
    if (now() >= set.fail_at) return (int)set.fail_error;
    if (set.fail_after_reads >= 0 && atomic_load(&board->reads) >= set.fail_after_reads)
        return (int)set.fail_error;
    return SUCCESS;
}

static int refuse_reading(board_t *board) {
    int error = refuse(board);
    if (error) return error;
    atomic_fetch_add(&board->reads, 1);
    if (set.read_seconds > 0) {
        struct timespec pause = {(time_t)set.read_seconds,
                                 (long)(fmod(set.read_seconds, 1) * 1e9)};
        nanosleep(&pause, NULL);
    }
    return SUCCESS;
}

static int say(char *into, unsigned size, const char *what) {
    if (strlen(what) >= size) return INSUFFICIENT_SIZE;
    strcpy(into, what);
    return SUCCESS;
}

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    if (!atomic_load(&initialised)) {
        configure();
        if (set.init_error) return (int)set.init_error;
    }
    atomic_fetch_add(&initialised, 1);
    return SUCCESS;
}

int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlInit(void) { return nvmlInitWithFlags(0); }

int nvmlShutdown(void) {
    if (!atomic_load(&initialised)) return UNINITIALIZED;
    atomic_fetch_sub(&initialised, 1);
    return SUCCESS;
}

/* Not NVML's: how many times it was initialised more often than shut down. */
int nvml_stand_in_initialised(void) { return atomic_load(&initialised); }

const char *nvmlErrorString(int error) {
    static _Thread_local char what[40];
    snprintf(what, sizeof what, "stand-in error %d", error);
    return what;
}

int nvmlSystemGetDriverVersion(char *version, unsigned size) {
    return atomic_load(&initialised) ? say(version, size, set.driver) : UNINITIALIZED;
}

int nvmlSystemGetNVMLVersion(char *version, unsigned size) {
    return nvmlSystemGetDriverVersion(version, size);
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    if (!atomic_load(&initialised)) return UNINITIALIZED;
    *count = (unsigned)set.boards;
    return (int)set.count_error;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, board_t **board) {
    if (!atomic_load(&initialised)) return UNINITIALIZED;
    if (index >= (unsigned)set.boards) return INVALID_ARGUMENT;
    if (set.handle_error) return (int)set.handle_error;
    *board = &boards[index];
    return refuse(*board);
}

int nvmlDeviceGetName(board_t *board, char *name, unsigned size) {
    int error = refuse(board);
    return error ? error : say(name, size, set.name);
}

int nvmlDeviceGetUUID(board_t *board, char *uuid, unsigned size) {
    int error = refuse(board);
    if (error) return error;
    char made[48];
    snprintf(made, sizeof made, "GPU-00000000-0000-0000-0000-%012x", board->index);
    return say(uuid, size, made);
}

int nvmlDeviceGetIndex(board_t *board, unsigned *index) {
    *index = board->index;
    return refuse(board);
}

int nvmlDeviceGetArchitecture(board_t *board, unsigned *architecture) {
    *architecture = (unsigned)set.architecture;
    return refuse(board);
}

int nvmlDeviceGetTotalEnergyConsumption(board_t *board, unsigned long long *millijoules) {
    int error = refuse(board);
    if (!error && (!set.counter || set.dumb_board == (long)board->index)) return NOT_SUPPORTED;
    if (!error) error = refuse_reading(board);
    if (!error) *millijoules = shown_millijoules(board->index, now());
    return error;
}

int nvmlDeviceGetPowerUsage(board_t *board, unsigned *milliwatts) {
    int error = refuse(board);
    if (!error && (!set.power || set.dumb_board == (long)board->index)) return NOT_SUPPORTED;
    if (!error) error = refuse_reading(board);
    if (!error) *milliwatts = shown_milliwatts(board->index, now());
    return error;
}

int nvmlDeviceGetTemperature(board_t *board, int sensor, unsigned *celsius) {
    (void)sensor;
    *celsius = (unsigned)set.temperature;
    return set.temperature < 0 ? NOT_SUPPORTED : refuse(board);
}

struct temperature {
    unsigned version;
    int sensor;
    int celsius;
};

int nvmlDeviceGetTemperatureV(board_t *board, struct temperature *reading) {
    if (set.old) return FUNCTION_NOT_FOUND;
    reading->celsius = (int)set.temperature;
    return set.temperature < 0 ? NOT_SUPPORTED : refuse(board);
}

int nvmlDeviceGetClockInfo(board_t *board, int kind, unsigned *megahertz) {
    (void)kind;
    *megahertz = (unsigned)set.clock_megahertz;
    return set.clock_megahertz < 0 ? NOT_SUPPORTED : refuse(board);
}

int nvmlDeviceGetCurrentClocksThrottleReasons(board_t *board, unsigned long long *reasons) {
    *reasons = (unsigned long long)set.reasons;
    return set.reasons < 0 ? NOT_SUPPORTED : refuse(board);
}

int nvmlDeviceGetCurrentClocksEventReasons(board_t *board, unsigned long long *reasons) {
    return set.old ? FUNCTION_NOT_FOUND : nvmlDeviceGetCurrentClocksThrottleReasons(board, reasons);
}

int nvmlDeviceGetMigMode(board_t *board, unsigned *current, unsigned *pending) {
    int error = refuse(board);
    if (error) return error;
    if (set.mig < 0) return NOT_SUPPORTED;
    int about = set.mig_board < 0 || set.mig_board == (long)board->index;
    *current = *pending = set.mig && about;
    return SUCCESS;
}

/* Asked for by other meters that read this library beside ours. */

int nvmlDeviceGetEnforcedPowerLimit(board_t *board, unsigned *milliwatts) {
    *milliwatts = (unsigned)(set.high * 2e3);
    return refuse(board);
}

int nvmlDeviceGetPowerManagementLimit(board_t *board, unsigned *milliwatts) {
    return nvmlDeviceGetEnforcedPowerLimit(board, milliwatts);
}

struct memory {
    unsigned long long total, free, used;
};

int nvmlDeviceGetMemoryInfo(board_t *board, struct memory *memory) {
    *memory = (struct memory){1ull << 34, 1ull << 34, 0};
    return refuse(board);
}

struct utilisation {
    unsigned gpu, memory;
};

int nvmlDeviceGetUtilizationRates(board_t *board, struct utilisation *rates) {
    *rates = (struct utilisation){50, 10};
    return refuse(board);
}

int nvmlDeviceGetComputeMode(board_t *board, int *mode) {
    *mode = 0;
    return refuse(board);
}

int nvmlDeviceGetComputeRunningProcesses_v3(board_t *board, unsigned *count, void *processes) {
    (void)processes;
    *count = 0;
    return refuse(board);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(board_t *board, unsigned *count, void *processes) {
    return nvmlDeviceGetComputeRunningProcesses_v3(board, count, processes);
}

int nvmlDeviceGetC2cModeInfoV(board_t *board, void *information) {
    (void)board;
    (void)information;
    return NOT_SUPPORTED;
}
