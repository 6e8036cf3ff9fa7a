#include <sill/handoff.h>
int underlay_memory_create(const struct sill_handoff *handoff, uint64_t ept_capabilities);
