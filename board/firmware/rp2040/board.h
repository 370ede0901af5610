/* The board around the RP2040: pins (board/pin-map.md) and what the parts of this HAL offer each other. */
#ifndef BOARD_H
#define BOARD_H

#include "audio.h"
#include "hal.h"
#include "hat.h"

#define PIN_UART_TX 0u
#define PIN_UART_RX 1u
#define PIN_UART_CTS 2u
#define PIN_UART_RTS 3u
#define PIN_KEY_ROWS 4u
#define PIN_KEY_COLUMNS 8u
#define PIN_LEDS 12u
#define PIN_RELAY 13u
#define PIN_BYPASS 14u
#define PIN_LINE_IN 16u
#define PIN_LINE_CLOCK 18u
#define PIN_LINE_OUT 19u
#define PIN_LINE_LATCH 20u
#define PIN_PCM_CLOCK 26u
#define PIN_PCM_SYNC 27u
#define PIN_PCM_OUT 28u
#define PIN_PCM_IN 29u

/* A channel pair that takes turns: each ends where its ring begins, so neither counter ever runs out. */
#define DMA_UART_RX 0u
#define DMA_UART_TX 2u
#define DMA_PCM_OUT 4u
#define DMA_PCM_IN 6u

void pin_function(unsigned pin, unsigned function, uint32_t pad);
void out_of_reset(uint32_t blocks);
/* The interrupt that ends the sleep. */
void tick(void);

void uart_start(void);
/* Bytes that came since the last call, in one piece; 0 when there are none. */
unsigned uart_receive(const uint8_t **bytes);
/* Starts to send what waits. */
void uart_poll(void);

void pcm_start(struct audio_rings *rings);
/* Follows the sample clock; true when a millisecond of it has passed. Call more often than that. */
bool pcm_poll(void);

void lines_start(uint8_t *kinds);
/* Exchanges the state of every line with its circuit. Call once a millisecond. */
void lines_poll(void);

void panel_start(void);
void panel_poll(void);

#endif
