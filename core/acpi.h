/* SPDX-License-Identifier: MIT */
/* The little of ACPI that Sill uses. Every question has an answer on machines without ACPI. */
#ifndef SILL_CORE_ACPI_H
#define SILL_CORE_ACPI_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the tables from the RSDP (a physical address, 0 = none) on; bad ones count as absent. */
void acpi_start(uint64_t rsdp);

/* The tables were made by QEMU or Bochs. */
bool acpi_is_emulator(void);

/* The port of the 3.58 MHz power-management timer, or 0. */
uint16_t acpi_pm_timer_port(void);

/* Where the RTC keeps the century, or 0 if nobody says. */
uint8_t acpi_century_register(void);

/* Resets the machine, or does nothing if the tables name no way. */
void acpi_reset(void);

#endif
