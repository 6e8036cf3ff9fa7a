/* SPDX-License-Identifier: MIT */
/*
 * What the tests' Linux does besides what a shell can: one program, one file for each subject.
 * Each function gets the words after the subject's own and answers an exit status.
 */
#ifndef PROBE_H
#define PROBE_H

int probe_avx(int argc, char **argv);
int probe_channels(int argc, char **argv);
int probe_cmos(int argc, char **argv);
int probe_cpuid(int argc, char **argv);
int probe_doors(int argc, char **argv);
int probe_grant(int argc, char **argv);
int probe_memory(int argc, char **argv);

#endif
