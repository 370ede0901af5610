/* Tells a lifted handset, a flash, dial pulses and a hang-up apart by how long a loop is open and closed. */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* All ms; OP_CONFIGURE carries them in this order. */
struct loop_timing {
    uint16_t debounce_ms;
    uint16_t ring_trip_ms;
    uint16_t flash_min_ms;
    uint16_t flash_max_ms;
    uint16_t hangup_ms;
    uint16_t pulse_break_min_ms;
    uint16_t pulse_break_max_ms;
    uint16_t pulse_digit_end_ms;
};

/* Wide enough for every country, until the host has configured the line. */
extern const struct loop_timing LOOP_UNCONFIGURED;

/* `event` is EVT_…, 0 for none. */
struct line_event {
    uint8_t event;
    uint16_t value;
};

struct loop {
    struct loop_timing timing;
    bool off_hook;
    bool closed;
    bool raw;
    uint32_t raw_for_ms;
    /* How long the debounced loop has been as it is. */
    uint32_t for_ms;
    uint32_t since_pulse_ms;
    uint16_t breaks;
};

/* One millisecond with the loop closed or open. `ringing`: the line is being rung, its pauses included. */
struct line_event loop_step(struct loop *loop, bool closed, bool ringing);

#endif
