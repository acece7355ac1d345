//! Every q value: its memory, symbols, nulls, attributes and console display.
