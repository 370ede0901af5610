/* A board made of variables: what the core did to it, and what it is to see. */
#ifndef BOARD_H
#define BOARD_H

#include "audio.h"
#include "hal.h"

#define UART_BYTES 4096u

struct board {
    uint32_t sample_clock;
    struct audio_rings rings;
    /* Closed loops; of a town line, tips that are negative. */
    uint8_t loops;
    /* Town lines with voltage, a bit each, and in the high four bits those with the voltage of rest; of others FAULT_…. */
    uint8_t volts;
    uint16_t keys;
    unsigned row;
    uint8_t drives[HAT_LINES];
    uint8_t leds[HAT_LEDS];
    uint8_t law;
    bool relay;
    bool bypass;
    bool rebooting;
    uint8_t uart[UART_BYTES];
    unsigned uart_length;
};

extern struct board board;

#endif
