/* SPDX-License-Identifier: MIT */
/* The device with the registers DATA and CONTROL: what it must do, by port and in memory alike. */
#ifndef GUEST_DOORS_DEVICE_H
#define GUEST_DOORS_DEVICE_H

#include <stdint.h>

struct device {
	const char *name;
	void (*select)(uint32_t service); /* writes CONTROL */
	uint32_t (*control)(void);
	void (*put)(uint32_t word); /* writes DATA */
	void (*put_byte)(uint8_t byte);
	uint32_t (*take)(void); /* reads DATA */
};

/* Tests of messages, answers, and errors that are no matter of the kind of access. */
void device_test(const struct device *device);

/* What was just done must have been this error (positive), and no worse. */
void device_refused(const struct device *device, int error, const char *what);

#endif
