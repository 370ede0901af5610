#include "fxs.h"

/* After an interruption the loop needs this long until its current says again what the phone does. */
#define LOOP_SETTLE_MS 50u
/* A fault must stand, or be gone, for so long: ringing and a lifted handset disturb the line for less. */
#define FAULT_MS 200u

void fxs_init(struct fxs *port) {
    *port = (struct fxs){.loop = {.timing = LOOP_UNCONFIGURED}};
}

void fxs_configure(struct fxs *port, const struct loop_timing *timing) {
    port->loop.timing = *timing;
}

void fxs_ring(struct fxs *port, const uint16_t *cadence, unsigned steps) {
    uint32_t period_ms = 0;
    for (unsigned i = 0; i < steps; i++) period_ms += cadence[i];
    if (port->loop.off_hook || fxs_is_rung(port) || period_ms == 0) return;
    for (unsigned i = 0; i < steps; i++) port->cadence[i] = cadence[i];
    port->steps = steps;
    port->period_ms = period_ms;
    port->ring_for_ms = 0;
}

void fxs_stop_ring(struct fxs *port) {
    port->period_ms = 0;
}

void fxs_lamp(struct fxs *port, uint16_t on_ms, uint16_t off_ms) {
    if (on_ms == port->lamp_on_ms && off_ms == port->lamp_off_ms) return;
    port->lamp_on_ms = on_ms;
    port->lamp_off_ms = off_ms;
    port->lamp_for_ms = 0;
}

void fxs_interrupt(struct fxs *port, uint16_t ms) {
    port->interrupted_for_ms = ms;
}

bool fxs_is_rung(const struct fxs *port) {
    return port->period_ms > 0;
}

static bool ring_voltage(const struct fxs *port) {
    if (!fxs_is_rung(port)) return false;
    uint32_t at = port->ring_for_ms;
    for (unsigned i = 0; i < port->steps; i++) {
        if (at < port->cadence[i]) return i % 2 == 0;
        at -= port->cadence[i];
    }
    return false;
}

/* A line chip that is too hot rests until it has cooled. */
static bool is_fed(const struct fxs *port) {
    return port->interrupted_for_ms == 0 && port->fault != FAULT_OVER_TEMPERATURE;
}

static bool lamp_blinks(const struct fxs *port) {
    return port->lamp_on_ms > 0 && !port->loop.off_hook && !fxs_is_rung(port);
}

struct line_drive fxs_drive(const struct fxs *port) {
    bool lamp = lamp_blinks(port) && is_fed(port) && port->lamp_for_ms < port->lamp_on_ms;
    return (struct line_drive){is_fed(port), ring_voltage(port), port->reversed, lamp};
}

static bool follow_fault(struct fxs *port, uint8_t fault) {
    if (fault != port->fault_seen) port->fault_for_ms = 0;
    port->fault_seen = fault;
    if (fault == port->fault || ++port->fault_for_ms < FAULT_MS) return false;
    if (port->fault == FAULT_OVER_TEMPERATURE) port->settling_for_ms = LOOP_SETTLE_MS;
    port->fault = fault;
    return true;
}

struct line_event fxs_step(struct fxs *port, bool closed, uint8_t fault) {
    const struct line_event nothing = {0, 0};
    if (follow_fault(port, fault)) return (struct line_event){EVT_FAULT, port->fault};
    /* No current flows through a chip that rests: that is no hang-up. */
    if (port->fault == FAULT_OVER_TEMPERATURE) return nothing;
    if (port->interrupted_for_ms > 0) {
        /* No current flows, whatever the phone does: that is no hang-up. */
        if (--port->interrupted_for_ms == 0) port->settling_for_ms = LOOP_SETTLE_MS;
        return nothing;
    }
    if (port->settling_for_ms > 0) {
        port->settling_for_ms--;
        return nothing;
    }
    /* The edges of the lamp's voltage charge a bell's capacitor, which looks like a lifted handset for longer than contacts bounce. */
    struct line_event event = loop_step(&port->loop, closed, fxs_is_rung(port) || lamp_blinks(port));
    if (lamp_blinks(port) && ++port->lamp_for_ms >= (uint32_t)port->lamp_on_ms + port->lamp_off_ms) port->lamp_for_ms = 0;
    if (fxs_is_rung(port) && ++port->ring_for_ms == port->period_ms) port->ring_for_ms = 0;
    if (event.event == EVT_HOOK && event.value == 1) fxs_stop_ring(port);
    return event;
}
