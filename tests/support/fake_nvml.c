/* A stand-in for NVIDIA's management library, for tests. Cards come from the file in $FAKE_NVML, one line each:
     use memory-use used-MiB total-MiB degrees milliwatts milliwatts-limit pid
   It is read again at each call, so that a test can take a card away while it is measured. pid 0: nobody uses the card;
   milliwatts 0: the card does not tell its power. $FAKE_NVML_INIT: what the initialisation answers. */
#include <stdio.h>
#include <stdlib.h>

enum { OK = 0, INVALID = 2, NOT_SUPPORTED = 3, LOST = 15, MOST = 16 };

typedef struct { unsigned gpu, memory; } utilization;
typedef struct { unsigned long long total, free, used; } memory;
typedef struct { unsigned pid; unsigned long long used; unsigned instance, compute; } process;
typedef struct { unsigned use, memory_use, used, total, degrees, power, limit, pid; } card;

static int cards(card *all) {
  const char *path = getenv("FAKE_NVML");
  FILE *file = path ? fopen(path, "r") : NULL;
  int count = 0;
  if (!file) return 0;
  while (count < MOST) {
    card *one = all + count;
    if (fscanf(file, "%u %u %u %u %u %u %u %u", &one->use, &one->memory_use, &one->used, &one->total, &one->degrees,
               &one->power, &one->limit, &one->pid) != 8) break;
    count++;
  }
  fclose(file);
  return count;
}

static int find(void *handle, card *found) {
  card all[MOST];
  size_t index = (size_t)handle - 1;
  if (index >= (size_t)cards(all)) return LOST;
  *found = all[index];
  return OK;
}

int nvmlInitWithFlags(unsigned flags) { (void)flags; return getenv("FAKE_NVML_INIT") ? atoi(getenv("FAKE_NVML_INIT")) : OK; }
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return OK; }
int nvmlDeviceGetCount_v2(unsigned *count) { card all[MOST]; *count = (unsigned)cards(all); return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
  card all[MOST];
  if ((int)index >= cards(all)) return INVALID;
  *handle = (void *)(size_t)(index + 1);
  return OK;
}

#define ASK card one; int failed = find(handle, &one); if (failed) return failed;
int nvmlDeviceGetUtilizationRates(void *handle, utilization *told) { ASK told->gpu = one.use; told->memory = one.memory_use; return OK; }
int nvmlDeviceGetMemoryInfo(void *handle, memory *told) {
  ASK
  told->total = (unsigned long long)one.total << 20;
  told->used = (unsigned long long)one.used << 20;
  told->free = told->total - told->used;
  return OK;
}
int nvmlDeviceGetTemperature(void *handle, int sensor, unsigned *told) { ASK (void)sensor; *told = one.degrees; return OK; }
int nvmlDeviceGetPowerUsage(void *handle, unsigned *told) { ASK if (!one.power) return NOT_SUPPORTED; *told = one.power; return OK; }
int nvmlDeviceGetEnforcedPowerLimit(void *handle, unsigned *told) { ASK *told = one.limit; return OK; }
int nvmlDeviceGetClockInfo(void *handle, int kind, unsigned *told) { ASK *told = 1000u + (unsigned)kind; return OK; }
int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, process *told) {
  ASK
  unsigned room = *count;
  *count = one.pid ? 1 : 0;
  if (*count > room) return 7; /* insufficient size: asked again with more room */
  if (*count) { told[0].pid = one.pid; told[0].used = (unsigned long long)one.used << 20; told[0].instance = told[0].compute = ~0u; }
  return OK;
}
const char *nvmlErrorString(int code) { return code == LOST ? "GPU is lost" : code == NOT_SUPPORTED ? "Not Supported" : "Error"; }
