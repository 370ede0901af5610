#include "loop.h"

#include "protocol.h"

/* Contacts bounce for this long at most; a change is believed when it has lasted. */
#define BOUNCE_MS 5u

const struct loop_timing LOOP_UNCONFIGURED = {30, 100, 300, 1000, 1150, 30, 100, 200};

static const struct line_event NOTHING = {0, 0};

/* Ms counters stand still rather than wrap: a handset may be off the hook for months. */
static void count_ms(uint32_t *ms) {
    if (*ms != UINT32_MAX) ++*ms;
}

static struct line_event classify_break(struct loop *loop, uint32_t ms) {
    const struct loop_timing *timing = &loop->timing;
    if (ms >= timing->pulse_break_min_ms && ms <= timing->pulse_break_max_ms) {
        if (loop->breaks != UINT16_MAX) loop->breaks++;
        loop->since_pulse_ms = 0;
        return NOTHING;
    }
    if (ms < timing->flash_min_ms || ms > timing->flash_max_ms) return NOTHING;
    /* What was dialled before a flash is given up with it. */
    loop->breaks = 0;
    return (struct line_event){EVT_FLASH, (uint16_t)ms};
}

static struct line_event watch_on_hook(struct loop *loop, bool ringing) {
    uint32_t needed = ringing ? loop->timing.ring_trip_ms : loop->timing.debounce_ms;
    if (!loop->closed || loop->for_ms < needed) return NOTHING;
    loop->off_hook = true;
    loop->breaks = 0;
    return (struct line_event){EVT_HOOK, 1};
}

static struct line_event watch_off_hook(struct loop *loop) {
    if (!loop->closed && loop->for_ms >= loop->timing.hangup_ms) {
        loop->off_hook = false;
        loop->breaks = 0;
        return (struct line_event){EVT_HOOK, 0};
    }
    if (loop->closed && loop->breaks > 0 && loop->since_pulse_ms >= loop->timing.pulse_digit_end_ms) {
        uint16_t breaks = loop->breaks;
        loop->breaks = 0;
        return (struct line_event){EVT_PULSES, breaks};
    }
    return NOTHING;
}

struct line_event loop_step(struct loop *loop, bool closed, bool ringing) {
    if (closed != loop->raw) loop->raw_for_ms = 0;
    loop->raw = closed;
    count_ms(&loop->raw_for_ms);
    if (loop->raw_for_ms >= BOUNCE_MS && loop->closed != loop->raw) {
        uint32_t lasted_ms = loop->for_ms + 1u - BOUNCE_MS;
        loop->closed = loop->raw;
        loop->for_ms = BOUNCE_MS;
        if (loop->closed && loop->off_hook) return classify_break(loop, lasted_ms);
    } else {
        count_ms(&loop->for_ms);
    }
    count_ms(&loop->since_pulse_ms);
    return loop->off_hook ? watch_off_hook(loop) : watch_on_hook(loop, ringing);
}
