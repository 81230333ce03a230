// conv2d_tiled: y = x ⋆ weight + bias as an implicit matrix product, from registers; padding is in x already.
//   rows: output channels of a group. columns: pixels of all images. k: channels and taps.
//   x (batch, groups * channels, in_h, in_w), weight (groups * rows, channels, kernel_h, kernel_w), y (batch, groups * rows, out_h, out_w)
// One thread owns ROWS channels of COLUMNS pixels, the pixels LANES apart: a tap costs ROWS + COLUMNS loads for
// ROWS * COLUMNS multiply-adds.

const ROWS: u32 = 8; // slot
const COLUMNS: u32 = 8; // slot
const LANES: u32 = 8; // slot

alias T = f32; // slot
struct Params {
  rows: u32, columns: u32, conv_groups: u32, row_tiles: u32, column_tiles: u32, channels: u32, kernel_h: u32, kernel_w: u32,
  in_w: u32, in_plane: u32, in_image: u32, out_w: u32, out_plane: u32, out_image: u32,
  stride_y: u32, stride_x: u32, dilation_y: u32, dilation_x: u32,
  has_bias: u32, x_base: u32, y_base: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> weight: array<T>;
@group(0) @binding(2) var<storage, read> bias: array<T>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = workgroup.x + workgroup.y * groups.x;
  let conv_group = tile / p.column_tiles / p.row_tiles;
  if (conv_group >= p.conv_groups) { return; }
  let first_row = tile / p.column_tiles % p.row_tiles * ROWS;
  let first_column = tile % p.column_tiles * (LANES * COLUMNS) + lane;
  var x_at: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let column = min(first_column + j * LANES, p.columns - 1u);
    let pixel = column % p.out_plane;
    x_at[j] = p.x_base + column / p.out_plane * p.in_image + conv_group * p.channels * p.in_plane
            + pixel / p.out_w * p.stride_y * p.in_w + pixel % p.out_w * p.stride_x;
  }
  var weight_at: array<u32, ROWS>;
  for (var i = 0u; i < ROWS; i++) {
    weight_at[i] = (conv_group * p.rows + min(first_row + i, p.rows - 1u)) * p.channels * p.kernel_h * p.kernel_w;
  }

  var sum: array<array<f32, COLUMNS>, ROWS>;
  for (var c = 0u; c < p.channels; c++) {
    for (var ky = 0u; ky < p.kernel_h; ky++) {
      for (var kx = 0u; kx < p.kernel_w; kx++) {
        let x_tap = c * p.in_plane + ky * p.dilation_y * p.in_w + kx * p.dilation_x;
        let weight_tap = (c * p.kernel_h + ky) * p.kernel_w + kx;
        var pixels: array<f32, COLUMNS>;
        for (var j = 0u; j < COLUMNS; j++) { pixels[j] = f32(x[x_at[j] + x_tap]); }
        for (var i = 0u; i < ROWS; i++) {
          let w = f32(weight[weight_at[i] + weight_tap]);
          for (var j = 0u; j < COLUMNS; j++) { sum[i][j] += w * pixels[j]; }
        }
      }
    }
  }

  for (var i = 0u; i < ROWS; i++) {
    if (first_row + i >= p.rows) { break; }
    let out_channel = conv_group * p.rows + first_row + i;
    var start = 0.0;
    if (p.has_bias != 0u) { start = f32(bias[out_channel]); }
    for (var j = 0u; j < COLUMNS; j++) {
      let column = first_column + j * LANES;
      if (column < p.columns) {
        let at = column / p.out_plane * p.out_image + out_channel * p.out_plane + column % p.out_plane;
        y[p.y_base + at] = T(start + sum[i][j]);
      }
    }
  }
}
