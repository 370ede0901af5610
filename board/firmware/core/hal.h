/* What the core asks of the board. One HAL per target; nothing here may block. */
#ifndef HAL_H
#define HAL_H

#include <stdbool.h>
#include <stdint.h>

#include "fxo.h"
#include "fxs.h"

/* Samples of the PCM highway since the start, modulo 2^32. The only clock there is. */
uint32_t hal_sample_clock(void);

/* Puts bytes into the UART's send ring; false, and none of them, when there is no room. */
bool hal_uart_send(const uint8_t *bytes, unsigned count);
/* Bytes that the UART lost since the start. */
uint32_t hal_uart_overruns(void);

/* Whether loop current flows. */
bool hal_loop_closed(unsigned line);
/* What its line chip finds wrong with it, FAULT_…. */
uint8_t hal_line_fault(unsigned line);
void hal_line_drive(unsigned line, struct line_drive drive);
/* The same of a town line. */
struct town_wires hal_town_wires(unsigned line);
void hal_town_loop(unsigned line, bool closed);
/* Law of the line chips' codecs, LAW_…. */
void hal_codec_law(uint8_t law);

/* Columns that the row selected before closes, a bit each. */
uint8_t hal_keypad_columns(void);
void hal_keypad_select(unsigned row);
void hal_led(unsigned led, uint8_t colour);

/* Energised, line 1 hangs on its line chip; released, as without power, on the town line. */
void hal_relay(bool energised);
/* Whether a call runs over the town line past the line chip. */
bool hal_bypass_in_use(void);

/* Through the watchdog, so that everything starts afresh. */
void hal_reboot(void);

#endif
