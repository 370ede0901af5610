/*
 * The second stage: the ROM copies these 256 bytes to RAM, checks their CRC and starts them. They set the flash interface
 * to plain serial reads (command 03h, which every chip knows; the firmware fits the cache) and start the program.
 * rp2040/build writes the CRC into their last word.
 */
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .section .boot2, "ax"

    .equ SSI, 0x18000000
    .equ SSIENR, 0x08
    .equ BAUDR, 0x14
    .equ CTRLR1, 0x04

    ldr r3, =SSI
    movs r0, #0
    str r0, [r3, #SSIENR]
    movs r0, #4                 /* 25.6 MHz at the full clock */
    str r0, [r3, #BAUDR]
    ldr r0, =0x001f0300         /* 32-bit data frames, read after command */
    str r0, [r3, #0]
    movs r0, #0
    str r0, [r3, #CTRLR1]
    ldr r1, =0x03000218         /* command 03h of 8 bits, 24 bits of address, no wait */
    ldr r2, =SSI + 0xf4
    str r1, [r2]
    movs r0, #1
    str r0, [r3, #SSIENR]

    ldr r0, =0x10000100
    ldr r1, =0xe000ed08         /* VTOR */
    str r0, [r1]
    ldmia r0!, {r1, r2}
    msr msp, r1
    bx r2
    .ltorg
