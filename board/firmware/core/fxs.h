/* One FXS socket: battery, ringing generator, polarity, and what the loop says. */
#ifndef FXS_H
#define FXS_H

#include "loop.h"
#include "protocol.h"

/* What the line chip is to do with the line. */
struct line_drive {
    bool battery;
    bool ringing;
    bool reversed;
    /* The crest of ringing voltage, standing still: it lights a neon lamp and moves no bell. */
    bool lamp;
};

struct fxs {
    struct loop loop;
    uint16_t cadence[LINK_MAX_CADENCE];
    unsigned steps;
    uint32_t period_ms;
    uint32_t ring_for_ms;
    /* The lamp that says that messages wait: lit and dark in turn, dark only where `lamp_on_ms` is 0. */
    uint16_t lamp_on_ms;
    uint16_t lamp_off_ms;
    uint32_t lamp_for_ms;
    uint32_t interrupted_for_ms;
    uint32_t settling_for_ms;
    /* FAULT_…: as told, and as the line chip says and since when. */
    uint8_t fault;
    uint8_t fault_seen;
    uint32_t fault_for_ms;
    bool reversed;
};

void fxs_init(struct fxs *port);
void fxs_configure(struct fxs *port, const struct loop_timing *timing);
/* Rings in ms of ringing, silence, ringing, …; does nothing on a lifted handset, a ringing line or an empty cadence. */
void fxs_ring(struct fxs *port, const uint16_t *cadence, unsigned steps);
void fxs_stop_ring(struct fxs *port);
/* Blinks the lamp while the handset is down and the line is not rung. */
void fxs_lamp(struct fxs *port, uint16_t on_ms, uint16_t off_ms);
/* Interrupts the loop current once. */
void fxs_interrupt(struct fxs *port, uint16_t ms);
bool fxs_is_rung(const struct fxs *port);
struct line_drive fxs_drive(const struct fxs *port);
/* One millisecond; `closed` is what the phone does with the loop, `fault` what the line chip finds wrong, FAULT_…. */
struct line_event fxs_step(struct fxs *port, bool closed, uint8_t fault);

#endif
