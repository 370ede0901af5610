/*
 * Sound in blocks. Two rings of the PCM highway, which the HAL moves by the sample clock: `captured` is filled and
 * `playout` is played at `clock % AUDIO_RING`, all lines of a sample beside each other.
 */
#ifndef AUDIO_H
#define AUDIO_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

/* Samples; a power of two that holds the blocks ahead, the one that plays and the one that was. */
#define AUDIO_RING 512u
#define AUDIO_LINES_MASK ((1u << HAT_LINES) - 1u)

struct audio_rings {
    uint8_t captured[AUDIO_RING][HAT_LINES];
    uint8_t playout[AUDIO_RING][HAT_LINES];
};

struct audio {
    struct audio_rings *rings;
    /* Lines that carry sound, a bit each, and how it is coded. */
    uint8_t mask;
    uint8_t law;
    /* Sample at which the block that runs began. */
    uint32_t block_start;
    /* Bit n: the block n after the one that runs is answered. */
    uint8_t answered;
    /* Blocks until answers are due. */
    uint8_t warming;
    uint32_t played;
    uint32_t underruns;
    uint32_t late;
};

void audio_init(struct audio *audio, struct audio_rings *rings);
void audio_control(struct audio *audio, uint8_t mask, uint8_t law);
/* The block that runs is over: its PCM_UP payload, written to `payload`; 0 bytes when no line carries sound. */
unsigned audio_end_block(struct audio *audio, uint8_t *payload);
/* The host's answer, a PCM_DN payload; false when its length or its lines are wrong. */
bool audio_answer(struct audio *audio, const uint8_t *payload, unsigned size);

#endif
