/* SPDX-License-Identifier: MIT */
/*
 * The parser of sill.conf. One table below lists all keys; everything that holds for several
 * keys (duplicates, scope, empty values, the shape of an error) is decided from that table.
 * The first error ends the parsing: a machine is not started from a file half understood.
 */
#include <stdbool.h>

#include "boot/config.h"
#include "core/format.h"
#include "core/string.h"
#include "sill/channel.h"
#include "sill/doors.h"
#include "sill/errno.h"

#define MIB		   (1ull << 20)
#define TIB		   (1ull << 40)

#define MIN_GUEST_MEMORY   (4 * MIB)
#define MAX_GUEST_MEMORY   TIB
#define GUEST_MEMORY_UNIT  (2 * MIB)

#define MAX_BAUD	   115200u
#define MIN_BAUD	   50u
#define MAX_TIME_LIMIT	   86400u /* seconds */

#define MAX_LINK_SHARE	   90u	 /* per cent */
#define MAX_LINK_TIMEOUT   3600u /* seconds */
#define MIN_CHANNEL_BUFFER (4u << 10)
#define MAX_CHANNEL_BUFFER (256u << 10)

/* The longest value: a module's path, a blank and its arguments; or options. */
#define MAX_VALUE (CONFIG_MAX_PATH + SILL_MAX_CMDLINE)

/* How much of a value or of an unknown key an error shows. */
#define MAX_SHOWN 36

struct parser;

struct key {
	const char *name;
	int (*set)(struct parser *parser, const char *value);
	const char *allowed; /* the end of each error about this key's value */
	bool of_guest;	     /* belongs to the latest guest */
	bool repeatable;
	bool may_be_empty;
	bool of_underlay; /* belongs to underlay mode */
	/*
	 * Belongs to the latest guest as well as to the machine: above the first guest it is what
	 * all guests begin with.
	 */
	bool of_both;
};

#define MAX_KEYS 24

struct parser {
	struct sill_config *config;
	struct config_error *error;
	const struct key *key; /* of the line being parsed */
	char value[MAX_VALUE + 1];
	unsigned line;

	unsigned seen[MAX_KEYS]; /* the line on which a key was given; 0: never */
	unsigned guest_line;	 /* where the latest guest starts */
	unsigned lazy_memory_line;
};

/* Copies for showing: at most MAX_SHOWN bytes, nothing that a terminal would act upon. */
static void shorten(char shown[MAX_SHOWN + 1], const char *text, size_t length)
{
	size_t count = length > MAX_SHOWN ? MAX_SHOWN : length;

	for (size_t i = 0; i < count; i++)
		shown[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	shown[count] = '\0';
	if (length > MAX_SHOWN)
		memcpy(shown + MAX_SHOWN - 3, "...", 3);
}

/* An error about the value of the current key. */
static int fail(struct parser *parser, const char *problem)
{
	char shown[MAX_SHOWN + 1];

	shorten(shown, parser->value, strlen(parser->value));
	parser->error->line = parser->line;
	format(parser->error->text, sizeof(parser->error->text), "%s = %s: %s; allowed: %s",
	       parser->key->name, shown, problem, parser->key->allowed);
	return -SILL_EINVAL;
}

/* An error about the line itself, or about the file if the line is 0. */
static int fail_line(struct parser *parser, unsigned line, const char *problem)
{
	parser->error->line = line;
	format(parser->error->text, sizeof(parser->error->text), "%s", problem);
	return -SILL_EINVAL;
}

static struct config_guest *latest_guest(struct parser *parser)
{
	return &parser->config->guests[parser->config->guest_count - 1];
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_text(char c)
{
	return (c >= ' ' && c <= '~') || c == '\t';
}

/* -1 unless c is a digit of the base, 10 or 16. */
static int digit(char c, unsigned base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (base == 16 && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Reads a number, decimal or with 0x hexadecimal, that must fit in 64 bits. Returns what follows
 * it, or NULL if there is none.
 */
static const char *read_number(const char *text, uint64_t *number)
{
	unsigned base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (digit(*text, base) < 0)
		return NULL;
	*number = 0;
	for (; digit(*text, base) >= 0; text++) {
		if (__builtin_mul_overflow(*number, (uint64_t)base, number) ||
		    __builtin_add_overflow(*number, (uint64_t)digit(*text, base), number))
			return NULL;
	}
	return text;
}

static bool read_whole_number(const char *text, uint64_t *number)
{
	const char *end = read_number(text, number);

	return end && *end == '\0';
}

/* Reads a size: a decimal number and K, M, G or T; or 0. */
static bool read_size(const char *text, uint64_t *size)
{
	const char *end = read_number(text, size);
	unsigned shift;

	if (!end || (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')))
		return false;
	switch (*end) {
	case 'K':
	case 'k':
		shift = 10;
		break;
	case 'M':
	case 'm':
		shift = 20;
		break;
	case 'G':
	case 'g':
		shift = 30;
		break;
	case 'T':
	case 't':
		shift = 40;
		break;
	default:
		return *size == 0 && *end == '\0';
	}
	if (end[1] != '\0' || *size > UINT64_MAX >> shift)
		return false;
	*size <<= shift;
	return true;
}

/*
 * Copies a path, `length` bytes of `text`, with backslashes for slashes. Returns what is wrong
 * with it, or NULL.
 */
static const char *read_path(char path[CONFIG_MAX_PATH], const char *text, size_t length)
{
	/* What FAT's long names exclude. A tab can only come from a quoted value. */
	static const char forbidden[] = "\"*:<>?|\t";
	size_t part = 1; /* where the current component starts */

	if (length >= CONFIG_MAX_PATH)
		return "the path is too long";
	if (length == 0 || (text[0] != '\\' && text[0] != '/'))
		return "the path is not absolute";
	for (size_t i = 0; i < length; i++) {
		for (const char *c = forbidden; *c; c++) {
			if (text[i] == *c)
				return "a character that no file name can have";
		}
		path[i] = text[i] == '/' ? '\\' : text[i];
	}
	path[length] = '\0';
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '\\' && path[i] != '\0')
			continue;
		if (i == part)
			return "an empty part in the path";
		if ((i - part == 1 && path[part] == '.') ||
		    (i - part == 2 && path[part] == '.' && path[part + 1] == '.'))
			return "'.' or '..' in the path";
		part = i + 1;
	}
	return NULL;
}

/* The index of the word that the value is, among count; or count. */
static uint32_t find_word(const char *value, const char *const *words, uint32_t count)
{
	uint32_t i = 0;

	while (i < count && strcmp(value, words[i]) != 0)
		i++;
	return i;
}

static int set_mode(struct parser *parser, const char *value)
{
	static const char *const modes[] = {
		[SILL_MODE_GUEST] = "guest",
		[SILL_MODE_UNDERLAY] = "underlay",
	};

	parser->config->mode = find_word(value, modes, 2);
	return parser->config->mode < 2 ? 0 : fail(parser, "no such mode");
}

#define COM1 0x3f8u
#define COM2 0x2f8u

static int read_port(struct parser *parser, const char *value, uint32_t *serial_port)
{
	uint64_t port;

	if (strcmp(value, "com1") == 0)
		port = COM1;
	else if (strcmp(value, "com2") == 0)
		port = COM2;
	else if (strcmp(value, "none") == 0)
		port = 0;
	/* Ports below 100h are the system board's own. A 16550 has eight ports. */
	else if (value[0] != '0' || (value[1] != 'x' && value[1] != 'X') ||
		 !read_whole_number(value, &port) || port < 0x100 || port > 0xfff8)
		return fail(parser, "no such serial port");
	*serial_port = (uint32_t)port;
	return 0;
}

static int set_console(struct parser *parser, const char *value)
{
	return read_port(parser, value, &parser->config->serial.port);
}

static int set_link(struct parser *parser, const char *value)
{
	uint32_t *ports = parser->config->channels.link_ports;

	if (strcmp(value, "auto") != 0)
		return read_port(parser, value, &ports[0]);
	ports[0] = COM2;
	ports[1] = COM1;
	return 0;
}

/* A whole number from least to most. */
static int read_between(struct parser *parser, const char *value, uint32_t least, uint32_t most,
			uint32_t *number)
{
	uint64_t read;

	if (!read_whole_number(value, &read) || read < least || read > most)
		return fail(parser, "no such number");
	*number = (uint32_t)read;
	return 0;
}

static int set_link_share(struct parser *parser, const char *value)
{
	return read_between(parser, value, 1, MAX_LINK_SHARE, &parser->config->channels.link_share);
}

static int set_link_timeout(struct parser *parser, const char *value)
{
	uint32_t seconds = 0;
	int error = read_between(parser, value, 1, MAX_LINK_TIMEOUT, &seconds);

	parser->config->channels.link_timeout_ms = seconds * 1000;
	return error;
}

static int set_channels(struct parser *parser, const char *value)
{
	return read_between(parser, value, 0, SILL_CHANNELS_MAX, &parser->config->channels.count);
}

static int set_channel_buffer(struct parser *parser, const char *value)
{
	uint64_t size;

	if (!read_size(value, &size) || size < MIN_CHANNEL_BUFFER || size > MAX_CHANNEL_BUFFER ||
	    (size & (size - 1)) != 0)
		return fail(parser, "no such size");
	parser->config->channels.buffer = (uint32_t)size;
	return 0;
}

static int set_baud(struct parser *parser, const char *value)
{
	uint64_t baud;

	if (!read_whole_number(value, &baud) || baud < MIN_BAUD || baud > MAX_BAUD)
		return fail(parser, "no such rate");
	if (MAX_BAUD % baud != 0)
		return fail(parser, "a 16550 cannot make this rate");
	parser->config->serial.baud = (uint32_t)baud;
	return 0;
}

static int set_log(struct parser *parser, const char *value)
{
	static const char *const levels[] = {
		[SILL_LOG_ERROR] = "error",
		[SILL_LOG_WARNING] = "warning",
		[SILL_LOG_INFO] = "info",
		[SILL_LOG_DEBUG] = "debug",
	};

	const uint32_t count = sizeof(levels) / sizeof(levels[0]);
	uint32_t word = find_word(value, levels, count);

	if (word == count)
		return fail(parser, "no such level");
	parser->config->log_level = word;
	return 0;
}

static int set_finish(struct parser *parser, const char *value)
{
	static const char *const ways[] = {
		[SILL_FINISH_AUTO] = "auto",
		[SILL_FINISH_HALT] = "halt",
		[SILL_FINISH_RESET] = "reset",
		[SILL_FINISH_EMULATOR] = "emulator",
	};

	const uint32_t count = sizeof(ways) / sizeof(ways[0]);
	uint32_t word = find_word(value, ways, count);

	if (word == count)
		return fail(parser, "no such way to finish");
	parser->config->finish = word;
	return 0;
}

static int set_provoke(struct parser *parser, const char *value)
{
	static const char *const provocations[] = {
		[SILL_PROVOKE_NOTHING] = "nothing",
		[SILL_PROVOKE_NMI] = "nmi",
		[SILL_PROVOKE_PANIC] = "panic",
		[SILL_PROVOKE_PANIC_TWICE] = "panic-twice",
	};

	const uint32_t count = sizeof(provocations) / sizeof(provocations[0]);
	uint32_t word = find_word(value, provocations, count);

	if (word == count)
		return fail(parser, "no such provocation");
	latest_guest(parser)->settings.provoke = word;
	return 0;
}

/* What can only be judged when all keys of the latest guest are known. */
static int end_guest(struct parser *parser)
{
	const struct sill_guest *settings;

	if (parser->config->guest_count == 0)
		return 0;
	settings = &latest_guest(parser)->settings;
	if (settings->lazy_memory < settings->memory)
		return 0;
	parser->error->line = parser->lazy_memory_line;
	format(parser->error->text, sizeof(parser->error->text),
	       "lazy_memory = %uM: not below this guest's memory (%uM); allowed: a multiple of 2M "
	       "below memory",
	       (unsigned)(settings->lazy_memory / MIB), (unsigned)(settings->memory / MIB));
	return -SILL_EINVAL;
}

/* For people: the path's end, which tells more than its start. */
static void set_name(struct sill_guest *settings, const char *path)
{
	size_t length = strlen(path);

	if (length >= sizeof(settings->name)) {
		path += length - (sizeof(settings->name) - 1);
		length = sizeof(settings->name) - 1;
	}
	memcpy(settings->name, path, length + 1);
}

static int set_guest(struct parser *parser, const char *value)
{
	struct config_guest *guest;
	const char *problem;
	int error = end_guest(parser);

	if (error)
		return error;
	if (parser->config->guest_count == SILL_MAX_GUESTS)
		return fail(parser, "too many guests");
	guest = &parser->config->guests[parser->config->guest_count];
	problem = read_path(guest->image_path, value, strlen(value));
	if (problem)
		return fail(parser, problem);
	parser->config->guest_count++;
	guest->settings.memory = CONFIG_DEFAULT_MEMORY;
	guest->settings.doors = parser->config->underlay.doors;
	set_name(&guest->settings, guest->image_path);
	parser->guest_line = parser->line;
	return 0;
}

static int set_cmdline(struct parser *parser, const char *value)
{
	size_t length = strlen(value);

	if (length >= SILL_MAX_CMDLINE)
		return fail(parser, "too long");
	memcpy(latest_guest(parser)->settings.cmdline, value, length + 1);
	return 0;
}

static int set_module(struct parser *parser, const char *value)
{
	struct config_guest *guest = latest_guest(parser);
	uint32_t index = guest->settings.module_count;
	const char *arguments = value;
	const char *problem;

	if (index == SILL_MAX_MODULES)
		return fail(parser, "too many modules");
	while (*arguments && !is_blank(*arguments))
		arguments++;
	problem = read_path(guest->module_path[index], value, (size_t)(arguments - value));
	if (problem)
		return fail(parser, problem);
	while (is_blank(*arguments))
		arguments++;
	if (strlen(arguments) >= SILL_MAX_CMDLINE)
		return fail(parser, "the arguments are too long");
	memcpy(guest->settings.modules[index].cmdline, arguments, strlen(arguments) + 1);
	guest->settings.module_count++;
	return 0;
}

static int set_memory(struct parser *parser, const char *value)
{
	uint64_t size;

	if (!read_size(value, &size))
		return fail(parser, "not a size");
	if (size % GUEST_MEMORY_UNIT != 0)
		return fail(parser, "not a multiple of 2M");
	if (size < MIN_GUEST_MEMORY || size > MAX_GUEST_MEMORY)
		return fail(parser, "too little or too much");
	latest_guest(parser)->settings.memory = size;
	return 0;
}

static int set_lazy_memory(struct parser *parser, const char *value)
{
	uint64_t size;

	if (!read_size(value, &size))
		return fail(parser, "not a size");
	if (size % GUEST_MEMORY_UNIT != 0)
		return fail(parser, "not a multiple of 2M");
	if (size >= MAX_GUEST_MEMORY)
		return fail(parser, "too much");
	/* Whether it is below `memory` is known at the end of this guest's keys. */
	latest_guest(parser)->settings.lazy_memory = size;
	parser->lazy_memory_line = parser->line;
	return 0;
}

static int set_time_limit(struct parser *parser, const char *value)
{
	uint64_t seconds;

	if (!read_whole_number(value, &seconds) || seconds > MAX_TIME_LIMIT)
		return fail(parser, "no such time limit");
	latest_guest(parser)->settings.time_limit_ms = (uint32_t)seconds * 1000;
	return 0;
}

static int read_yes_or_no(struct parser *parser, const char *value, uint32_t *yes)
{
	static const char *const words[] = {"no", "yes"};

	*yes = find_word(value, words, 2);
	return *yes < 2 ? 0 : fail(parser, "neither yes nor no");
}

static int set_trace_hypercalls(struct parser *parser, const char *value)
{
	return read_yes_or_no(parser, value, &latest_guest(parser)->settings.trace_hypercalls);
}

/*
 * Parts of a VMCS field's encoding: SDM, "Structure of VMCS Component Encoding": bit 0 access
 * type, bits 9:1 index, bits 11:10 type, bit 12 reserved, bits 14:13 width, bits 31:15 reserved.
 */
#define FIELD_HIGH			       0x1u
#define FIELD_TYPE			       0xc00u
#define FIELD_GUEST			       0x800u
#define FIELD_RESERVED			       0xffff9000u
#define FIELD_WIDTH(f)			       ((f) >> 13 & 3)
#define FIELD_WIDTH_16			       0
#define FIELD_WIDTH_64			       1
#define FIELD_WIDTH_32			       2

#define VMCS_VM_ENTRY_INTERRUPTION_INFORMATION 0x4016u
#define VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE     0x4018u
#define VMCS_VM_ENTRY_INSTRUCTION_LENGTH       0x401au
#define VMCS_GUEST_ACTIVITY_STATE	       0x4826u
#define VMCS_LINK_POINTER		       0x2800u
#define VMCS_PREEMPTION_TIMER_VALUE	       0x482eu
#define ACTIVITY_WAIT_FOR_SIPI		       3

/* Why this field may not be set from the configuration, or NULL. */
static const char *judge_vmcs_setting(uint64_t field, uint64_t value)
{
	uint32_t width;

	if (field > UINT32_MAX || (field & FIELD_RESERVED))
		return "no VMCS field has this encoding";
	width = FIELD_WIDTH((uint32_t)field);
	if ((field & FIELD_HIGH) && width != FIELD_WIDTH_64)
		return "no VMCS field has this encoding";
	if (field != VMCS_VM_ENTRY_INTERRUPTION_INFORMATION &&
	    field != VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE &&
	    field != VMCS_VM_ENTRY_INSTRUCTION_LENGTH && (field & FIELD_TYPE) != FIELD_GUEST)
		return "not part of the guest's state, could break Sill itself";
	/* The CPU reads the memory that it points at, wherever that is. */
	if ((field & ~(uint64_t)FIELD_HIGH) == VMCS_LINK_POINTER)
		return "the link pointer is not the guest's";
	/* The time limit is kept with it. */
	if (field == VMCS_PREEMPTION_TIMER_VALUE)
		return "use time_limit";
	if ((width == FIELD_WIDTH_16 && value > UINT16_MAX) ||
	    ((width == FIELD_WIDTH_32 || (field & FIELD_HIGH)) && value > UINT32_MAX))
		return "the value is wider than the field";
	/* Nothing but a SIPI leaves this state, not even the VMX-preemption timer. */
	if (field == VMCS_GUEST_ACTIVITY_STATE && value == ACTIVITY_WAIT_FOR_SIPI)
		return "wait-for-SIPI would never end";
	return NULL;
}

static int set_vmcs(struct parser *parser, const char *value)
{
	struct sill_guest *settings = &latest_guest(parser)->settings;
	struct sill_vmcs_setting *setting;
	uint64_t field, number;
	const char *problem;
	const char *end;

	if (settings->vmcs_setting_count == SILL_MAX_VMCS_SETTINGS)
		return fail(parser, "too many of these");
	end = read_number(value, &field);
	if (!end || *end != '=' || !read_whole_number(end + 1, &number))
		return fail(parser, "not encoding=value");
	problem = judge_vmcs_setting(field, number);
	if (problem)
		return fail(parser, problem);
	for (uint32_t i = 0; i < settings->vmcs_setting_count; i++) {
		if (settings->vmcs_settings[i].field == field)
			return fail(parser, "this field was set before");
	}
	setting = &settings->vmcs_settings[settings->vmcs_setting_count++];
	setting->field = (uint32_t)field;
	setting->value = number;
	return 0;
}

#define GUID_TEXT 36 /* characters */

/*
 * Reads a GUID as people write it. UEFI specification, "EFI_GUID": the first three numbers lie in
 * memory with their lowest byte first, the rest as it is written.
 */
static bool read_guid(const char *text, uint8_t guid[16])
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	for (unsigned i = 0; i < 16; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;

		int high = digit(text[0], 16), low = high < 0 ? -1 : digit(text[1], 16);

		if (low < 0)
			return false;
		guid[order[i]] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return true;
}

/* A word of boot/sill.conf for each door, and those for sets of them. */
static bool read_door(const char *word, size_t length, uint32_t *doors)
{
	static const struct {
		const char *name;
		uint32_t doors;
	} words[] = {
		{"all", SILL_DOORS_ALL},
		{"none", 0},
#define SILL_DOOR(number, NAME, name, summary) {#name, 1u << (number)},
#include "doors/doors.def"
#undef SILL_DOOR
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].name) == length && memcmp(words[i].name, word, length) == 0) {
			*doors = words[i].doors;
			return true;
		}
	}
	return false;
}

/* Words in their order: each opens, or with a '-' before it closes. */
static int set_doors(struct parser *parser, const char *value)
{
	uint32_t doors = 0, named;

	while (*value != '\0') {
		bool closes = *value == '-';
		size_t length = 0;

		value += closes;
		while (value[length] != '\0' && !is_blank(value[length]))
			length++;
		if (!read_door(value, length, &named))
			return fail(parser, "no such door");
		doors = closes ? doors & ~named : doors | named;
		value += length;
		while (is_blank(*value))
			value++;
	}
	if (parser->config->guest_count == 0)
		parser->config->underlay.doors = doors;
	else
		latest_guest(parser)->settings.doors = doors;
	return 0;
}

static int set_next(struct parser *parser, const char *value)
{
	struct config_next *next = &parser->config->next;
	const char *problem;

	if (strcmp(value, "firmware") == 0)
		return 0;
	if (read_guid(value, next->partition)) {
		if (value[GUID_TEXT] != ':')
			return fail(parser, "a partition without a path");
		next->on_partition = true;
		value += GUID_TEXT + 1;
	}
	problem = read_path(next->path, value, strlen(value));
	return problem ? fail(parser, problem) : 0;
}

static int set_next_options(struct parser *parser, const char *value)
{
	size_t length = strlen(value);

	if (length >= CONFIG_MAX_OPTIONS)
		return fail(parser, "too long");
	memcpy(parser->config->next.options, value, length + 1);
	return 0;
}

static int set_hypervisor_bit(struct parser *parser, const char *value)
{
	return read_yes_or_no(parser, value, &parser->config->underlay.show_hypervisor);
}

static int set_cpu_without_ept(struct parser *parser, const char *value)
{
	uint64_t cpu;

	if (!read_whole_number(value, &cpu) || cpu >= SILL_MAX_CPUS)
		return fail(parser, "no such CPU");
	parser->config->underlay.cpu_without_ept = (uint32_t)cpu;
	return 0;
}

#define ALLOWED_PATH "\\path\\of\\file, no '..', up to 255 bytes"

/* The keys; errors name them in this order. */
static const struct key keys[] = {
	{.name = "mode", .set = set_mode, .allowed = "guest, underlay"},
	{.name = "console", .set = set_console, .allowed = "com1, com2, none, 0x100 to 0xFFF8"},
	{.name = "baud", .set = set_baud, .allowed = "50 to 115200, a divisor of 115200"},
	{.name = "link", .set = set_link, .allowed = "auto, com1, com2, none, 0x100 to 0xFFF8"},
	{.name = "link_share", .set = set_link_share, .allowed = "1 to 90 (per cent)"},
	{.name = "link_timeout", .set = set_link_timeout, .allowed = "1 to 3600 (seconds)"},
	{.name = "channels", .set = set_channels, .allowed = "0 to 16"},
	{.name = "channel_buffer",
	 .set = set_channel_buffer,
	 .allowed = "4K to 256K, a power of 2"},
	{.name = "log", .set = set_log, .allowed = "error, warning, info, debug"},
	{.name = "finish", .set = set_finish, .allowed = "auto, halt, reset, emulator"},
	{.name = "next",
	 .set = set_next,
	 .allowed = ALLOWED_PATH ", after a partition's GUID and ':' or not; firmware",
	 .of_underlay = true},
	{.name = "next_options",
	 .set = set_next_options,
	 .allowed = "text of up to 511 bytes",
	 .of_underlay = true,
	 .may_be_empty = true},
	{.name = "hypervisor_bit",
	 .set = set_hypervisor_bit,
	 .allowed = "yes, no",
	 .of_underlay = true},
	{.name = "cpu_without_ept",
	 .set = set_cpu_without_ept,
	 .allowed = "0 to 255",
	 .of_underlay = true},
	{.name = "doors",
	 .set = set_doors,
	 .allowed = "all, none, names, '-' before one to leave it out; names:"
#define SILL_DOOR(number, NAME, name, summary) " " #name
#include "doors/doors.def"
#undef SILL_DOOR
	 ,
	 .of_both = true},
	{.name = "guest",
	 .set = set_guest,
	 .allowed = ALLOWED_PATH ", up to 16 guests",
	 .repeatable = true},
	{.name = "cmdline",
	 .set = set_cmdline,
	 .allowed = "text of up to 255 bytes",
	 .of_guest = true,
	 .may_be_empty = true},
	{.name = "module",
	 .set = set_module,
	 .allowed = ALLOWED_PATH ", then up to 255 bytes of text; up to 8 modules",
	 .of_guest = true,
	 .repeatable = true},
	{.name = "memory",
	 .set = set_memory,
	 .allowed = "4M to 1T, a multiple of 2M",
	 .of_guest = true},
	{.name = "lazy_memory",
	 .set = set_lazy_memory,
	 .allowed = "a multiple of 2M below memory",
	 .of_guest = true},
	{.name = "time_limit",
	 .set = set_time_limit,
	 .allowed = "0 (none) to 86400 seconds",
	 .of_guest = true},
	{.name = "provoke",
	 .set = set_provoke,
	 .allowed = "nothing, nmi, panic, panic-twice",
	 .of_guest = true},
	{.name = "trace_hypercalls",
	 .set = set_trace_hypercalls,
	 .allowed = "yes, no",
	 .of_guest = true},
	{.name = "vmcs",
	 .set = set_vmcs,
	 .allowed = "encoding=value, of a guest-state field or 0x4016, 0x4018, 0x401A; up to 8",
	 .of_guest = true,
	 .repeatable = true},
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

_Static_assert(KEY_COUNT <= MAX_KEYS, "struct parser has no room for all keys");
_Static_assert(SILL_MAX_GUESTS == 16 && SILL_MAX_MODULES == 8 && SILL_MAX_VMCS_SETTINGS == 8 &&
		       SILL_MAX_CMDLINE == 256 && CONFIG_MAX_OPTIONS == 512 &&
		       SILL_MAX_CPUS == 256 && SILL_CHANNELS_MAX == 16,
	       "the table's texts name these limits");

/* The table's index of a key. */
static size_t index_of(const char *name)
{
	size_t index = 0;

	while (strcmp(keys[index].name, name) != 0)
		index++;
	return index;
}

static int fail_unknown(struct parser *parser, const char *name, size_t length)
{
	char shown[MAX_SHOWN + 1];
	char *text = parser->error->text;
	const size_t size = sizeof(parser->error->text);

	shorten(shown, name, length);
	parser->error->line = parser->line;
	format(text, size, "%s: unknown key; known:", shown);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		size_t used = strlen(text);

		format(text + used, size - used, " %s", keys[i].name);
	}
	return -SILL_EINVAL;
}

/*
 * Finds the value in what follows '=': without blanks around it and without the comment. A value
 * that starts with a double quote ends at the next one, and has in it whatever stands between.
 * Returns what is wrong with it, or NULL.
 */
static const char *find_value(const char *text, size_t length, const char **value, size_t *size)
{
	size_t start = 0, end;

	*value = text;
	*size = length;
	while (start < length && is_blank(text[start]))
		start++;
	if (start < length && text[start] == '"') {
		end = start + 1;
		while (end < length && text[end] != '"')
			end++;
		if (end == length)
			return "a double quote that is never closed";
		*value = text + start + 1;
		*size = end - start - 1;
		for (end++; end < length && is_blank(text[end]); end++)
			;
		if (end < length && (text[end] != '#' || text[end - 1] == '"'))
			return "text after the closing double quote";
		return NULL;
	}
	*value = text + start;
	for (end = start; end < length; end++) {
		if (text[end] == '#' && (end == 0 || is_blank(text[end - 1])))
			break;
	}
	while (end > start && is_blank(text[end - 1]))
		end--;
	*size = end - start;
	return NULL;
}

/* One line, without its line end. */
static int parse_line(struct parser *parser, const char *text, size_t length)
{
	const char *problem, *value;
	size_t name_length = 0, equals, index, size;
	int error;

	while (length && is_blank(*text)) {
		text++;
		length--;
	}
	if (length == 0 || *text == '#')
		return 0;
	for (equals = 0; equals < length && text[equals] != '='; equals++) {
		if (!is_blank(text[equals]))
			name_length = equals + 1;
	}
	if (equals == length)
		return fail_line(parser, parser->line, "not a line of the form: key = value");
	if (name_length == 0)
		return fail_line(parser, parser->line, "there is no key before '='");

	for (index = 0; index < KEY_COUNT; index++) {
		if (strlen(keys[index].name) == name_length &&
		    memcmp(keys[index].name, text, name_length) == 0)
			break;
	}
	if (index == KEY_COUNT)
		return fail_unknown(parser, text, name_length);

	problem = find_value(text + equals + 1, length - equals - 1, &value, &size);
	if (!problem && size > MAX_VALUE)
		problem = "too long";
	for (size_t i = 0; !problem && i < size; i++) {
		if (!is_text(value[i]))
			problem = "a character that is not ASCII";
	}
	parser->key = &keys[index];
	if (size > MAX_VALUE)
		size = MAX_VALUE;
	memcpy(parser->value, value, size);
	parser->value[size] = '\0';

	if (problem)
		return fail(parser, problem);
	if (parser->key->of_guest && parser->config->guest_count == 0)
		return fail_line(
			parser, parser->line,
			"this key belongs to a guest, and there is no 'guest = ' above it");
	if (!parser->key->repeatable &&
	    parser->seen[index] >
		    (parser->key->of_guest || parser->key->of_both ? parser->guest_line : 0)) {
		char text_of_problem[48];

		format(text_of_problem, sizeof(text_of_problem), "given before, on line %u",
		       parser->seen[index]);
		return fail(parser, text_of_problem);
	}
	if (size == 0 && !parser->key->may_be_empty)
		return fail(parser, "there is no value");
	error = parser->key->set(parser, parser->value);
	if (error)
		return error;
	/* Of several, the first: that is where a wrong mode begins to show. */
	if (!parser->key->repeatable || parser->seen[index] == 0)
		parser->seen[index] = parser->line;
	return 0;
}

/* Refuses bytes that no text file has. *length is without a CR at the line's end. */
static int check_line(struct parser *parser, const char *text, size_t *length)
{
	if (*length && text[*length - 1] == '\r')
		(*length)--;
	for (size_t i = 0; i < *length; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < ' ' && c != '\t') || c == 0x7f) {
			parser->error->line = parser->line;
			format(parser->error->text, sizeof(parser->error->text),
			       "byte 0x%x is a control character; this is a file of plain text, "
			       "ASCII or UTF-8",
			       (unsigned)c);
			return -SILL_EINVAL;
		}
	}
	return 0;
}

/*
 * Silence must be longer than several of the longest frames take (link/link.h): four of 4200 bytes,
 * 10 bits each. Up to 3361 s, at 50 baud.
 */
#define FOUR_FRAMES_BITS (4u * 4200u * 10u)

static int end_link_timeout(struct parser *parser)
{
	struct sill_channel_settings *channels = &parser->config->channels;
	unsigned int line = parser->seen[index_of("link_timeout")];
	uint32_t least = FOUR_FRAMES_BITS / channels->link_baud + 1;

	if (channels->link_timeout_ms >= least * 1000)
		return 0;
	if (line == 0) {
		channels->link_timeout_ms = least * 1000;
		return 0;
	}
	parser->error->line = line;
	format(parser->error->text, sizeof(parser->error->text),
	       "link_timeout = %u: four of the link's frames take longer at %u baud; at least %u "
	       "seconds, or a higher baud",
	       channels->link_timeout_ms / 1000, channels->link_baud, least);
	return -SILL_EINVAL;
}

/*
 * What can only be judged when all of the file is known: whether each key belongs to the mode,
 * which may stand anywhere, and whether the mode has what it needs.
 */
static int end_file(struct parser *parser)
{
	struct sill_config *config = parser->config;
	const bool underlay = config->mode == SILL_MODE_UNDERLAY;
	const size_t guest = index_of("guest");
	unsigned line = 0;
	char problem[120];

	for (size_t i = 0; i < KEY_COUNT; i++) {
		bool foreign = underlay ? i == guest : keys[i].of_underlay;

		if (!foreign || parser->seen[i] == 0 || (line != 0 && parser->seen[i] > line))
			continue;
		line = parser->seen[i];
		format(problem, sizeof(problem),
		       "%s belongs to mode = %s, and this file has mode = %s", keys[i].name,
		       underlay ? "guest" : "underlay", underlay ? "underlay" : "guest");
	}
	if (line != 0)
		return fail_line(parser, line, problem);
	if (!underlay && config->guest_count == 0)
		return fail_line(parser, 0,
				 "there is no guest; add a line: guest = \\path\\of\\image.elf");
	if (underlay && parser->seen[index_of("next")] == 0)
		return fail_line(parser, 0,
				 "what shall be started on top of Sill? add a line: "
				 "next = \\path\\of\\program.efi, or next = firmware");
	if (underlay && parser->seen[index_of("doors")] == 0)
		config->underlay.doors = SILL_DOORS_UNDERLAY;
	/* The loader looks for Sill and takes it away by them. */
	if (underlay && (config->underlay.doors & SILL_DOORS_UNDERLAY) != SILL_DOORS_UNDERLAY)
		return fail_line(parser, parser->seen[index_of("doors")],
				 "in underlay mode vmcall and cpuid have to be among the doors: "
				 "Sill's own loader uses them");
	/* One rate for both: on a machine with one port they share it. */
	config->channels.link_baud = config->serial.baud;
	if (end_link_timeout(parser) != 0)
		return -SILL_EINVAL;
	/* The serial port belongs to who runs on top, unless one is named. */
	if (underlay && parser->seen[index_of("console")] == 0)
		config->serial.port = 0;
	return end_guest(parser);
}

int config_parse(const void *data, size_t length, struct sill_config *config,
		 struct config_error *error)
{
	struct parser parser = {.config = config, .error = error};
	const char *text = data;
	int result;

	memset(config, 0, sizeof(*config));
	memset(error, 0, sizeof(*error));
	config->serial.port = 0x3f8;
	config->serial.baud = MAX_BAUD;
	config->log_level = SILL_LOG_INFO;
	config->finish = SILL_FINISH_AUTO;
	config->underlay.cpu_without_ept = UINT32_MAX;
	config->underlay.doors = SILL_DOORS_ALL;
	config->channels.count = 4;
	config->channels.buffer = 64u << 10;
	config->channels.link_share = 20;
	config->channels.link_timeout_ms = 10 * 1000;

	if (length > CONFIG_MAX_FILE) {
		(void)fail_line(&parser, 0, "the file is larger than 64 KiB");
		return -SILL_E2BIG;
	}
	if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return fail_line(&parser, 1, "the file is UTF-16; save it as ASCII or UTF-8");
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		length -= 3;
	}
	while (length) {
		size_t line_length = 0, next;

		parser.line++;
		while (line_length < length && text[line_length] != '\n')
			line_length++;
		next = line_length < length ? line_length + 1 : length;
		result = check_line(&parser, text, &line_length);
		if (!result)
			result = parse_line(&parser, text, line_length);
		if (result)
			return result;
		text += next;
		length -= next;
	}
	return end_file(&parser);
}
