#include "sill/handoff.h"
#include <stdbool.h>
__attribute__((warn_unused_result)) int leave_prepare(void);
__attribute__((noreturn)) void launch_abandon(const struct sill_launch *l, bool v);
