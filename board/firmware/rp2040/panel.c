/* Keypad, LEDs, relay. */
#include "board.h"
#include "registers.h"

#define MACHINE 1u
#define FIRST 13u
/* 102.4 MHz / 12.8 is ten steps of 125 ns a bit. */
#define DIVIDER (12u << 16 | 205u << 8)

/* A chain of WS2812B: a bit is 375 ns or 875 ns of high in 1.25 us. Side-set is the pin, `delay` steps beyond the first. */
#define STEP(instruction, pin, delay) ((instruction) | (pin) << 12 | (delay) << 8)
static const uint16_t program[] = {
    STEP(0x6021u, 0, 2),              /* out x, 1 */
    STEP(0x0020u | (FIRST + 3), 1, 1), /* jmp !x to the last */
    STEP(0x0000u | FIRST, 1, 4),      /* jmp to the first */
    STEP(0xa042u, 0, 4),              /* nop */
};
#define PROGRAM_LENGTH (sizeof program / sizeof program[0])

/* Green, red, blue, as the LEDs take them; dim, for they are looked at from near. */
static const uint32_t COLOURS[] = {
    [COLOUR_OFF] = 0,          [COLOUR_GREEN] = 0x280000, [COLOUR_AMBER] = 0x182800,
    [COLOUR_RED] = 0x002800,   [COLOUR_BLUE] = 0x000028,  [COLOUR_WHITE] = 0x181818,
};

static uint32_t shown[HAT_LEDS];
static bool changed = true;

void panel_start(void) {
    for (unsigned row = 0; row < KEYPAD_ROWS; row++) {
        pin_function(PIN_KEY_ROWS + row, FUNCTION_SIO, PAD_PLAIN);
        REG(SIO_GPIO_OUT_CLR) = 1u << (PIN_KEY_ROWS + row);
    }
    for (unsigned column = 0; column < KEYPAD_COLUMNS; column++)
        pin_function(PIN_KEY_COLUMNS + column, FUNCTION_SIO, PAD_PLAIN | PAD_INPUT | PAD_PULL_UP);
    pin_function(PIN_RELAY, FUNCTION_SIO, PAD_PLAIN);
    REG(SIO_GPIO_OUT_CLR) = 1u << PIN_RELAY;
    REG(SIO_GPIO_OE_SET) = 1u << PIN_RELAY;
    pin_function(PIN_BYPASS, FUNCTION_SIO, PAD_PLAIN | PAD_INPUT | PAD_PULL_UP);
    pin_function(PIN_LEDS, FUNCTION_PIO0, PAD_PLAIN);
    for (unsigned i = 0; i < PROGRAM_LENGTH; i++) REG(PIO0_INSTR_MEM(FIRST + i)) = program[i];
    REG(PIO0_CLKDIV(MACHINE)) = DIVIDER;
    REG(PIO0_EXECCTRL(MACHINE)) = (FIRST + PROGRAM_LENGTH - 1) << 12 | FIRST << 7;
    REG(PIO0_PINCTRL(MACHINE)) = 1u << 26 | PIN_LEDS << 5;
    REG(PIO0_INSTR(MACHINE)) = 0xe081u; /* set pindirs, 1 */
    REG(PIO0_INSTR(MACHINE)) = 0x0000u | FIRST;
    REG(PIO0_PINCTRL(MACHINE)) = 1u << 29 | PIN_LEDS << 10;
    /* Pulls by itself after each 24 bits, most significant first. */
    REG(PIO0_SHIFTCTRL(MACHINE)) = 24u << 25 | 1u << 17;
    SET(PIO0_CTRL) = 1u << MACHINE;
}

/* The FIFO holds four words and the chain has four LEDs; the pause of a millisecond shows them. */
void panel_poll(void) {
    if (!changed) return;
    changed = false;
    for (unsigned led = 0; led < HAT_LEDS; led++) REG(PIO0_TXF(MACHINE)) = shown[led] << 8;
}

void hal_led(unsigned led, uint8_t colour) {
    shown[led] = COLOURS[colour];
    changed = true;
}

uint8_t hal_keypad_columns(void) {
    return (uint8_t)(~REG(SIO_GPIO_IN) >> PIN_KEY_COLUMNS & 15u);
}

void hal_keypad_select(unsigned row) {
    REG(SIO_GPIO_OE_CLR) = 15u << PIN_KEY_ROWS;
    REG(SIO_GPIO_OE_SET) = 1u << (PIN_KEY_ROWS + row);
}

void hal_relay(bool energised) {
    REG(energised ? SIO_GPIO_OUT_SET : SIO_GPIO_OUT_CLR) = 1u << PIN_RELAY;
}

bool hal_bypass_in_use(void) {
    return (REG(SIO_GPIO_IN) >> PIN_BYPASS & 1) == 0;
}
