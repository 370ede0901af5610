/* The serial link: both directions by DMA, so that no byte costs an interrupt. */
#include "board.h"
#include "bytes.h"
#include "registers.h"

#define RING_BITS 12u
#define RING (1u << RING_BITS)
/* 102.4 MHz / 16 / (6 + 26 / 64) = 999,024 baud. */
#define BAUD_INTEGER 6u
#define BAUD_FRACTION 26u
#define OVERRUN (1u << 10)

static uint8_t received[RING] __attribute__((aligned(RING)));
static uint8_t waiting[RING] __attribute__((aligned(RING)));
static unsigned read_at;
/* Ever growing; the ring holds them modulo its size. */
static uint32_t queued;
static uint32_t handed_over;
static uint32_t overruns;

void uart_start(void) {
    pin_function(PIN_UART_TX, FUNCTION_UART, PAD_PLAIN);
    pin_function(PIN_UART_RX, FUNCTION_UART, PAD_PLAIN | PAD_INPUT | PAD_PULL_UP);
    pin_function(PIN_UART_CTS, FUNCTION_UART, PAD_PLAIN | PAD_INPUT);
    pin_function(PIN_UART_RTS, FUNCTION_UART, PAD_PLAIN);
    REG(UART0_IBRD) = BAUD_INTEGER;
    REG(UART0_FBRD) = BAUD_FRACTION;
    /* 8N1 with FIFOs, which also takes the divider over. */
    REG(UART0_LCR_H) = 3u << 5 | 1u << 4;
    REG(UART0_DMACR) = 3u;
    /* On, both directions, RTS and CTS by the hardware. */
    REG(UART0_CR) = 1u | 1u << 8 | 1u << 9 | 1u << 14 | 1u << 15;
    for (unsigned i = 0; i < 2; i++) {
        unsigned channel = DMA_UART_RX + i;
        unsigned other = DMA_UART_RX + 1 - i;
        uint32_t control = DMA_ENABLE | DMA_HIGH_PRIORITY | DMA_WRITE_ON | DMA_RING(RING_BITS) | DMA_RING_WRITES |
                           DMA_CHAIN(other) | DMA_PACED_BY(DREQ_UART0_RX) | DMA_QUIET;
        REG(DMA_READ(channel)) = UART0_DR;
        REG(DMA_WRITE(channel)) = (uint32_t)(uintptr_t)received;
        REG(DMA_COUNT(channel)) = RING;
        REG(DMA_AL1_CTRL(channel)) = control;
    }
    REG(DMA_CTRL_TRIG(DMA_UART_RX)) = REG(DMA_AL1_CTRL(DMA_UART_RX));
    REG(DMA_WRITE(DMA_UART_TX)) = UART0_DR;
    REG(DMA_READ(DMA_UART_TX)) = (uint32_t)(uintptr_t)waiting;
}

unsigned uart_receive(const uint8_t **bytes) {
    if ((REG(UART0_RIS) & OVERRUN) != 0) {
        overruns++;
        REG(UART0_ICR) = OVERRUN;
    }
    /* The channel that waits stands at the ring's begin, so the sum of both offsets is the other's. */
    uint32_t base = (uint32_t)(uintptr_t)received;
    unsigned written = (REG(DMA_WRITE(DMA_UART_RX)) - base + REG(DMA_WRITE(DMA_UART_RX + 1)) - base) % RING;
    unsigned count = (written >= read_at ? written : RING) - read_at;
    *bytes = received + read_at;
    read_at = (read_at + count) % RING;
    return count;
}

bool hal_uart_send(const uint8_t *bytes, unsigned count) {
    uint32_t done = handed_over - REG(DMA_COUNT(DMA_UART_TX));
    if (queued - done + count > RING) return false;
    for (unsigned i = 0; i < count; i++) waiting[queued++ % RING] = bytes[i];
    return true;
}

void uart_poll(void) {
    if (queued == handed_over || (REG(DMA_AL1_CTRL(DMA_UART_TX)) & DMA_BUSY) != 0) return;
    REG(DMA_COUNT(DMA_UART_TX)) = queued - handed_over;
    handed_over = queued;
    REG(DMA_CTRL_TRIG(DMA_UART_TX)) = DMA_ENABLE | DMA_READ_ON | DMA_RING(RING_BITS) | DMA_CHAIN(DMA_UART_TX) |
                                      DMA_PACED_BY(DREQ_UART0_TX) | DMA_QUIET;
}

uint32_t hal_uart_overruns(void) {
    return overruns;
}
