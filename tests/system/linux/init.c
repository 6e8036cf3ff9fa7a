/* SPDX-License-Identifier: MIT */
/*
 * The first process of the Linux that tests boot: says when it got there, by the time-stamp
 * counter, then mounts what the kernel offers and becomes a shell that runs the test's own script.
 *
 * In assembler's place C without a C library: what one start of such a library costs differs with
 * and without Sill beneath, since it asks CPUID dozens of times.
 */
#include <stddef.h>
#include <sys/mount.h>
#include <sys/syscall.h>

static long system_call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static unsigned long read_tsc(void)
{
	unsigned int low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (unsigned long)high << 32 | low;
}

static void say(const char *text, size_t length)
{
	system_call(SYS_write, 1, (long)text, (long)length, 0, 0);
}

static void say_number(unsigned long number)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	say(digits + n, sizeof(digits) - n);
}

static void mount_at(const char *type, const char *folder)
{
	system_call(SYS_mkdir, (long)folder, 0755, 0, 0, 0);
	system_call(SYS_mount, (long)type, (long)folder, (long)type, MS_NOSUID, 0);
}

_Noreturn void _start(void);
_Noreturn void _start(void)
{
	static const char start[] = "MARK init_tsc=", line_end[] = "\n";
	static const char failed[] = "init: no shell\n";
	static const char *const arguments[] = {"sh", "/test", NULL};
	static const char *const environment[] = {"PATH=/bin", "HOME=/", NULL};
	unsigned long tsc = read_tsc();

	say(start, sizeof(start) - 1);
	say_number(tsc);
	say(line_end, sizeof(line_end) - 1);
	mount_at("devtmpfs", "/dev");
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("tmpfs", "/tmp");
	system_call(SYS_execve, (long)"/bin/busybox", (long)arguments, (long)environment, 0, 0);
	say(failed, sizeof(failed) - 1);
	system_call(SYS_exit, 1, 0, 0, 0, 0);
	__builtin_unreachable();
}
