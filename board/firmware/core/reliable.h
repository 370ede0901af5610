/* Events that arrive once and in order: numbered, acked, repeated (go-back-n). */
#ifndef RELIABLE_H
#define RELIABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

#define RELIABLE_QUEUE 64u
#define RELIABLE_MAX_PAYLOAD 8u

struct reliable_entry {
    uint8_t code;
    uint8_t size;
    uint8_t payload[RELIABLE_MAX_PAYLOAD];
};

struct reliable {
    struct reliable_entry queue[RELIABLE_QUEUE];
    unsigned head;
    unsigned count;
    /* Of the first `count`, those that were sent. */
    unsigned in_flight;
    /* Sequence number of the entry at `head`, and the one expected from the host. */
    uint8_t base;
    uint8_t expected;
    uint16_t wait_ms;
    uint16_t waited_ms;
    uint8_t repeats;
    uint32_t repeated;
};

/* Sends one entry of the queue. */
typedef void reliable_sender(void *context, const struct reliable_entry *entry, uint8_t sequence);

void reliable_reset(struct reliable *link);
/* False when the queue is full. */
bool reliable_push(struct reliable *link, uint8_t code, const uint8_t *payload, unsigned size);
/* The host expects `next`: everything before it has arrived. */
void reliable_acked(struct reliable *link, uint8_t next);
/* Whether a frame with this number is the next one. */
bool reliable_accept(struct reliable *link, uint8_t sequence);
/* Sends what may be sent. */
void reliable_flush(struct reliable *link, reliable_sender *send, void *context);
/* One millisecond; false when the host has not acked for too long. */
bool reliable_step(struct reliable *link, reliable_sender *send, void *context);

#endif
