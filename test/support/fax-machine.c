/*
 * A fax machine that answers: receives one call at the end of an analog line by the T.30 of spandsp, until its line is gone.
 * Heard samples come in on stdin, 16 bits little-endian at 8 kHz; for each one a spoken sample goes out on stdout. Says at
 * the end on stderr what it got: `pages=1 rate=14400 bad=0`, where `bad` are rows that were received wrong.
 *
 * Arguments: the TIFF file that it writes, and the bitmap (PBM) of its first page.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <spandsp.h>
#include <tiffio.h>

#define BLOCK 80

static void write_bitmap(const char *page, const char *bitmap) {
    uint8_t row[1024];
    uint32_t width = 0;
    uint32_t height = 0;
    TIFF *tiff = TIFFOpen(page, "r");
    FILE *to = fopen(bitmap, "w");
    if (tiff != NULL && to != NULL && TIFFScanlineSize(tiff) <= (tmsize_t)sizeof row) {
        TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
        TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
        fprintf(to, "P4 %u %u\n", width, height);
        for (uint32_t i = 0; i < height && TIFFReadScanline(tiff, row, i, 0) == 1; i++)
            fwrite(row, 1, (size_t)TIFFScanlineSize(tiff), to);
    }
    if (to != NULL) fclose(to);
    if (tiff != NULL) TIFFClose(tiff);
}

int main(int count, char **arguments) {
    int16_t block[BLOCK];
    t30_stats_t statistics;
    if (count != 3) return 2;
    fax_state_t *fax = fax_init(NULL, 0);
    fax_set_transmit_on_idle(fax, 1);
    t30_state_t *t30 = fax_get_t30_state(fax);
    t30_set_supported_modems(t30, T30_SUPPORT_V27TER | T30_SUPPORT_V29 | T30_SUPPORT_V17);
    t30_set_rx_file(t30, arguments[1], -1);
    while (fread(block, sizeof *block, BLOCK, stdin) == BLOCK) {
        fax_rx(fax, block, BLOCK);
        memset(block, 0, sizeof block);
        fax_tx(fax, block, BLOCK);
        fwrite(block, sizeof *block, BLOCK, stdout);
        fflush(stdout);
    }
    t30_get_transfer_statistics(t30, &statistics);
    fax_free(fax);
    write_bitmap(arguments[1], arguments[2]);
    fprintf(stderr, "pages=%d rate=%d bad=%d\n", statistics.pages_rx, statistics.bit_rate, statistics.bad_rows);
    return 0;
}
