/* A stand-in for the driver of CUDA: it has the calls that benchmarks/gpu_load.py makes, checks what
 * it is handed, and takes its time over a launch.
 *
 *   CUDA_STAND_IN_FAIL=cuInit   this call fails, with CUDA_STAND_IN_RESULT
 *   CUDA_STAND_IN_AFTER=3       and does so from its fourth time on
 *   CUDA_STAND_IN_NANOSECONDS   for one round of a launch
 */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INVALID_VALUE = 1, INVALID_CONTEXT = 201, INVALID_PTX = 218, ERROR_LOG = 5, LOG_BYTES = 6 };

static int device = 7, context, module, function, made_current;
static uint64_t pending;

static int number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

static int told_to_fail(const char *call)
{
    static int times;
    const char *named = getenv("CUDA_STAND_IN_FAIL");
    if (!named || strcmp(named, call) || times++ < number("CUDA_STAND_IN_AFTER", 0))
        return 0;
    return number("CUDA_STAND_IN_RESULT", 999);
}

#define MAY_FAIL() do { int result = told_to_fail(__func__); if (result) return result; } while (0)

int cuInit(unsigned flags)
{
    MAY_FAIL();
    return flags ? INVALID_VALUE : 0;
}

int cuGetErrorName(int result, const char **name)
{
    *name = result == 304 ? "CUDA_ERROR_OPERATING_SYSTEM" : NULL;
    return *name ? 0 : INVALID_VALUE;
}

int cuGetErrorString(int result, const char **words)
{
    *words = result == 304 ? "OS call failed" : NULL;
    return *words ? 0 : INVALID_VALUE;
}

int cuDeviceGet(int *found, int ordinal)
{
    MAY_FAIL();
    *found = device;
    return ordinal ? 101 : 0;
}

int cuDeviceGetAttribute(int *value, int which, int of)
{
    MAY_FAIL();
    *value = which == 16 ? 4 : which == 39 ? 2048 : -1;
    return of == device ? 0 : 101;
}

int cuDevicePrimaryCtxRetain(void **made, int of)
{
    MAY_FAIL();
    *made = &context;
    return of == device ? 0 : 101;
}

int cuCtxSetCurrent(void *which)
{
    MAY_FAIL();
    made_current = which == &context;
    return made_current ? 0 : INVALID_CONTEXT;
}

int cuModuleLoadDataEx(void **loaded, const char *image, unsigned count, int *options,
                       void **values)
{
    if (!made_current)
        return INVALID_CONTEXT;
    if (count != 2 || options[0] != ERROR_LOG || options[1] != LOG_BYTES)
        return INVALID_VALUE;
    int result = told_to_fail(__func__);
    if (result && (uintptr_t)values[1] > 20)
        strcpy(values[0], "line 7: not a word\n");
    if (result)
        return result;
    *loaded = &module;
    return strstr(image, ".visible .entry burn(.param .u32 rounds)") ? 0 : INVALID_PTX;
}

int cuModuleGetFunction(void **found, void *in, const char *name)
{
    MAY_FAIL();
    *found = &function;
    return in == &module && !strcmp(name, "burn") ? 0 : 500;
}

int cuLaunchKernel(void *what, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned ty,
                   unsigned tz, unsigned shared, void *stream, void **parameters, void **extra)
{
    MAY_FAIL();
    if (what != &function || x != 32 || y != 1 || z != 1 || threads != 256 || ty != 1 || tz != 1
        || shared || stream || extra)
        return INVALID_VALUE;
    pending += *(const uint32_t *)parameters[0];
    return 0;
}

int cuCtxSynchronize(void)
{
    MAY_FAIL();
    uint64_t left = pending * (uint64_t)number("CUDA_STAND_IN_NANOSECONDS", 10000);
    struct timespec span = { (time_t)(left / 1000000000), (long)(left % 1000000000) };
    nanosleep(&span, NULL);
    pending = 0;
    return 0;
}
