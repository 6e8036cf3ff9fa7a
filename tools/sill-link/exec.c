/* SPDX-License-Identifier: MIT */
/* Programs that sill-link runs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/sill-link/exec.h"
#include "tools/sill-link/loop.h"
#include "tools/sill-link/report.h"

/* More than there are channels: some may take their time to end. */
#define PROCESSES 48
#define PATIENCE  2000000u /* from SIGTERM to SIGKILL, in microseconds */

static struct process {
	pid_t pid; /* 0: free */
	bool ended, let_go, killed;
	int status;
	uint64_t kill_at;
} processes[PROCESSES];

static void close_pair(const int pair[2])
{
	if (pair[0] >= 0)
		close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
}

/* In the child: becomes the program, or ends with a shell's status for what can't be run. */
static void become(char *const arguments[], const struct process_wishes *wishes, int in, int out,
		   pid_t parent)
{
	const struct rlimit limit = {.rlim_cur = wishes->data_limit,
				     .rlim_max = wishes->data_limit};
	sigset_t none;

	/* The descriptors stay open beyond exec() only as these copies. */
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    (wishes->error >= 0 && dup2(wishes->error, STDERR_FILENO) < 0))
		_exit(126);
	if (wishes->inherit >= 0 && fcntl(wishes->inherit, F_SETFD, 0) != 0)
		_exit(126);
	if (wishes->data_limit != 0 && setrlimit(RLIMIT_DATA, &limit) != 0)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	/* If sill-link is killed, nobody would ever end it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(126);
	if (wishes->channel != NULL)
		setenv("SILL_CHANNEL", wishes->channel, 1);
	execvp(arguments[0], arguments);
	dprintf(STDERR_FILENO, "sill-link: %s: cannot be run: %s\n", arguments[0], strerror(errno));
	_exit(127);
}

int process_start(char *const arguments[], const struct process_wishes *wishes,
		  struct process_pipes *pipes)
{
	int to[2] = {-1, -1}, from[2] = {-1, -1};
	pid_t parent = getpid();
	int number = 0;
	int error;
	pid_t pid;

	while (number < PROCESSES && processes[number].pid != 0)
		number++;
	if (number == PROCESSES)
		return -EAGAIN;
	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 ||
	    fcntl(to[1], F_SETFL, O_NONBLOCK) != 0 || fcntl(from[0], F_SETFL, O_NONBLOCK) != 0) {
		error = errno;
		close_pair(to);
		close_pair(from);
		return -error;
	}
	pid = fork();
	if (pid == 0)
		become(arguments, wishes, to[0], from[1], parent);
	if (pid < 0) {
		error = errno;
		close_pair(to);
		close_pair(from);
		return -error;
	}
	/* Whoever of us is first: the group is there before it is signalled. */
	setpgid(pid, pid);
	close(from[1]);
	processes[number] = (struct process){.pid = pid};
	*pipes = (struct process_pipes){.to = to[1], .from = from[0], .unread = to[0]};
	return number;
}

bool process_has_ended(int number, int *status)
{
	*status = processes[number].status;
	return processes[number].ended;
}

static void signal_group(const struct process *process, int signal)
{
	if (kill(-process->pid, signal) != 0)
		kill(process->pid, signal);
}

/* Only now is its number free for others. */
static void forget(struct process *process)
{
	waitpid(process->pid, NULL, 0);
	process->pid = 0;
}

void process_let_go(int number, uint64_t now)
{
	struct process *process = &processes[number];

	/* What it left running in its group goes, too. */
	signal_group(process, SIGTERM);
	process->let_go = true;
	process->kill_at = now + PATIENCE;
	if (process->ended)
		forget(process);
}

void processes_collect(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		struct process *process = &processes[i];
		siginfo_t info = {0};

		if (process->pid == 0 || process->ended ||
		    waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		    info.si_pid == 0)
			continue;
		process->ended = true;
		process->status = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0)
							     : W_EXITCODE(0, info.si_status);
		if (process->let_go) {
			signal_group(process, SIGKILL);
			forget(process);
		}
	}
}

void processes_work(uint64_t now)
{
	for (int i = 0; i < PROCESSES; i++) {
		struct process *process = &processes[i];

		if (process->pid != 0 && process->let_go && !process->killed &&
		    now >= process->kill_at) {
			signal_group(process, SIGKILL);
			process->killed = true;
		}
	}
}

uint64_t processes_due(void)
{
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < PROCESSES; i++) {
		if (processes[i].pid != 0 && processes[i].let_go && !processes[i].killed)
			due = earlier(due, processes[i].kill_at);
	}
	return due;
}

void processes_end(void)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	uint64_t now = loop_now();
	uint64_t give_up_at = now + 2 * PATIENCE;
	bool some;

	for (int i = 0; i < PROCESSES; i++) {
		if (processes[i].pid != 0 && !processes[i].let_go)
			process_let_go(i, now);
	}
	do {
		some = false;
		processes_collect();
		processes_work(loop_now());
		for (int i = 0; i < PROCESSES; i++)
			some = some || processes[i].pid != 0;
		if (some)
			nanosleep(&moment, NULL);
	} while (some && loop_now() < give_up_at);
}

const char *process_fate(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "exit status %d", WEXITSTATUS(status));
	return text;
}
