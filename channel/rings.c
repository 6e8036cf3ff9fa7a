/* SPDX-License-Identifier: MIT */
/*
 * Rings: a channel's bytes in memory that the guest shares with Sill. The guest may write there
 * whatever it likes at any moment, on another CPU too. So each of its indices is read once, into
 * Sill's own memory, and judged there (channel/check.h); Sill's own indices are never read back;
 * and what lies between them is copied once.
 */
#include <sill/errno.h>

#include "channel/channel.h"
#include "core/cpu.h"
#include "core/memory.h"
#include "core/string.h"
#include "core/time.h"
#include "core/window.h"
#include "ept/ept.h"
#include "vmx/event.h"
#include "vmx/guest_memory.h"
#include "vmx/timer.h"

_Static_assert(sizeof(struct sill_channel_control) == 4 * 64, "one writer a cache line");

/* While something moves, Sill looks by itself so often, and so many times in vain. */
#define BUSY_US	   500u
#define BUSY_LOOKS 4u

static int find_page(struct vcpu *vcpu, uint64_t gpa, uint64_t *hpa)
{
	uint64_t bytes;

	return guest_find_physical(vcpu, gpa, EPT_READ | EPT_WRITE, hpa, &bytes);
}

static uint64_t read_words(void *context, void *page)
{
	const volatile struct sill_channel_control *control = page;
	struct ring_words *words = context;

	/* The end before the head: it is of no use without all that came before it. */
	words->ended = control->ended;
	words->to_sill_head = control->to_sill_head;
	words->to_guest_tail = control->to_guest_tail;
	words->wake = control->wake;
	return 0;
}

struct news {
	uint32_t to_sill_tail, to_guest_head, state;
	int32_t error;
};

static uint64_t write_news(void *context, void *page)
{
	volatile struct sill_channel_control *control = page;
	const struct news *news = context;

	control->error = news->error;
	control->state = news->state;
	__atomic_store_n(&control->to_sill_tail, news->to_sill_tail, __ATOMIC_RELEASE);
	__atomic_store_n(&control->to_guest_head, news->to_guest_head, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return 0;
}

static uint64_t write_asleep(void *context, void *page)
{
	volatile struct sill_channel_control *control = page;

	control->asleep = *(const uint32_t *)context;
	/* Before the indices are looked at once more: the guest does it the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return 0;
}

/*
 * Where position `at` of a ring is. *bytes becomes what can be moved there at once: no more than it
 * was, than `most`, or than there are to the end of the page.
 */
static int find_bytes(struct vcpu *vcpu, const struct ring_state *state, const uint64_t *pages,
		      uint32_t at, uint32_t most, uint64_t *hpa, uint32_t *bytes)
{
	uint32_t offset = at & (state->size - 1);

	if (find_page(vcpu, pages[offset / PAGE_SIZE], hpa) != 0)
		return -SILL_EFAULT;
	*hpa += offset % PAGE_SIZE;
	if (*bytes > most)
		*bytes = most;
	if (*bytes > PAGE_SIZE - offset % PAGE_SIZE)
		*bytes = PAGE_SIZE - offset % PAGE_SIZE;
	return 0;
}

/* From the ring into the queue; answers how many bytes, or -SILL_EFAULT. */
static int64_t take(struct vcpu *vcpu, struct channel *channel, uint32_t most)
{
	struct channel_ring_pair *rings = &channel->rings;
	struct queue *out = &channel->stream->out;
	uint32_t done = 0;

	while (done < most && queue_room(out) > 0) {
		uint32_t bytes;
		uint8_t *to = queue_space(out, &bytes);
		uint64_t hpa;

		if (find_bytes(vcpu, &rings->state, rings->to_sill, rings->state.to_sill_tail,
			       most - done, &hpa, &bytes) != 0)
			return -SILL_EFAULT;
		physical_read(hpa, to, bytes);
		queue_filled(out, bytes);
		rings->state.to_sill_tail += bytes;
		done += bytes;
	}
	channel_was_written(channel, done);
	return done;
}

/* From the queue into the ring. */
static int64_t give(struct vcpu *vcpu, struct channel *channel, uint32_t most)
{
	struct channel_ring_pair *rings = &channel->rings;
	struct queue *in = &channel->stream->in;
	uint32_t done = 0;

	while (done < most && queue_used(in) > 0) {
		uint32_t bytes;
		const uint8_t *from = queue_bytes(in, &bytes);
		uint64_t hpa;

		if (find_bytes(vcpu, &rings->state, rings->to_guest, rings->state.to_guest_head,
			       most - done, &hpa, &bytes) != 0)
			return -SILL_EFAULT;
		physical_write(hpa, from, bytes);
		queue_taken(in, bytes);
		rings->state.to_guest_head += bytes;
		done += bytes;
	}
	channel_was_read(channel, done);
	return done;
}

/* Until nothing moves any more: the queue may have been nearly full. */
static int64_t move(struct vcpu *vcpu, struct channel *channel, const struct ring_words *words,
		    bool asked)
{
	struct ring_state *state = &channel->rings.state;
	uint32_t to_take, to_give;
	int64_t moved = 0, taken, given;
	int error = channel_ring_look(state, words, &to_take, &to_give);

	if (error != 0)
		return error;
	/* The direction was ended by a call: nothing may follow. */
	if (channel->write_ended && !state->ended && to_take > 0)
		return -SILL_EPROTO;
	do {
		taken = take(vcpu, channel, to_take);
		if (taken < 0)
			return taken;
		to_take -= (uint32_t)taken;
		if (words->ended != 0 && to_take == 0 && !state->ended) {
			state->ended = true;
			channel_end_writing(channel, false, 0);
		}
		/* Unasked, the line has its share of the time, and has just had it. */
		if (asked || channel->service != NULL)
			channel_work(channel);
		given = give(vcpu, channel, to_give);
		if (given < 0)
			return given;
		to_give -= (uint32_t)given;
		moved += taken + given;
	} while (taken > 0 && to_take > 0);
	if (state->to_guest_tail == state->to_guest_head)
		channel_took_all(channel);
	return moved;
}

/* False: it is another CPU's. The next look there does it. */
static bool wake(struct vcpu *vcpu, const struct channel_ring_pair *rings)
{
	return rings->vector == 0 ||
	       (vcpu == rings->vcpu && event_add_interrupt(vcpu, rings->vector));
}

/* asked: the guest called. Answers how many bytes were moved, or the channel's error. */
static int64_t work(struct vcpu *vcpu, struct channel *channel, bool asked)
{
	struct channel_ring_pair *rings = &channel->rings;
	struct ring_words words;
	struct news news;
	uint64_t control;
	int64_t moved;

	/* Of memory that is no RAM any more nothing can be told to the guest, either. */
	if (find_page(vcpu, rings->control, &control) != 0) {
		channel->error = -SILL_EFAULT;
		return -SILL_EFAULT;
	}
	(void)physical_visit(control, read_words, &words);
	moved = channel->error;
	if (moved == 0) {
		moved = move(vcpu, channel, &words, asked);
		if (moved < 0)
			channel->error = (int32_t)moved;
	}
	news = (struct news){
		.to_sill_tail = rings->state.to_sill_tail,
		.to_guest_head = rings->state.to_guest_head,
		.state = channel_state(channel) & (SILL_CHANNEL_CONNECTED | SILL_CHANNEL_ENDED |
						   SILL_CHANNEL_DELIVERED | SILL_CHANNEL_BROKEN),
		.error = channel_error(channel),
	};
	(void)physical_visit(control, write_news, &news);
	rings->news |= moved > 0 || news.state != rings->told_state;
	/* Only now: a guest that goes to sleep says so before it looks at the indices once more. */
	(void)physical_visit(control, read_words, &words);
	if (rings->news && words.wake != 0 && wake(vcpu, rings))
		rings->news = false;
	rings->told_state = news.state;
	return news.error != 0 ? news.error : moved;
}

static void set_asleep(struct vcpu *vcpu, struct channel_ring_pair *rings, uint32_t asleep)
{
	uint64_t control;

	if (rings->asleep == asleep || find_page(vcpu, rings->control, &control) != 0)
		return;
	(void)physical_visit(control, write_asleep, &asleep);
	rings->asleep = asleep;
}

void rings_close(struct vcpu *vcpu, const struct channel *channel)
{
	const struct channel_ring_pair *rings = &channel->rings;
	struct news news = {
		.to_sill_tail = rings->state.to_sill_tail,
		.to_guest_head = rings->state.to_guest_head,
		.state = SILL_CHANNEL_BROKEN,
		.error = channel_error(channel) != 0 ? channel_error(channel) : -SILL_ECONNRESET,
	};
	struct ring_words words;
	uint64_t control;

	if (find_page(vcpu, rings->control, &control) != 0)
		return;
	(void)physical_visit(control, write_news, &news);
	(void)physical_visit(control, read_words, &words);
	if (words.wake != 0 && !wake(vcpu, rings))
		event_post_interrupt(rings->vcpu, rings->vector);
}

int64_t rings_kick(struct vcpu *vcpu, struct channel *channel)
{
	int64_t moved = work(vcpu, channel, true);

	channel->rings.idle = 0;
	/* Whose timer would look: without one the guest has to call each time. */
	if (moved > 0 && vcpu == channel->rings.vcpu && timer_present(vcpu))
		set_asleep(vcpu, &channel->rings, 0);
	return moved;
}

bool rings_look(struct vcpu *vcpu, struct channel *channel)
{
	struct channel_ring_pair *rings = &channel->rings;

	if (work(vcpu, channel, false) > 0) {
		rings->idle = 0;
		return true;
	}
	rings->idle++;
	if (rings->idle < BUSY_LOOKS || rings->asleep != 0)
		return false;
	set_asleep(vcpu, rings, 1);
	if (work(vcpu, channel, false) <= 0)
		return false;
	rings->idle = 0;
	set_asleep(vcpu, rings, 0);
	return true;
}

uint64_t rings_next(const struct channel *channel)
{
	const struct channel_ring_pair *rings = &channel->rings;
	uint64_t us = rings->asleep != 0 ? RINGS_IDLE_MS * 1000 : BUSY_US;

	return rdtsc() + time_tsc_hz() / 1000000 * us;
}

/* All pages are there, and indices and flags begin with 0. */
static int look_at_pages(struct vcpu *vcpu, const struct sill_channel_rings *rings)
{
	struct ring_words words;
	uint64_t hpa;

	for (uint32_t i = 0; i < rings->pages; i++) {
		if (find_page(vcpu, rings->to_sill[i], &hpa) != 0 ||
		    find_page(vcpu, rings->to_guest[i], &hpa) != 0)
			return -SILL_EFAULT;
	}
	if (find_page(vcpu, rings->control, &hpa) != 0)
		return -SILL_EFAULT;
	(void)physical_visit(hpa, read_words, &words);
	return words.to_sill_head == 0 && words.to_guest_tail == 0 && words.ended == 0
		       ? 0
		       : -SILL_EINVAL;
}

int64_t rings_name(struct vcpu *vcpu, struct channel *channel,
		   const struct sill_channel_rings *rings)
{
	int64_t error;

	/* sill.conf says how much of the guest's may be on its way in a channel. */
	if (rings->pages * PAGE_SIZE > channel->stream->out.size)
		return -SILL_EINVAL;
	error = look_at_pages(vcpu, rings);
	if (error == 0)
		error = channel_error(channel);
	if (error != 0)
		return error;
	if (channel->rings.vcpu != NULL || channel->written != 0 || channel->read != 0)
		return -SILL_EBUSY;
	channel->rings = (struct channel_ring_pair){
		.vcpu = vcpu,
		.vector = rings->vector,
		.state.size = rings->pages * PAGE_SIZE,
		.control = rings->control,
	};
	memcpy(channel->rings.to_sill, rings->to_sill, sizeof(rings->to_sill));
	memcpy(channel->rings.to_guest, rings->to_guest, sizeof(rings->to_guest));
	set_asleep(vcpu, &channel->rings, 1);
	error = work(vcpu, channel, true);
	if (error >= 0)
		return 0;
	/* Who is told that they were not taken may use the memory for something else. */
	channel->rings = (struct channel_ring_pair){0};
	return error;
}
