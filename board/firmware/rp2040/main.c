/* Clocks, watchdog and the loop in which everything happens: there are no interrupts but the tick that ends the sleep. */
#include "board.h"
#include "registers.h"

#define XOSC_ENABLE (0xfabu << 12 | 0xaa0u)
#define STABLE (1u << 31)
#define LOCKED (1u << 31)
#define WATCHDOG_TRIGGER (1u << 31)
#define WATCHDOG_ENABLE (1u << 30)
/* The counter falls by two each microsecond (erratum RP2040-E1). */
#define WATCHDOG_HALF_SECOND 1000000u
#define BOOT_COUNTED 0x4c4e4c42u

#define TICK_US 250u

static struct hat hat;
static uint32_t next_tick_us;
static struct audio_rings rings __attribute__((aligned(sizeof(uint8_t[AUDIO_RING][HAT_LINES]))));

void out_of_reset(uint32_t blocks) {
    CLEAR(RESETS_RESET) = blocks;
    while ((~REG(RESETS_DONE) & blocks) != 0) {
    }
}

void pin_function(unsigned pin, unsigned function, uint32_t pad) {
    REG(PAD(pin)) = pad;
    REG(GPIO_CTRL(pin)) = function;
}

/* 12 MHz x 128 / 5 / 3 = 102.4 MHz: 200 times the highway's 512 kHz, so that no divider has a fraction. */
static void start_clocks(void) {
    REG(XOSC_STARTUP) = 47;
    REG(XOSC_CTRL) = XOSC_ENABLE;
    while ((REG(XOSC_STATUS) & STABLE) == 0) {
    }
    /* After a watchdog reset the system may still run from the PLL. */
    CLEAR(CLK_SYS_CTRL) = 1u;
    while ((REG(CLK_SYS_SELECTED) & 1u) == 0) {
    }
    REG(CLK_REF_CTRL) = 2u;
    while ((REG(CLK_REF_SELECTED) & 1u << 2) == 0) {
    }
    SET(RESETS_RESET) = RESET_PLL_SYS;
    out_of_reset(RESET_PLL_SYS);
    REG(PLL_SYS_CS) = 1;
    REG(PLL_SYS_FBDIV) = 128;
    CLEAR(PLL_SYS_PWR) = 1u | 1u << 5;
    while ((REG(PLL_SYS_CS) & LOCKED) == 0) {
    }
    REG(PLL_SYS_PRIM) = 5u << 16 | 3u << 12;
    CLEAR(PLL_SYS_PWR) = 1u << 3;
    REG(CLK_SYS_CTRL) = 0;
    REG(CLK_SYS_CTRL) = 1u;
    while ((REG(CLK_SYS_SELECTED) & 1u << 1) == 0) {
    }
    REG(CLK_PERI_CTRL) = 1u << 11;
}

static void start_watchdog(void) {
    /* A tick of a microsecond, from the crystal. */
    REG(WATCHDOG_TICK) = 12u | 1u << 9;
    REG(PSM_WDSEL) = 0x1fffcu;
    REG(WATCHDOG_LOAD) = WATCHDOG_HALF_SECOND;
    SET(WATCHDOG_CTRL) = WATCHDOG_ENABLE;
}

/*
 * Ends the sleep of the main loop four times a millisecond. The timer counts the crystal's microseconds, so its beat and
 * the highway's stand still against each other, and each millisecond of the sample clock is seen at the same point.
 */
void tick(void) {
    REG(TIMER_INTR) = 1u;
    REG(TIMER_ALARM0) = next_tick_us += TICK_US;
}

static void start_tick(void) {
    REG(TIMER_INTE) = 1u;
    REG(NVIC_ISER) = 1u << IRQ_TIMER_0;
    next_tick_us = REG(TIMER_RAW_LOW) + TICK_US;
    REG(TIMER_ALARM0) = next_tick_us;
}

static uint8_t reset_cause(void) {
    uint32_t reason = REG(WATCHDOG_REASON);
    if ((reason & 2) != 0) return RESET_COMMAND;
    if ((reason & 1) != 0) return RESET_WATCHDOG;
    return (REG(CHIP_RESET) & 1u << 8) != 0 ? RESET_POWER : RESET_PIN;
}

/* Counts on over resets; after power-up it begins at random. */
static uint32_t next_boot_id(void) {
    uint32_t id = REG(WATCHDOG_SCRATCH(1));
    if (REG(WATCHDOG_SCRATCH(0)) != BOOT_COUNTED) {
        for (unsigned i = 0; i < 32; i++) {
            id = id << 1 | (REG(ROSC_RANDOMBIT) & 1u);
            /* The oscillator needs a while to forget the bit before. */
            for (volatile unsigned wait = 0; wait < 20; wait++) {
            }
        }
    }
    REG(WATCHDOG_SCRATCH(0)) = BOOT_COUNTED;
    REG(WATCHDOG_SCRATCH(1)) = ++id;
    return id;
}

void hal_reboot(void) {
    SET(WATCHDOG_CTRL) = WATCHDOG_TRIGGER;
}

int main(void) {
    start_clocks();
    out_of_reset(RESET_DMA | RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_PIO0 | RESET_SPI0 | RESET_TIMER |
                 RESET_UART0);
    struct hat_identity identity = {.boot_id = next_boot_id(), .reset_cause = reset_cause()};
    start_watchdog();
    panel_start();
    lines_start(identity.kinds);
    uart_start();
    hat_start(&hat, &identity, &rings);
    pcm_start(&rings);
    start_tick();
    for (;;) {
        const uint8_t *bytes;
        unsigned count;
        while ((count = uart_receive(&bytes)) > 0) hat_receive(&hat, bytes, count);
        if (pcm_poll()) lines_poll();
        hat_run(&hat);
        uart_poll();
        panel_poll();
        REG(WATCHDOG_LOAD) = WATCHDOG_HALF_SECOND;
        __asm__ volatile("wfi");
    }
}
