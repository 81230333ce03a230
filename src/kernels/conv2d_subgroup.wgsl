// conv2d_subgroup: y = x ⋆ weight + bias as an implicit matrix product, from registers, with the weight handed round
// the subgroup (gemm_subgroup.wgsl says how); padding is in x already.
//   rows: output channels of a group. columns: pixels of all images. k: channels and taps, in fours.
//   x (batch, groups * channels, in_h, in_w), weight (groups * rows, k), y (batch, groups * rows, out_h, out_w)
// A lane owns ROWS channels of COLUMNS pixels, the pixels LANES apart.
enable subgroups;

const LANES: u32 = 8; // slot
const ROW_BLOCKS: u32 = 4; // slot
const COLUMNS: u32 = 4; // slot
const ROWS: u32 = ROW_BLOCKS * LANES;
const RAGGED: bool = false; // slot (k is not a multiple of four)
alias T = f32; // slot
alias A = T; // slot (vec4<T> where k is a multiple of four)

struct Params {
  rows: u32, columns: u32, conv_groups: u32, row_tiles: u32, column_tiles: u32, channels: u32, kernel_h: u32, kernel_w: u32,
  in_w: u32, in_plane: u32, in_image: u32, out_w: u32, out_plane: u32, out_image: u32,
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  has_bias: u32, x_base: u32, y_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> weight: array<A>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

fn load_weight(at: u32, k: vec4u) -> vec4f { return vec4f(vec4<T>(weight[at + k.x], weight[at + k.y], weight[at + k.z], weight[at + k.w])); } // slot

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = workgroup.x + workgroup.y * groups.x;
  let conv_group = tile / p.column_tiles / p.row_tiles;
  if (conv_group >= p.conv_groups) { return; }
  let first_row = tile / p.column_tiles % p.row_tiles * ROWS;
  let first_column = tile % p.column_tiles * (LANES * COLUMNS) + lane;
  let depth = p.channels * p.kernel_h * p.kernel_w;
  var weight_at: array<u32, ROW_BLOCKS>;
  for (var h = 0u; h < ROW_BLOCKS; h++) {
    weight_at[h] = (conv_group * p.rows + min(first_row + h * LANES + lane, p.rows - 1u)) * depth;
  }
  var x_at: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let column = min(first_column + j * LANES, p.columns - 1u);
    let pixel = column % p.out_plane;
    x_at[j] = p.x_base + column / p.out_plane * p.in_image + conv_group * p.channels * p.in_plane
            + pixel / p.out_w * p.stride_y * p.in_w + pixel % p.out_w * p.stride_x;
  }

  // Where the next tap lies in x, and how far it is to the one after it: along a row, to the next row, to the next channel.
  var tap = 0u;
  var tap_x = 0u;
  var tap_y = 0u;
  let to_row = p.dilation_y * p.in_w - (p.kernel_w - 1u) * p.dilation_x;
  let to_channel = p.in_plane - (p.kernel_h - 1u) * p.dilation_y * p.in_w - (p.kernel_w - 1u) * p.dilation_x;

  var sum: array<array<f32, COLUMNS>, ROWS>;
  for (var first_k = 0u; first_k < depth; first_k += 4u) {
    var k = first_k + vec4u(0, 1, 2, 3);
    let inside = k < vec4u(depth);
    if (RAGGED) { k = min(k, vec4u(depth - 1u)); }
    var taps: vec4u;
    for (var u = 0u; u < 4u; u++) {
      taps[u] = tap;
      tap_x++;
      let row_ends = tap_x == p.kernel_w;
      tap_x = select(tap_x, 0u, row_ends);
      tap_y += u32(row_ends);
      let channel_ends = tap_y == p.kernel_h;
      tap_y = select(tap_y, 0u, channel_ends);
      tap += select(p.dilation_x, select(to_row, to_channel, channel_ends), row_ends);
    }
    if (RAGGED) { taps = select(vec4u(), taps, inside); }
    var x_k: array<vec4f, COLUMNS>;
    for (var j = 0u; j < COLUMNS; j++) {
      let at = x_at[j] + taps;
      x_k[j] = vec4f(vec4<T>(x[at.x], x[at.y], x[at.z], x[at.w]));
      if (RAGGED) { x_k[j] = select(vec4f(), x_k[j], inside); }
    }
    var weight_k: array<vec4f, ROW_BLOCKS>;
    for (var h = 0u; h < ROW_BLOCKS; h++) {
      weight_k[h] = load_weight(weight_at[h], k);
      if (RAGGED) { weight_k[h] = select(vec4f(), weight_k[h], inside); }
    }
    for (var h = 0u; h < ROW_BLOCKS; h++) { // unroll
      for (var i = 0u; i < LANES; i++) {
        let row = subgroupShuffle(weight_k[h], i);
        for (var j = 0u; j < COLUMNS; j++) {
          let s = sum[h * LANES + i][j];
          sum[h * LANES + i][j] = s + row.x * x_k[j].x + row.y * x_k[j].y + row.z * x_k[j].z + row.w * x_k[j].w;
        }
      }
    }
  }

  var y_at: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let column = first_column + j * LANES;
    y_at[j] = p.y_base + column / p.out_plane * p.out_image + column % p.out_plane;
  }
  for (var h = 0u; h < ROW_BLOCKS; h++) { // unroll
    var starts = 0.0; // each lane one row's
    if (p.has_bias != 0u) { starts = f32(bias[conv_group * p.rows + min(first_row + h * LANES + lane, p.rows - 1u)]); }
    for (var i = 0u; i < LANES; i++) {
      let start = subgroupShuffle(starts, i);
      if (first_row + h * LANES + i < p.rows) {
        let out_channel = conv_group * p.rows + first_row + h * LANES + i;
        for (var j = 0u; j < COLUMNS; j++) {
          if (first_column + j * LANES < p.columns) {
            y[y_at[j] + out_channel * p.out_plane] = T(start + sum[h * LANES + i][j]);
          }
        }
      }
    }
  }
}
