#include "reliable.h"

#include "bytes.h"

void reliable_reset(struct reliable *link) {
    uint32_t repeated = link->repeated;
    *link = (struct reliable){.wait_ms = LINK_REPEAT_MS, .repeated = repeated};
}

bool reliable_push(struct reliable *link, uint8_t code, const uint8_t *payload, unsigned size) {
    if (link->count == RELIABLE_QUEUE) return false;
    struct reliable_entry *entry = &link->queue[(link->head + link->count) % RELIABLE_QUEUE];
    entry->code = code;
    entry->size = (uint8_t)size;
    copy_bytes(entry->payload, payload, size);
    link->count++;
    return true;
}

void reliable_acked(struct reliable *link, uint8_t next) {
    unsigned arrived = (uint8_t)(next - link->base);
    if (arrived == 0 || arrived > link->in_flight) return;
    link->head = (link->head + arrived) % RELIABLE_QUEUE;
    link->count -= arrived;
    link->in_flight -= arrived;
    link->base = next;
    link->wait_ms = LINK_REPEAT_MS;
    link->waited_ms = 0;
    link->repeats = 0;
}

bool reliable_accept(struct reliable *link, uint8_t sequence) {
    if (sequence != link->expected) return false;
    link->expected++;
    return true;
}

static void send_entry(struct reliable *link, unsigned index, reliable_sender *send, void *context) {
    send(context, &link->queue[(link->head + index) % RELIABLE_QUEUE], (uint8_t)(link->base + index));
}

void reliable_flush(struct reliable *link, reliable_sender *send, void *context) {
    while (link->in_flight < link->count && link->in_flight < LINK_WINDOW) {
        if (link->in_flight == 0) link->waited_ms = 0;
        send_entry(link, link->in_flight++, send, context);
    }
}

bool reliable_step(struct reliable *link, reliable_sender *send, void *context) {
    if (link->in_flight == 0 || ++link->waited_ms < link->wait_ms) return true;
    if (link->repeats++ == LINK_REPEATS) return false;
    link->waited_ms = 0;
    link->wait_ms = link->wait_ms * 2 > LINK_REPEAT_MAX_MS ? LINK_REPEAT_MAX_MS : (uint16_t)(link->wait_ms * 2);
    for (unsigned i = 0; i < link->in_flight; i++) send_entry(link, i, send, context);
    link->repeated += link->in_flight;
    return true;
}
