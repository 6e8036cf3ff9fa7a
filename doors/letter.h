/* SPDX-License-Identifier: MIT */
/* A letter: a message at the start of a page of the guest's memory (struct sill_letter). */
#ifndef SILL_DOORS_LETTER_H
#define SILL_DOORS_LETTER_H

#include "vmx/vcpu.h"

#include <stdbool.h>
#include <stdint.h>

/* Answers the letter in this page (host-physical), if it is sent. */
void letter_answer(struct vcpu *vcpu, uint64_t page);

/* Whether the page begins with the pattern. */
bool letter_is_there(uint64_t page);

#endif
