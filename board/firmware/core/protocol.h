/* Generated from firmware-bridge/messages.ts by scripts/generate-protocol-header.ts. Do not edit. */

#ifndef PROTOCOL_H
#define PROTOCOL_H

#define HAT_LINES 4
#define HAT_LEDS 4
#define HAT_KEYS 16
#define HAT_BLOCK_SAMPLES 80
#define HAT_PLAYOUT_BLOCKS 3
#define HAT_BOARD "branchline-hat-4"

#define LINK_PROTOCOL 1
#define LINK_MAX_FRAME 384
#define LINK_WINDOW 8
#define LINK_REPEAT_MS 50
#define LINK_REPEAT_MAX_MS 200
#define LINK_REPEATS 10
#define LINK_PING_MS 500
#define LINK_HAT_SILENT_MS 1500
#define LINK_HOST_SILENT_MS 2000
#define LINK_MAX_CADENCE 16
#define LINK_MAX_CALLER_TEXT 32
#define LINK_REBOOT_MAGIC 0x52545352u

/* up */
#define MSG_HELLO 0x01
#define MSG_HELLO_PROTOCOL 0
#define MSG_HELLO_SESSION 1
#define MSG_HELLO_BOOT_ID 5
#define MSG_HELLO_UPTIME_MS 9
#define MSG_HELLO_RESET_CAUSE 13
#define MSG_HELLO_CAPABILITIES 14
#define MSG_HELLO_FIRMWARE_MAJOR 16
#define MSG_HELLO_FIRMWARE_MINOR 17
#define MSG_HELLO_FIRMWARE_PATCH 18
#define MSG_HELLO_SERIAL_LOW 19
#define MSG_HELLO_SERIAL_HIGH 23
#define MSG_HELLO_BLOCK_SAMPLES 27
#define MSG_HELLO_LINES 28
#define MSG_HELLO_KINDS_AND_BOARD 29
#define MSG_HELLO_SIZE 29

/* down */
#define MSG_HELLO_REQ 0x02
#define MSG_HELLO_REQ_PROTOCOL_MIN 0
#define MSG_HELLO_REQ_PROTOCOL_MAX 1
#define MSG_HELLO_REQ_SESSION 2
#define MSG_HELLO_REQ_SIZE 6

/* down */
#define MSG_PING 0x03
#define MSG_PING_TOKEN 0
#define MSG_PING_SIZE 2

/* up */
#define MSG_PONG 0x04
#define MSG_PONG_TOKEN 0
#define MSG_PONG_SIZE 2

/* up, reliable */
#define MSG_KEY 0x05
#define MSG_KEY_KEY 0
#define MSG_KEY_ACTION 1
#define MSG_KEY_MEDIA_TS 2
#define MSG_KEY_SIZE 6

/* down, reliable */
#define MSG_LED 0x06
#define MSG_LED_LED 0
#define MSG_LED_COLOUR 1
#define MSG_LED_ON_MS 2
#define MSG_LED_OFF_MS 4
#define MSG_LED_SIZE 6

/* both */
#define MSG_ACK 0x07
#define MSG_ACK_NEXT 0
#define MSG_ACK_SIZE 1

/* down, reliable */
#define MSG_LINE_CMD 0x08
#define MSG_LINE_CMD_LINE 0
#define MSG_LINE_CMD_OP 1
#define MSG_LINE_CMD_ARGS 2
#define MSG_LINE_CMD_SIZE 2

/* up, reliable */
#define MSG_LINE_EVT 0x09
#define MSG_LINE_EVT_LINE 0
#define MSG_LINE_EVT_EVENT 1
#define MSG_LINE_EVT_MEDIA_TS 2
#define MSG_LINE_EVT_VALUE 6
#define MSG_LINE_EVT_SIZE 8

/* down, reliable */
#define MSG_PCM_CTL 0x0a
#define MSG_PCM_CTL_MASK 0
#define MSG_PCM_CTL_LAW 1
#define MSG_PCM_CTL_SIZE 2

/* up */
#define MSG_PCM_UP 0x10
#define MSG_PCM_UP_MEDIA_TS 0
#define MSG_PCM_UP_MASK 4
#define MSG_PCM_UP_BLOCKS 5
#define MSG_PCM_UP_SIZE 5

/* down */
#define MSG_PCM_DN 0x11
#define MSG_PCM_DN_MEDIA_TS 0
#define MSG_PCM_DN_MASK 4
#define MSG_PCM_DN_BLOCKS 5
#define MSG_PCM_DN_SIZE 5

/* down */
#define MSG_STATS_REQ 0x12
#define MSG_STATS_REQ_SIZE 0

/* up */
#define MSG_STATS 0x13
#define MSG_STATS_FRAMES_GOOD 0
#define MSG_STATS_FRAMES_BAD 4
#define MSG_STATS_UART_OVERRUNS 8
#define MSG_STATS_SEND_DROPPED 12
#define MSG_STATS_BAD_COMMANDS 16
#define MSG_STATS_REPEATS 20
#define MSG_STATS_BLOCKS_PLAYED 24
#define MSG_STATS_UNDERRUNS 28
#define MSG_STATS_LATE_BLOCKS 32
#define MSG_STATS_SIZE 36

/* down */
#define MSG_REBOOT 0x1e
#define MSG_REBOOT_MAGIC 0
#define MSG_REBOOT_SIZE 4

/* up */
#define MSG_LOG 0x1f
#define MSG_LOG_TEXT 0
#define MSG_LOG_SIZE 0

#define OP_CONFIGURE 1
#define OP_CONFIGURE_DEBOUNCE_MS 0
#define OP_CONFIGURE_RING_TRIP_MS 2
#define OP_CONFIGURE_FLASH_MIN_MS 4
#define OP_CONFIGURE_FLASH_MAX_MS 6
#define OP_CONFIGURE_HANGUP_MS 8
#define OP_CONFIGURE_PULSE_BREAK_MIN_MS 10
#define OP_CONFIGURE_PULSE_BREAK_MAX_MS 12
#define OP_CONFIGURE_PULSE_DIGIT_END_MS 14
#define OP_CONFIGURE_SIZE 16

#define OP_RING 2
#define OP_RING_STEPS 0
#define OP_RING_NUMBER_LENGTH 1
#define OP_RING_NAME_LENGTH 2
#define OP_RING_CADENCE_NUMBER_NAME 3
#define OP_RING_SIZE 3

#define OP_RING_STOP 3
#define OP_RING_STOP_SIZE 0

#define OP_CPC 4
#define OP_CPC_MS 0
#define OP_CPC_SIZE 2

#define OP_POLARITY 5
#define OP_POLARITY_REVERSED 0
#define OP_POLARITY_SIZE 1

#define OP_LAMP 6
#define OP_LAMP_ON_MS 0
#define OP_LAMP_OFF_MS 2
#define OP_LAMP_SIZE 4

#define OP_LOOP 16
#define OP_LOOP_CLOSED 0
#define OP_LOOP_SIZE 1

#define OP_RECALL 17
#define OP_RECALL_MS 0
#define OP_RECALL_SIZE 2

#define EVT_HOOK 1
#define EVT_FLASH 2
#define EVT_PULSES 3
#define EVT_FAULT 4
#define EVT_RINGING 16
#define EVT_POLARITY 17
#define EVT_LOOP_BREAK 18
#define EVT_VOLTAGE 19

#define FAULT_NONE 0
#define FAULT_SHORT 1
#define FAULT_GROUND 2
#define FAULT_OVER_TEMPERATURE 3

#define KEY_DOWN 0
#define KEY_UP 1
#define KEY_LONG 2

#define COLOUR_OFF 0
#define COLOUR_GREEN 1
#define COLOUR_AMBER 2
#define COLOUR_RED 3
#define COLOUR_BLUE 4
#define COLOUR_WHITE 5

#define LAW_ULAW 0
#define LAW_ALAW 1

#define PORT_NONE 0
#define PORT_FXS 1
#define PORT_FXO 2

#define RESET_POWER 0
#define RESET_PIN 1
#define RESET_WATCHDOG 2
#define RESET_COMMAND 3

#define CAPABILITY_PULSE_DIALLING 1
#define CAPABILITY_CALLER_ID 2
#define CAPABILITY_FAILSAFE_RELAY 4

#endif
