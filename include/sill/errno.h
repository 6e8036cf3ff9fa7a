/* SPDX-License-Identifier: MIT */
/*
 * Error numbers: the ones that Linux uses on x86, so that a C program in the guest can hand a
 * negative result to strerror() as it is. Used by the core and by guests, from C and from nasm
 * (scripts turn the table below into an nasm include; nothing is copied by hand).
 */
#ifndef SILL_ERRNO_H
#define SILL_ERRNO_H

/* Answers of calls and of doors. */
#define SILL_EPERM	1   /* the caller may not do this */
#define SILL_ENOENT	2   /* no such thing: nobody takes a channel of this name */
#define SILL_E2BIG	7   /* more than the stated limit */
#define SILL_EBADF	9   /* no open channel has this handle */
#define SILL_EAGAIN	11  /* not now: nothing to be read yet, or no room */
#define SILL_ENOMEM	12  /* Sill has no memory left for this */
#define SILL_EFAULT	14  /* a pointer through which the caller itself may not read or write */
#define SILL_EBUSY	16  /* in use already */
#define SILL_ENODEV	19  /* the machine has no such device */
#define SILL_EINVAL	22  /* an argument is out of its range, or a reserved field is not zero */
#define SILL_ENFILE	23  /* as many are open as there may be */
#define SILL_EPIPE	32  /* after the end of writing */
#define SILL_ENOSYS	38  /* no such call */
#define SILL_EPROTO	71  /* indices of a ring that can't be */
#define SILL_ENOTSUP	95  /* the call has no meaning for this guest */
#define SILL_ECONNRESET 104 /* the other end closed it */
#define SILL_ETIMEDOUT	110 /* nobody answers at the other end of the line */

/* Only within Sill: no call answers with these. */
#define SILL_EIO     5	/* the hardware refused */
#define SILL_ENOEXEC 8	/* not an image that can be started */
#define SILL_EEXIST  17 /* already there */
#define SILL_ENOSPC  28 /* a table is full */
#define SILL_ERANGE  34 /* a number does not fit */

/*
 * The largest error number: results from -SILL_MAX_ERRNO to -1 are errors, all others are values.
 */
#define SILL_MAX_ERRNO 4095

#endif
