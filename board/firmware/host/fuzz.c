/*
 * Throws at the core whatever a wire and a world can: noise, frames with a right CRC and wrong contents, whole sessions,
 * every pattern of loops and keys, a host that falls silent. Built with sanitizers, which judge; besides, every frame
 * that the core sends must be a good one, and its state within bounds.
 *
 * Arguments: seed, frames. Prints what was done; exit 1 on a violation.
 */
#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "bytes.h"
#include "hat.h"

static struct hat hat;
static struct frame_decoder monitor;
static uint64_t random_state;
static uint8_t next_command;
static uint32_t session;

static uint32_t draw(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

static uint32_t below(uint32_t limit) {
    return draw() % limit;
}

static void require(bool holds, const char *what) {
    if (holds) return;
    printf("violated: %s\n", what);
    exit(1);
}

static void give_frame(uint8_t code, uint8_t sequence, const uint8_t *payload, unsigned size) {
    uint8_t wire[FRAME_MAX_WIRE];
    unsigned length = frame_encode(wire, code, sequence, payload, size);
    /* Now and then the wire spoils it. */
    if (below(20) == 0) wire[below(length)] ^= (uint8_t)(1u << below(8));
    unsigned cut = below(30) == 0 ? below(length) : length;
    hat_receive(&hat, wire, cut);
}

static void fill(uint8_t *bytes, unsigned count) {
    for (unsigned i = 0; i < count; i++) bytes[i] = below(3) == 0 ? (uint8_t)below(5) : (uint8_t)draw();
}

static void give_noise(void) {
    uint8_t noise[600];
    unsigned count = below(sizeof noise);
    fill(noise, count);
    hat_receive(&hat, noise, count);
}

static void give_hello_request(void) {
    uint8_t payload[MSG_HELLO_REQ_SIZE] = {(uint8_t)below(3), (uint8_t)below(3)};
    if (below(4) == 0) session = below(3);
    put_u32(payload + MSG_HELLO_REQ_SESSION, session);
    give_frame(MSG_HELLO_REQ, 0, payload, sizeof payload);
    next_command = hat.link.expected;
}

/* A command of the right number, its contents right or nearly so. */
static void give_command(void) {
    uint8_t payload[FRAME_MAX_PAYLOAD];
    fill(payload, sizeof payload);
    static const uint8_t codes[] = {MSG_LED, MSG_LINE_CMD, MSG_PCM_CTL};
    static const uint8_t sizes[] = {MSG_LED_SIZE, MSG_LINE_CMD_SIZE, MSG_PCM_CTL_SIZE};
    unsigned kind = below(3);
    unsigned size = sizes[kind];
    payload[0] = (uint8_t)below(6);
    payload[1] = (uint8_t)below(OP_RECALL + 2);
    if (codes[kind] == MSG_LINE_CMD) {
        static const uint8_t arguments[OP_RECALL + 2] = {
            [OP_CONFIGURE] = OP_CONFIGURE_SIZE, [OP_RING] = OP_RING_SIZE, [OP_RING_STOP] = OP_RING_STOP_SIZE,
            [OP_CPC] = OP_CPC_SIZE,             [OP_POLARITY] = OP_POLARITY_SIZE, [OP_LOOP] = OP_LOOP_SIZE,
            [OP_RECALL] = OP_RECALL_SIZE,       [OP_RECALL + 1] = 1,
        };
        size += arguments[payload[1]];
        uint8_t *ring = payload + MSG_LINE_CMD_SIZE;
        if (payload[1] == OP_RING) {
            ring[OP_RING_STEPS] = (uint8_t)below(LINK_MAX_CADENCE + 2);
            ring[OP_RING_NUMBER_LENGTH] = (uint8_t)below(LINK_MAX_CALLER_TEXT);
            ring[OP_RING_NAME_LENGTH] = (uint8_t)below(LINK_MAX_CALLER_TEXT);
            size += 2u * ring[OP_RING_STEPS] + ring[OP_RING_NUMBER_LENGTH] + ring[OP_RING_NAME_LENGTH];
        }
    }
    if (below(10) == 0) size = below(sizeof payload);
    give_frame(codes[kind], below(10) == 0 ? (uint8_t)draw() : next_command, payload, size);
    next_command = hat.link.expected;
}

static void give_answer(void) {
    uint8_t payload[MSG_PCM_DN_SIZE + HAT_LINES * HAT_BLOCK_SAMPLES + 1];
    fill(payload, sizeof payload);
    uint8_t mask = below(5) == 0 ? (uint8_t)draw() : hat.audio.mask;
    uint32_t media_ts = hat.audio.block_start - HAT_BLOCK_SAMPLES * below(6) + (below(20) == 0 ? draw() : 0);
    put_u32(payload + MSG_PCM_DN_MEDIA_TS, media_ts);
    payload[MSG_PCM_DN_MASK] = mask;
    unsigned lines = 0;
    for (unsigned line = 0; line < 8; line++) lines += mask >> line & 1;
    unsigned size = MSG_PCM_DN_SIZE + (lines > HAT_LINES ? HAT_LINES : lines) * HAT_BLOCK_SAMPLES;
    give_frame(MSG_PCM_DN, 0, payload, below(20) == 0 ? below(sizeof payload) : size);
}

static void give_anything(void) {
    uint8_t payload[FRAME_MAX_PAYLOAD];
    unsigned size = below(below(4) == 0 ? sizeof payload + 1 : 12);
    fill(payload, size);
    if (below(3) == 0 && size > 0) payload[0] = hat.link.base;
    give_frame((uint8_t)below(0x22), (uint8_t)draw(), payload, size);
}

static void pass_time(unsigned ms) {
    for (; ms > 0; ms--) {
        for (unsigned line = 0; line < HAT_LINES; line++) {
            if (below(40) == 0) board.loops ^= (uint8_t)(1u << line);
            if (below(200) == 0) board.volts ^= (uint8_t)(0x11u << line);
            if (below(400) == 0) board.volts ^= (uint8_t)(0x10u << line);
        }
        /* A bell on the town line, now and then. */
        if (board.sample_clock / 8 % 8000 < 1500 && board.sample_clock / 8 % 20 == 0) board.loops ^= 4u;
        if (below(100) == 0) board.keys ^= (uint16_t)(1u << below(HAT_KEYS));
        if (below(2000) == 0) board.bypass = !board.bypass;
        board.sample_clock += 8;
        hat_run(&hat);
    }
}

static void check(void) {
    struct frame frame;
    for (unsigned i = 0; i < board.uart_length; i++) frame_receive(&monitor, board.uart[i], &frame);
    board.uart_length = 0;
    require(monitor.bad == 0, "a frame of the core is broken");
    require(hat.link.count <= RELIABLE_QUEUE && hat.link.in_flight <= LINK_WINDOW && hat.link.in_flight <= hat.link.count,
            "the queue of events is within its bounds");
    require(hat.session != 0 || hat.audio.mask == 0, "no sound without a host");
    for (unsigned line = 0; line < HAT_LINES; line++) {
        const struct fxs *port = &hat.lines[line];
        require(!(port->loop.off_hook && fxs_is_rung(port)), "a lifted handset does not ring");
        require(port->steps <= LINK_MAX_CADENCE && (port->period_ms == 0 || port->ring_for_ms < port->period_ms), "the cadence is within its bounds");
        const struct fxo *town = &hat.town[line];
        require(!(town->closed && town->ringing), "a seized town line does not ring");
        require(town->closed || town->recall_for_ms == 0, "only a closed loop is opened for a recall");
        require(hat.session != 0 || !town->closed, "no town line is held without a host");
    }
}

static void start(void) {
    struct hat_identity identity = {.boot_id = draw(), .kinds = {PORT_FXS, PORT_FXS, PORT_FXO, PORT_FXS}};
    uint32_t clock = board.sample_clock;
    board = (struct board){.sample_clock = clock};
    hat_start(&hat, &identity, &board.rings);
}

int main(int count, char **arguments) {
    random_state = 0x9e3779b97f4a7c15u ^ (count > 1 ? strtoull(arguments[1], NULL, 10) : 1);
    unsigned long frames = count > 2 ? strtoul(arguments[2], NULL, 10) : 100000;
    /* The sample clock wraps in the first second. */
    board.sample_clock = UINT32_MAX - 7999;
    start();
    for (unsigned long i = 0; i < frames; i++) {
        switch (below(12)) {
            case 0:
                give_noise();
                break;
            case 1:
                give_hello_request();
                break;
            case 2:
            case 3:
            case 4:
            case 5:
                give_command();
                break;
            case 6:
            case 7:
            case 8:
                give_answer();
                break;
            default:
                give_anything();
        }
        if (board.rebooting) start();
        pass_time(below(500) == 0 ? 2500 : below(12));
        check();
    }
    printf("%lu frames given, %u sent, %u ms lived\n", frames, (unsigned)monitor.good, (unsigned)hat.uptime_ms);
    return 0;
}
