#include "hat.h"

#include "bytes.h"
#include "hal.h"

#define SAMPLES_PER_MS 8u
#define MS_PER_BLOCK (HAT_BLOCK_SAMPLES / SAMPLES_PER_MS)
/* Without a host the HAT says that it is there, this often. */
#define HELLO_EVERY_MS 1000u
#define FAULT_ON_MS 200u
#define FAULT_OFF_MS 200u

#if MSG_PCM_UP_SIZE + HAT_LINES * HAT_BLOCK_SAMPLES + 4 > LINK_MAX_FRAME
#error "a block of every line does not fit a frame"
#endif

/* ---- sending */

static void send_frame(struct hat *hat, uint8_t code, uint8_t sequence, const uint8_t *payload, unsigned size) {
    uint8_t wire[FRAME_MAX_WIRE];
    unsigned length = frame_encode(wire, code, sequence, payload, size);
    if (!hal_uart_send(wire, length)) hat->send_dropped++;
}

static void send_entry(void *context, const struct reliable_entry *entry, uint8_t sequence) {
    send_frame(context, entry->code, sequence, entry->payload, entry->size);
}

static void send_hello(struct hat *hat) {
    static const char board[] = HAT_BOARD;
    uint8_t payload[MSG_HELLO_SIZE + HAT_LINES + sizeof board - 1];
    const struct hat_identity *identity = &hat->identity;
    payload[MSG_HELLO_PROTOCOL] = LINK_PROTOCOL;
    put_u32(payload + MSG_HELLO_SESSION, hat->session);
    put_u32(payload + MSG_HELLO_BOOT_ID, identity->boot_id);
    put_u32(payload + MSG_HELLO_UPTIME_MS, hat->uptime_ms);
    payload[MSG_HELLO_RESET_CAUSE] = identity->reset_cause;
    put_u16(payload + MSG_HELLO_CAPABILITIES, CAPABILITY_PULSE_DIALLING | CAPABILITY_FAILSAFE_RELAY);
    payload[MSG_HELLO_FIRMWARE_MAJOR] = FIRMWARE_MAJOR;
    payload[MSG_HELLO_FIRMWARE_MINOR] = FIRMWARE_MINOR;
    payload[MSG_HELLO_FIRMWARE_PATCH] = FIRMWARE_PATCH;
    put_u32(payload + MSG_HELLO_SERIAL_LOW, identity->serial_low);
    put_u32(payload + MSG_HELLO_SERIAL_HIGH, identity->serial_high);
    payload[MSG_HELLO_BLOCK_SAMPLES] = HAT_BLOCK_SAMPLES;
    payload[MSG_HELLO_LINES] = HAT_LINES;
    copy_bytes(payload + MSG_HELLO_KINDS_AND_BOARD, identity->kinds, HAT_LINES);
    for (unsigned i = 0; i < sizeof board - 1; i++) payload[MSG_HELLO_SIZE + HAT_LINES + i] = (uint8_t)board[i];
    send_frame(hat, MSG_HELLO, 0, payload, sizeof payload);
}

static void send_stats(struct hat *hat) {
    uint8_t payload[MSG_STATS_SIZE];
    put_u32(payload + MSG_STATS_FRAMES_GOOD, hat->decoder.good);
    put_u32(payload + MSG_STATS_FRAMES_BAD, hat->decoder.bad);
    put_u32(payload + MSG_STATS_UART_OVERRUNS, hal_uart_overruns());
    put_u32(payload + MSG_STATS_SEND_DROPPED, hat->send_dropped);
    put_u32(payload + MSG_STATS_BAD_COMMANDS, hat->bad_commands);
    put_u32(payload + MSG_STATS_REPEATS, hat->link.repeated);
    put_u32(payload + MSG_STATS_BLOCKS_PLAYED, hat->audio.played);
    put_u32(payload + MSG_STATS_UNDERRUNS, hat->audio.underruns);
    put_u32(payload + MSG_STATS_LATE_BLOCKS, hat->audio.late);
    send_frame(hat, MSG_STATS, 0, payload, sizeof payload);
}

/* ---- with and without a host */

static void rest_lines(struct hat *hat) {
    for (unsigned line = 0; line < HAT_LINES; line++) {
        fxs_stop_ring(&hat->lines[line]);
        fxs_lamp(&hat->lines[line], 0, 0);
        hat->lines[line].reversed = false;
        fxo_loop(&hat->town[line], false);
    }
    audio_control(&hat->audio, 0, hat->audio.law);
}

/* Nobody serves the lines: line 1 falls through to the town line, and the LEDs say why there is no dial tone. */
static void lose_host(struct hat *hat) {
    hat->session = 0;
    hat->hello_in_ms = 0;
    reliable_reset(&hat->link);
    rest_lines(hat);
    for (unsigned led = 0; led < HAT_LEDS; led++) light_set(&hat->lights[led], COLOUR_RED, FAULT_ON_MS, FAULT_OFF_MS);
}

/* An event that finds no room means a host that does not listen; it will learn the state of the lines afresh. */
static void push_event(struct hat *hat, uint8_t code, const uint8_t *payload, unsigned size) {
    if (hat->session == 0) return;
    if (!reliable_push(&hat->link, code, payload, size)) lose_host(hat);
}

static void push_line_event(struct hat *hat, unsigned line, struct line_event event) {
    uint8_t payload[MSG_LINE_EVT_SIZE];
    payload[MSG_LINE_EVT_LINE] = (uint8_t)(line + 1);
    payload[MSG_LINE_EVT_EVENT] = event.event;
    /* Of the millisecond in which it became certain. */
    put_u32(payload + MSG_LINE_EVT_MEDIA_TS, hat->clock - SAMPLES_PER_MS);
    put_u16(payload + MSG_LINE_EVT_VALUE, event.value);
    push_event(hat, MSG_LINE_EVT, payload, sizeof payload);
}

static void meet_host(struct hat *hat, uint32_t session) {
    hat->session = session;
    reliable_reset(&hat->link);
    rest_lines(hat);
    for (unsigned led = 0; led < HAT_LEDS; led++) light_set(&hat->lights[led], COLOUR_OFF, 0, 0);
    for (unsigned line = 0; line < HAT_LINES; line++) {
        const struct fxo *town = &hat->town[line];
        if (hat->lines[line].loop.off_hook) push_line_event(hat, line, (struct line_event){EVT_HOOK, 1});
        uint8_t fault = hat->lines[line].fault;
        if (fault != FAULT_NONE) push_line_event(hat, line, (struct line_event){EVT_FAULT, fault});
        if (town->reversed) push_line_event(hat, line, (struct line_event){EVT_POLARITY, 1});
        if (town->volts != FXO_VOLTS) push_line_event(hat, line, (struct line_event){EVT_VOLTAGE, town->volts});
    }
}

static void handle_hello_request(struct hat *hat, const uint8_t *payload, unsigned size) {
    if (size != MSG_HELLO_REQ_SIZE) return;
    uint32_t session = get_u32(payload + MSG_HELLO_REQ_SESSION);
    bool spoken = payload[MSG_HELLO_REQ_PROTOCOL_MIN] <= LINK_PROTOCOL && LINK_PROTOCOL <= payload[MSG_HELLO_REQ_PROTOCOL_MAX];
    if (spoken && session != 0 && session != hat->session) meet_host(hat, session);
    if (spoken && session != 0) hat->silent_ms = 0;
    send_hello(hat);
}

/* ---- commands */

static bool configure(struct fxs *port, const uint8_t *args, unsigned size) {
    if (size != OP_CONFIGURE_SIZE) return false;
    fxs_configure(port, &(struct loop_timing){
                            .debounce_ms = get_u16(args + OP_CONFIGURE_DEBOUNCE_MS),
                            .ring_trip_ms = get_u16(args + OP_CONFIGURE_RING_TRIP_MS),
                            .flash_min_ms = get_u16(args + OP_CONFIGURE_FLASH_MIN_MS),
                            .flash_max_ms = get_u16(args + OP_CONFIGURE_FLASH_MAX_MS),
                            .hangup_ms = get_u16(args + OP_CONFIGURE_HANGUP_MS),
                            .pulse_break_min_ms = get_u16(args + OP_CONFIGURE_PULSE_BREAK_MIN_MS),
                            .pulse_break_max_ms = get_u16(args + OP_CONFIGURE_PULSE_BREAK_MAX_MS),
                            .pulse_digit_end_ms = get_u16(args + OP_CONFIGURE_PULSE_DIGIT_END_MS),
                        });
    return true;
}

static bool ring(struct fxs *port, const uint8_t *args, unsigned size) {
    if (size < OP_RING_SIZE) return false;
    unsigned steps = args[OP_RING_STEPS];
    unsigned text = (unsigned)args[OP_RING_NUMBER_LENGTH] + args[OP_RING_NAME_LENGTH];
    if (steps > LINK_MAX_CADENCE || size != OP_RING_SIZE + 2 * steps + text) return false;
    uint16_t cadence[LINK_MAX_CADENCE];
    for (unsigned i = 0; i < steps; i++) cadence[i] = get_u16(args + OP_RING_CADENCE_NUMBER_NAME + 2 * i);
    fxs_ring(port, cadence, steps);
    return true;
}

static bool command_town_line(struct fxo *line, uint8_t op, const uint8_t *args, unsigned rest) {
    switch (op) {
        case OP_LOOP:
            if (rest != OP_LOOP_SIZE) return false;
            fxo_loop(line, args[OP_LOOP_CLOSED] != 0);
            return true;
        case OP_RECALL:
            if (rest != OP_RECALL_SIZE) return false;
            fxo_recall(line, get_u16(args + OP_RECALL_MS));
            return true;
        default:
            return false;
    }
}

static bool command_line(struct fxs *port, uint8_t op, const uint8_t *args, unsigned rest) {
    switch (op) {
        case OP_CONFIGURE:
            return configure(port, args, rest);
        case OP_RING:
            return ring(port, args, rest);
        case OP_RING_STOP:
            if (rest != OP_RING_STOP_SIZE) return false;
            fxs_stop_ring(port);
            return true;
        case OP_CPC:
            if (rest != OP_CPC_SIZE) return false;
            fxs_interrupt(port, get_u16(args + OP_CPC_MS));
            return true;
        case OP_POLARITY:
            if (rest != OP_POLARITY_SIZE) return false;
            port->reversed = args[OP_POLARITY_REVERSED] != 0;
            return true;
        case OP_LAMP:
            if (rest != OP_LAMP_SIZE) return false;
            fxs_lamp(port, get_u16(args + OP_LAMP_ON_MS), get_u16(args + OP_LAMP_OFF_MS));
            return true;
        default:
            return false;
    }
}

static bool handle_line_command(struct hat *hat, const uint8_t *payload, unsigned size) {
    if (size < MSG_LINE_CMD_SIZE) return false;
    unsigned number = payload[MSG_LINE_CMD_LINE];
    if (number < 1 || number > HAT_LINES) return false;
    uint8_t kind = hat->identity.kinds[number - 1];
    uint8_t op = payload[MSG_LINE_CMD_OP];
    const uint8_t *args = payload + MSG_LINE_CMD_ARGS;
    unsigned rest = size - MSG_LINE_CMD_SIZE;
    if (kind == PORT_FXS) return command_line(&hat->lines[number - 1], op, args, rest);
    return kind == PORT_FXO && command_town_line(&hat->town[number - 1], op, args, rest);
}

static bool handle_light(struct hat *hat, const uint8_t *payload, unsigned size) {
    if (size != MSG_LED_SIZE) return false;
    unsigned number = payload[MSG_LED_LED];
    uint8_t colour = payload[MSG_LED_COLOUR];
    if (number < 1 || number > HAT_LEDS || colour > COLOUR_WHITE) return false;
    light_set(&hat->lights[number - 1], colour, get_u16(payload + MSG_LED_ON_MS), get_u16(payload + MSG_LED_OFF_MS));
    return true;
}

static bool handle_audio_control(struct hat *hat, const uint8_t *payload, unsigned size) {
    if (size != MSG_PCM_CTL_SIZE || payload[MSG_PCM_CTL_LAW] > LAW_ALAW) return false;
    audio_control(&hat->audio, payload[MSG_PCM_CTL_MASK], payload[MSG_PCM_CTL_LAW]);
    hal_codec_law(payload[MSG_PCM_CTL_LAW]);
    return true;
}

static void handle_command(struct hat *hat, const struct frame *frame) {
    if (reliable_accept(&hat->link, frame->sequence)) {
        bool done = frame->code == MSG_LED        ? handle_light(hat, frame->payload, frame->size)
                    : frame->code == MSG_LINE_CMD ? handle_line_command(hat, frame->payload, frame->size)
                                                  : handle_audio_control(hat, frame->payload, frame->size);
        if (!done) hat->bad_commands++;
    }
    /* Also for a repeat: its ack was lost. */
    send_frame(hat, MSG_ACK, 0, &hat->link.expected, 1);
}

static void handle_frame(struct hat *hat, const struct frame *frame) {
    const uint8_t *payload = frame->payload;
    unsigned size = frame->size;
    if (frame->code == MSG_HELLO_REQ) {
        handle_hello_request(hat, payload, size);
        return;
    }
    if (frame->code == MSG_REBOOT) {
        if (size == MSG_REBOOT_SIZE && get_u32(payload + MSG_REBOOT_MAGIC) == LINK_REBOOT_MAGIC) hal_reboot();
        return;
    }
    /* Whoever talks outside a session takes us for the HAT before the reset; the next HELLO tells it. */
    if (hat->session == 0) return;
    hat->silent_ms = 0;
    switch (frame->code) {
        case MSG_PING:
            if (size == MSG_PING_SIZE) send_frame(hat, MSG_PONG, 0, payload, size);
            break;
        case MSG_ACK:
            if (size == MSG_ACK_SIZE) reliable_acked(&hat->link, payload[MSG_ACK_NEXT]);
            break;
        case MSG_LED:
        case MSG_LINE_CMD:
        case MSG_PCM_CTL:
            handle_command(hat, frame);
            break;
        case MSG_PCM_DN:
            if (!audio_answer(&hat->audio, payload, size)) hat->bad_commands++;
            break;
        case MSG_STATS_REQ:
            send_stats(hat);
            break;
        default:
            hat->bad_commands++;
    }
}

/* ---- time */

static void handle_key(void *context, uint8_t key, uint8_t action) {
    struct hat *hat = context;
    uint8_t payload[MSG_KEY_SIZE];
    payload[MSG_KEY_KEY] = key;
    payload[MSG_KEY_ACTION] = action;
    put_u32(payload + MSG_KEY_MEDIA_TS, hat->clock);
    push_event(hat, MSG_KEY, payload, sizeof payload);
}

static void step_line(struct hat *hat, unsigned line) {
    struct fxs *port = &hat->lines[line];
    struct line_event event = fxs_step(port, hal_loop_closed(line), hal_line_fault(line));
    if (event.event != 0) push_line_event(hat, line, event);
    struct line_drive drive = fxs_drive(port);
    struct line_drive *driven = &hat->drives[line];
    if (drive.battery == driven->battery && drive.ringing == driven->ringing && drive.reversed == driven->reversed &&
        drive.lamp == driven->lamp)
        return;
    *driven = drive;
    hal_line_drive(line, drive);
}

static void step_town_line(struct hat *hat, unsigned line) {
    struct fxo *town = &hat->town[line];
    struct line_event event = fxo_step(town, hal_town_wires(line));
    if (event.event != 0) push_line_event(hat, line, event);
    bool closed = fxo_drive(town);
    if (closed == hat->loops[line]) return;
    hat->loops[line] = closed;
    hal_town_loop(line, closed);
}

static void step_relay(struct hat *hat) {
    /* A call that began on the town line ends there, also when the host is back. */
    if (hat->session == 0) hal_relay(false);
    else if (!hal_bypass_in_use()) hal_relay(true);
}

static void step_host(struct hat *hat) {
    if (hat->session == 0) {
        if (hat->hello_in_ms-- > 0) return;
        hat->hello_in_ms = HELLO_EVERY_MS - 1;
        send_hello(hat);
        return;
    }
    hat->silent_ms++;
    if (hat->silent_ms >= LINK_HOST_SILENT_MS || !reliable_step(&hat->link, send_entry, hat)) lose_host(hat);
    else reliable_flush(&hat->link, send_entry, hat);
}

static void end_block(struct hat *hat) {
    uint8_t payload[MSG_PCM_UP_SIZE + HAT_LINES * HAT_BLOCK_SAMPLES];
    unsigned size = audio_end_block(&hat->audio, payload);
    if (size > 0) send_frame(hat, MSG_PCM_UP, 0, payload, size);
}

static void live_ms(struct hat *hat) {
    hat->clock += SAMPLES_PER_MS;
    hat->uptime_ms++;
    for (unsigned line = 0; line < HAT_LINES; line++) {
        if (hat->identity.kinds[line] == PORT_FXS) step_line(hat, line);
        else if (hat->identity.kinds[line] == PORT_FXO) step_town_line(hat, line);
    }
    uint8_t columns = hal_keypad_columns();
    keypad_step(&hat->keypad, columns, handle_key, hat);
    hal_keypad_select(hat->keypad.row);
    for (unsigned led = 0; led < HAT_LEDS; led++) {
        uint8_t colour = light_step(&hat->lights[led]);
        if (colour != hat->shown[led]) hal_led(led, colour);
        hat->shown[led] = colour;
    }
    step_host(hat);
    step_relay(hat);
    if (++hat->ms_of_block < MS_PER_BLOCK) return;
    hat->ms_of_block = 0;
    end_block(hat);
}

void hat_start(struct hat *hat, const struct hat_identity *identity, struct audio_rings *rings) {
    *hat = (struct hat){.identity = *identity};
    audio_init(&hat->audio, rings);
    for (unsigned line = 0; line < HAT_LINES; line++) {
        fxs_init(&hat->lines[line]);
        hat->drives[line] = fxs_drive(&hat->lines[line]);
        if (identity->kinds[line] == PORT_FXS) hal_line_drive(line, hat->drives[line]);
        fxo_init(&hat->town[line]);
        if (identity->kinds[line] == PORT_FXO) hal_town_loop(line, false);
    }
    hal_codec_law(hat->audio.law);
    hal_keypad_select(0);
    lose_host(hat);
    hat->clock = hal_sample_clock();
    hat->audio.block_start = hat->clock;
}

void hat_receive(struct hat *hat, const uint8_t *bytes, unsigned count) {
    struct frame frame;
    for (unsigned i = 0; i < count; i++) {
        if (frame_receive(&hat->decoder, bytes[i], &frame)) handle_frame(hat, &frame);
    }
}

void hat_run(struct hat *hat) {
    while (hal_sample_clock() - hat->clock >= SAMPLES_PER_MS) live_ms(hat);
}
