#include "frame.h"

static uint16_t crc_step(uint16_t crc, uint8_t byte) {
    /* A nibble at a time: a table of 16 entries costs the flash nothing and the UART outruns no core with it. */
    static const uint16_t table[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
                                       0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
    crc = (uint16_t)((crc << 4) ^ table[(crc >> 12) ^ (byte >> 4)]);
    return (uint16_t)((crc << 4) ^ table[(crc >> 12) ^ (byte & 15)]);
}

uint16_t frame_crc(const uint8_t *bytes, unsigned count) {
    uint16_t crc = 0xffff;
    while (count-- > 0) crc = crc_step(crc, *bytes++);
    return crc;
}

/* Removes the stuffing in place: the plain frame is never longer. Its length, 0 when the runs do not add up. */
static unsigned unstuff(uint8_t *bytes, unsigned length) {
    unsigned end = 0;
    unsigned at = 0;
    while (at < length) {
        unsigned run = bytes[at];
        if (at + run > length) return 0;
        for (unsigned i = 1; i < run; i++) bytes[end++] = bytes[at + i];
        at += run;
        if (run < 0xff && at < length) bytes[end++] = 0;
    }
    return end;
}

static bool finish(struct frame_decoder *decoder, struct frame *frame) {
    unsigned length = decoder->length;
    bool overlong = decoder->overlong;
    decoder->length = 0;
    decoder->overlong = false;
    if (length == 0) return false;
    unsigned end = overlong ? 0 : unstuff(decoder->stuffed, length);
    if (end < FRAME_HEADER + FRAME_CRC || end > LINK_MAX_FRAME) {
        decoder->bad++;
        return false;
    }
    const uint8_t *plain = decoder->stuffed;
    uint16_t crc = (uint16_t)(plain[end - 2] | (plain[end - 1] << 8));
    if (frame_crc(plain, end - FRAME_CRC) != crc) {
        decoder->bad++;
        return false;
    }
    decoder->good++;
    *frame = (struct frame){plain[0], plain[1], plain + FRAME_HEADER, end - FRAME_HEADER - FRAME_CRC};
    return true;
}

bool frame_receive(struct frame_decoder *decoder, uint8_t byte, struct frame *frame) {
    if (byte == 0) return finish(decoder, frame);
    if (decoder->length < sizeof decoder->stuffed) decoder->stuffed[decoder->length++] = byte;
    else decoder->overlong = true;
    return false;
}

/* Where the stuffed bytes go, and the run that is open. */
struct stuffing {
    uint8_t *wire;
    unsigned at;
    unsigned run_at;
};

static void stuff(struct stuffing *to, uint8_t byte) {
    if (byte != 0) to->wire[to->at++] = byte;
    if (byte == 0 || to->at - to->run_at == 0xff) {
        to->wire[to->run_at] = (uint8_t)(to->at - to->run_at);
        to->run_at = to->at++;
    }
}

unsigned frame_encode(uint8_t *wire, uint8_t code, uint8_t sequence, const uint8_t *payload, unsigned size) {
    struct stuffing to = {wire, 2, 1};
    uint16_t crc = crc_step(crc_step(0xffff, code), sequence);
    wire[0] = 0;
    stuff(&to, code);
    stuff(&to, sequence);
    for (unsigned i = 0; i < size; i++) {
        crc = crc_step(crc, payload[i]);
        stuff(&to, payload[i]);
    }
    stuff(&to, (uint8_t)crc);
    stuff(&to, (uint8_t)(crc >> 8));
    wire[to.run_at] = (uint8_t)(to.at - to.run_at);
    wire[to.at++] = 0;
    return to.at;
}
