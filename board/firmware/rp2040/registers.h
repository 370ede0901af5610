/* The registers of the RP2040 that the firmware uses, by their names in the datasheet. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
/* Aliases that set and clear bits in one access. */
#define SET(address) REG((address) + 0x2000u)
#define CLEAR(address) REG((address) + 0x3000u)

#define CLK_REF_CTRL 0x40008030u
#define CLK_REF_SELECTED 0x40008038u
#define CLK_SYS_CTRL 0x4000803cu
#define CLK_SYS_SELECTED 0x40008044u
#define CLK_PERI_CTRL 0x40008048u

#define RESETS_RESET 0x4000c000u
#define RESETS_DONE 0x4000c008u
#define RESET_DMA (1u << 2)
#define RESET_IO_BANK0 (1u << 5)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_PIO0 (1u << 10)
#define RESET_PLL_SYS (1u << 12)
#define RESET_SPI0 (1u << 16)
#define RESET_TIMER (1u << 21)
#define RESET_UART0 (1u << 22)

#define PSM_WDSEL 0x40010008u
#define GPIO_CTRL(pin) (0x40014004u + 8u * (pin))
#define PAD(pin) (0x4001c004u + 4u * (pin))

#define XOSC_CTRL 0x40024000u
#define XOSC_STATUS 0x40024004u
#define XOSC_STARTUP 0x4002400cu
#define PLL_SYS_CS 0x40028000u
#define PLL_SYS_PWR 0x40028004u
#define PLL_SYS_FBDIV 0x40028008u
#define PLL_SYS_PRIM 0x4002800cu

#define UART0_DR 0x40034000u
#define UART0_IBRD 0x40034024u
#define UART0_FBRD 0x40034028u
#define UART0_LCR_H 0x4003402cu
#define UART0_CR 0x40034030u
#define UART0_RIS 0x4003403cu
#define UART0_ICR 0x40034044u
#define UART0_DMACR 0x40034048u

#define SPI0_CR0 0x4003c000u
#define SPI0_CR1 0x4003c004u
#define SPI0_DR 0x4003c008u
#define SPI0_SR 0x4003c00cu
#define SPI0_CPSR 0x4003c010u

#define TIMER_ALARM0 0x40054010u
#define TIMER_RAW_LOW 0x40054028u
#define TIMER_INTR 0x40054034u
#define TIMER_INTE 0x40054038u
#define WATCHDOG_CTRL 0x40058000u
#define WATCHDOG_LOAD 0x40058004u
#define WATCHDOG_REASON 0x40058008u
#define WATCHDOG_SCRATCH(n) (0x4005800cu + 4u * (n))
#define WATCHDOG_TICK 0x4005802cu
#define ROSC_RANDOMBIT 0x4006001cu
#define CHIP_RESET 0x40064008u

#define DMA_READ(channel) (0x50000000u + 0x40u * (channel))
#define DMA_WRITE(channel) (0x50000004u + 0x40u * (channel))
#define DMA_COUNT(channel) (0x50000008u + 0x40u * (channel))
#define DMA_CTRL_TRIG(channel) (0x5000000cu + 0x40u * (channel))
#define DMA_AL1_CTRL(channel) (0x50000010u + 0x40u * (channel))
#define DMA_ENABLE 1u
#define DMA_HIGH_PRIORITY (1u << 1)
#define DMA_WORDS (2u << 2)
#define DMA_READ_ON (1u << 4)
#define DMA_WRITE_ON (1u << 5)
#define DMA_RING(bits) ((bits) << 6)
#define DMA_RING_WRITES (1u << 10)
#define DMA_CHAIN(channel) ((channel) << 11)
#define DMA_PACED_BY(request) ((request) << 15)
#define DMA_QUIET (1u << 21)
#define DMA_SWAP (1u << 22)
#define DMA_BUSY (1u << 24)
#define DREQ_PIO0_TX0 0u
#define DREQ_PIO0_RX0 4u
#define DREQ_UART0_TX 20u
#define DREQ_UART0_RX 21u

#define PIO0_CTRL 0x50200000u
#define PIO0_FSTAT 0x50200004u
#define PIO0_TXF(sm) (0x50200010u + 4u * (sm))
#define PIO0_RXF(sm) (0x50200020u + 4u * (sm))
#define PIO0_INSTR_MEM(n) (0x50200048u + 4u * (n))
#define PIO0_CLKDIV(sm) (0x502000c8u + 0x18u * (sm))
#define PIO0_EXECCTRL(sm) (0x502000ccu + 0x18u * (sm))
#define PIO0_SHIFTCTRL(sm) (0x502000d0u + 0x18u * (sm))
#define PIO0_INSTR(sm) (0x502000d8u + 0x18u * (sm))
#define PIO0_PINCTRL(sm) (0x502000dcu + 0x18u * (sm))

#define SIO_GPIO_IN 0xd0000004u
#define SIO_GPIO_OUT_SET 0xd0000014u
#define SIO_GPIO_OUT_CLR 0xd0000018u
#define SIO_GPIO_OE_SET 0xd0000024u
#define SIO_GPIO_OE_CLR 0xd0000028u

#define NVIC_ISER 0xe000e100u
#define IRQ_TIMER_0 0u

#define PAD_PULL_UP (1u << 3)
#define PAD_INPUT (1u << 6)
/* Schmitt trigger and 4 mA, as after a reset. */
#define PAD_PLAIN 0x12u

#define FUNCTION_SPI 1u
#define FUNCTION_UART 2u
#define FUNCTION_SIO 5u
#define FUNCTION_PIO0 6u

#endif
