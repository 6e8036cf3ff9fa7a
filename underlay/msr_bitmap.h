void underlay_msr_bitmap_fill(uint8_t b[4096]);
