// Where the numbers of a tile in workgroup memory lie.

// The four numbers of column block `block`, at `i`: eight neighbours, then the next eight, so that threads side by side load and store side by side.
fn column_of(block: u32, i: u32) -> u32 { return block / 8u * 32u + i * 8u + block % 8u; }
