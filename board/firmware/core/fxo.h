/* One FXO socket, the end of a town line: the exchange is at its other end, and we are its telephone. */
#ifndef FXO_H
#define FXO_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

/* What the wires of the line say in a millisecond. */
struct town_wires {
    /* The tip is negative against the ring: lasting, the polarity is reversed; turning, the exchange rings. */
    bool reversed;
    /* More than 3 V. */
    bool live;
    /* More than 20 V: no telephone on the line is lifted. */
    bool full;
};

struct fxo {
    /* What the host wants of the loop; a recall opens it for a while. */
    bool closed;
    uint32_t recall_for_ms;
    bool sign;
    uint32_t sign_for_ms;
    unsigned half_waves;
    uint32_t dead_for_ms;
    uint8_t level;
    uint32_t level_for_ms;
    /* What has been told. */
    bool ringing;
    bool reversed;
    uint8_t volts;
};

/* Of a line at rest. */
#define FXO_VOLTS 48u

void fxo_init(struct fxo *line);
void fxo_loop(struct fxo *line, bool closed);
/* Opens a closed loop for so long. */
void fxo_recall(struct fxo *line, uint16_t ms);
/* Whether the loop is to be closed in this millisecond. */
bool fxo_drive(const struct fxo *line);
/* One millisecond. */
struct line_event fxo_step(struct fxo *line, struct town_wires wires);

#endif
