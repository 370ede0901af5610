/* Frames of the link: COBS between zero delimiters, CRC-16/CCITT-FALSE. See firmware-bridge/PROTOCOL.md. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

#define FRAME_HEADER 2u
#define FRAME_CRC 2u
#define FRAME_MAX_PAYLOAD (LINK_MAX_FRAME - FRAME_HEADER - FRAME_CRC)
/* With its stuffing and both delimiters. */
#define FRAME_MAX_WIRE (LINK_MAX_FRAME + LINK_MAX_FRAME / 254u + 4u)

struct frame {
    uint8_t code;
    uint8_t sequence;
    const uint8_t *payload;
    unsigned size;
};

struct frame_decoder {
    uint8_t stuffed[FRAME_MAX_WIRE];
    unsigned length;
    bool overlong;
    uint32_t good;
    uint32_t bad;
};

uint16_t frame_crc(const uint8_t *bytes, unsigned count);

/* Takes one byte of the wire; true when it ends a good frame, which lies in the decoder until the next byte. */
bool frame_receive(struct frame_decoder *decoder, uint8_t byte, struct frame *frame);

/* Writes a frame as it goes over the wire, FRAME_MAX_WIRE bytes at most; its length. `size` ≤ FRAME_MAX_PAYLOAD. */
unsigned frame_encode(uint8_t *wire, uint8_t code, uint8_t sequence, const uint8_t *payload, unsigned size);

#endif
